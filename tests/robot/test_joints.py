# SPDX-License-Identifier: Apache-2.0
"""Robots whose loss would part the swarm are told of before they fail."""

from __future__ import annotations

import math

from mission.test_executor import neighbor
from swarm_coordination.robot.joints import Joints, LOOK_NS
from swarm_coordination.views import NeighborTable


def table(links: dict[int, tuple[int, ...]], own: int = 1, silent: tuple[int, ...] = ()):
    rows = tuple(
        neighbor(robot, 0.0, 0, silent=robot in silent)._replace(
            links=near, heard=robot in links[own], age_s=math.inf
        )
        for robot, near in sorted(links.items()) if robot != own
    )
    return NeighborTable(0, own, 0, rows)


CHAIN = {1: (2,), 2: (1, 3), 3: (2, 4), 4: (3,)}
RING = {1: (2, 4), 2: (1, 3), 3: (2, 4), 4: (3, 1)}


def test_the_inner_robots_of_a_chain_are_named_and_those_of_a_ring_are_not():
    joints = Joints(1, 'robot1')
    assert joints.look(table(CHAIN), 0) == ''  # once is not enough: links come and go
    assert joints.look(table(CHAIN), 1) == 'the loss of robot2 or robot3 would part the swarm'
    assert joints.names == ('robot2', 'robot3')
    assert joints.look(table(CHAIN), 2) == ''  # told once
    joints.look(table(RING), 3)
    assert joints.look(table(RING), 4) == 'no robot whose loss would part the swarm'


def test_a_robot_finds_that_it_joins_others_itself():
    joints = Joints(2, 'robot2')
    for now in range(2):
        joints.look(table({1: (2,), 2: (1, 3), 3: (2,)}, own=2), now)
    assert joints.names == ('robot2',)


def test_a_link_that_one_end_lists_and_a_robot_that_is_silent_join_nobody():
    joints = Joints(1, 'robot1')
    one_way = {1: (2, 3), 2: (1, 3), 3: (1, 2), 4: (3,)}
    for now in range(2):
        joints.look(table(one_way), now)
    assert joints.names == ()
    for now in range(2):
        joints.look(table(CHAIN, silent=(3, 4)), now)
    assert joints.names == ()


def test_links_that_come_and_go_every_second_raise_no_warning():
    joints = Joints(1, 'robot1')
    for now in range(10):
        assert joints.look(table(CHAIN if now % 2 else RING), now * LOOK_NS) == ''
