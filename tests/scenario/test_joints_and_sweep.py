# SPDX-License-Identifier: Apache-2.0
"""Who joins a swarm, how much of an area it has seen, and how long it may be parted."""

from __future__ import annotations

import itertools

import pytest
from scenario.records import good_record, sample
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.expectations import judge
from swarm_coordination.scenario.joints import joining_robot
from swarm_coordination.scenario.loading import read_scenario
from swarm_coordination.scenario.schema import Bounds, Sweep

CHAIN = ('a', 'b', 'c', 'd', 'e', 'f', 'g')
LINKS = tuple(itertools.pairwise(CHAIN))
AREA = Sweep((0.0, 10.0), (-1.0, 1.0), 1.5, 1.0)


def test_the_robot_in_a_chain_is_killed_that_leaves_the_most_even_parts_with_a_quorum():
    assert joining_robot(LINKS, CHAIN, CHAIN, '') == 'c'
    assert joining_robot(LINKS, CHAIN, CHAIN, 'c') == 'e'  # it leads: the other side's
    assert joining_robot((*LINKS, ('a', 'g')), CHAIN, CHAIN, '') == ''  # a ring has none
    assert joining_robot(LINKS[:2], CHAIN[:3], CHAIN, '') == ''  # no part is a quorum of seven


def expectation(record, name, bounds=None, sweep=None):
    return next(e for e in judge(record, bounds or Bounds(), sweep) if name in e.name)


def test_an_area_is_seen_where_a_running_robot_came_near():
    record = good_record()
    flown = [
        TrueState(float(x), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0) for x in range(11) for _ in range(2)
    ]
    record.samples = [sample(1.0, truth=(at,) * 5) for at in flown]
    assert expectation(record, 'area', sweep=AREA).ok
    record.samples = record.samples[:12]
    half = expectation(record, 'area', sweep=AREA)
    assert not half.ok
    assert 0.5 <= half.measured <= 0.7
    record.samples = [sample(1.0, truth=(at,) * 5, running=(False,) * 5) for at in flown]
    assert expectation(record, 'area', sweep=AREA).measured == 0.0


def test_robots_may_be_parted_as_long_as_the_scenario_says():
    record = good_record()
    record.samples[5:9] = [s._replace(reachable=False, connected=False)
                           for s in record.samples[5:9]]
    for name in ('out of radio range', 'radio graph not connected'):
        assert not expectation(record, name, Bounds(parted_s=0.3)).ok
        assert expectation(record, name, Bounds(parted_s=0.4)).ok


@pytest.mark.parametrize(
    ('field', 'value'),
    [('x_m', [5.0, 5.0]), ('y_m', [0.0, float('nan')]), ('within_m', 0.0), ('share', 1.5),
     ('x_m', [0.0])],
)
def test_an_area_that_cannot_be_seen_is_refused(field, value):
    sweep = {'x_m': [0.0, 9.0], 'y_m': [0.0, 9.0], 'within_m': 2.0, 'share': 1.0, field: value}
    document = {'name': 'x', 'description': 'x', 'phases': [{'name': 'p'}], 'sweep': sweep}
    with pytest.raises(ConfigurationError, match=field):
        read_scenario(document, 'test')
