# SPDX-License-Identifier: Apache-2.0
"""Where slots lie: scaled and shifted by their assignment, changed and turned on the way."""

from __future__ import annotations

import pytest
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import Change, StartMission
from swarm_coordination.mission.formations import Formation, FormationLimits, Layout
from swarm_coordination.mission.places import Places
from swarm_coordination.mission.validation import check_mission

LINE, COLUMN = Formation('line', 4000), Formation('column', 2000)
PATH = ((0, 0, 0), (10_000, 0, 0), (20_000, 0, 0), (30_000, 0, 0))
GAP = StartMission('gap', LINE, PATH, 500, 5000, changes=(Change(1, COLUMN), Change(3, LINE)))
LIMITS = FormationLimits(9.5, 0.6, 0.9, 0.4)


def test_an_assignment_scales_its_formation_about_the_reference_and_shifts_it():
    mission = GAP._replace(changes=())
    assert Places(mission, 2).slots(5.0) == ((5000, 2000, 0), (5000, -2000, 0))
    layout = Layout(500, (100, -200))
    assert Places(mission, 2, layout).slots(5.0) == ((5100, 800, 0), (5100, -1200, 0))
    assert Places(mission, 2, layout).goals() == ((30_100, 800, 0), (30_100, -1200, 0))


def test_a_formation_goes_over_to_the_next_along_the_leg_that_ends_there():
    places = Places(GAP, 2)
    assert places.slots(0.0) == ((0, 2000, 0), (0, -2000, 0))
    assert places.slots(5.0) == ((5500, 1000, 0), (4500, -1000, 0))
    assert places.slots(10.0) == ((11_000, 0, 0), (9000, 0, 0))
    assert places.slots(20.0) == ((21_000, 0, 0), (19_000, 0, 0))  # no change on this leg
    assert places.slots(30.0) == places.goals() == ((30_000, 2000, 0), (30_000, -2000, 0))


def test_the_feed_forward_of_a_slot_that_moves_in_its_formation_is_its_speed():
    places = Places(GAP, 2)
    assert places.drift(0, 15.0) == (0.0, 0.0, 0.0)
    vx, vy, vz = places.drift(0, 5.0)
    assert (vx, vy, vz) == pytest.approx((0.1, -0.2, 0.0))


def test_a_formation_turns_on_the_way():
    turned = GAP._replace(changes=(Change(1, LINE, 1571),))
    places = Places(turned, 2)
    assert places.yaw_mrad(5.0) == 786
    assert places.slots(10.0) == ((8000, 0, 0), (12_000, 0, 0))


def test_slots_that_would_meet_on_the_way_are_refused():
    check_mission(GAP, LIMITS, 5)
    crossing = Formation('custom', 4000, 0, (
        ((0, 0, 0),), ((0, -2000, 0), (0, 2000, 0)),
    ))
    with pytest.raises(CommandError, match='line on its way to custom'):
        check_mission(GAP._replace(changes=(Change(1, crossing),)), LIMITS, 2)
