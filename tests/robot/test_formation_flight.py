# SPDX-License-Identifier: Apache-2.0
"""What a coordinator tells its controller of the formation, and the others of its epoch."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import RobotsOnOneRadio
from swarm_coordination.mission.commands import AssignSlots, encode_command, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.views import Liveness

LINE = StartMission('line', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)


def flying(mission: StartMission = LINE, count: int = 3) -> RobotsOnOneRadio:
    """Return robots that have slots of ``mission``."""
    robots = RobotsOnOneRadio(count)
    assert robots.until(lambda: any(robots.status(at).leader for at in range(count)), 5.0)
    robots.run(1.0)
    robots.robot(robots.leader()).propose(encode_command(mission).decode(), robots.now)
    assert robots.until(lambda: all(robots.status(at).slot >= 0 for at in range(count)), 5.0)
    robots.run(0.5)
    return robots


def test_a_controller_is_told_the_slots_of_its_neighbours():
    robots = flying()
    for at in range(3):
        core = robots.robot(at).coordinator
        target, rows = core.target, core.table.neighbors
        assert len(rows) == 2
        for row in rows:
            assert row.slot is not None and row.goal is not None
            other = robots.status(row.robot - 1000)
            assert row.slot[0] == target.position[0]  # about the same reference: the own one
            assert row.slot[1] - target.position[1] == pytest.approx(
                -3.0 * (other.slot - target.slot)
            )
            assert row.goal == (9.0, row.slot[1], 0.0)
        assert target.goal == (9.0, target.position[1], 0.0)


@pytest.mark.parametrize(('on_loss', 'told'), [('repack', True), ('keep_slots', False)])
def test_a_robot_that_fell_silent_leaves_a_gap_to_close_unless_it_keeps_its_slot(on_loss, told):
    robots = flying(LINE._replace(on_loss=on_loss))
    dead = next(at for at in range(3) if at != robots.leader())
    seen = next(at for at in range(3) if at != dead)
    robots.kill(dead)

    def silent() -> bool:
        rows = robots.robot(seen).coordinator.table.neighbors
        return any(row.liveness is Liveness.SILENT for row in rows)

    while not silent():
        robots.run(0.05)
    row = next(
        row for row in robots.robot(seen).coordinator.table.neighbors
        if row.liveness is Liveness.SILENT
    )
    assert (row.slot is not None) is told


def test_an_epoch_is_shown_only_once_no_command_of_the_one_before_is_in_force():
    robots = flying()
    other = StartMission('other', Formation('column', 3000), ((0, 0, 0),), 500, 5000)
    robots.robot(robots.leader()).propose(encode_command(other).decode(), robots.now)
    handed: dict[tuple[int, int], int] = {}
    shown: dict[tuple[int, int], int] = {}
    for _ in range(300):
        robots.run(0.01)
        for at in range(3):
            core = robots.robot(at).coordinator
            handed.setdefault((at, core.target.epoch), robots.now)
            for row in core.table.neighbors:
                shown.setdefault((row.robot - 1000, row.epoch), robots.now)
    newest = robots.status(0).epoch
    hold_ns = round(robots.settings.control.hold_s * 1e9)
    for at in range(3):
        assert shown[at, newest] - handed[at, newest] >= hold_ns


COLUMN = StartMission('column', Formation('column', 3000), ((3000, 0, 0),), 500, 20_000)


def slots_of(robots: RobotsOnOneRadio) -> tuple[int, ...]:
    """Return the slot of each robot; they stand in a row, where the column has its slots."""
    return tuple(robots.status(at).slot for at in range(len(robots.robots)))


def turn_about(robots: RobotsOnOneRadio) -> None:
    """Have an operator give the slots out the other way round."""
    leader, best = robots.leader(), slots_of(robots)
    ids = [1000 + best.index(slot) for slot in reversed(range(len(best)))]
    mission = next(c.index for c in robots.committed[leader] if 'start_mission' in c.command)
    command = AssignSlots(mission, robots.status(leader).epoch, tuple(ids))
    robots.robot(leader).propose(encode_command(command).decode(), robots.now)
    assert robots.until(lambda: slots_of(robots) == best[::-1], 2.0)


def test_robots_whose_ways_cross_offer_each_other_their_slots_and_the_leader_commits_it():
    robots = flying(COLUMN)
    best = slots_of(robots)
    turn_about(robots)
    assert robots.until(lambda: slots_of(robots) == best, 3.0)
    epoch = robots.status(0).epoch
    robots.run(3.0)
    assert robots.status(0).epoch == epoch  # nobody gains any more
