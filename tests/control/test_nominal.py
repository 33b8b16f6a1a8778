# SPDX-License-Identifier: Apache-2.0
"""The velocity wanted before the filter: towards the slot, with the neighbours, closing gaps."""

from __future__ import annotations

from dataclasses import replace

from control.test_controller import neighbor, ORIGIN, table, target
import pytest
from swarm_coordination.control.closing import contraction
from swarm_coordination.control.nominal import track
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import Liveness

SETTINGS = ControlSettings(gain=0.1, cohesion_gain=0.05)  # nothing here is cut to the speed bound
SPACE = replace(SETTINGS, dimensions=3)


def standing(robot, place, slot, **changes):
    """Return a row of who is at ``place`` and has the slot ``slot``."""
    return neighbor(robot, *place[:2], position=place, slot=slot, **changes)


def wanted(slot, *rows, settings=SETTINGS):
    """Return the velocity that a robot at the origin wants."""
    return track(ORIGIN, target(0, position=slot), False, settings, table(0, *rows))[:3]


def test_who_lags_behind_its_neighbours_hurries_and_who_leads_them_waits():
    alone = wanted((4.0, 0.0, 0.0))
    assert alone == pytest.approx((0.4, 0.0, 0.0))
    there = standing(2, (0.0, 5.0, 0.0), (0.0, 5.0, 0.0))  # in its slot
    assert wanted((4.0, 0.0, 0.0), there) == pytest.approx((0.4 + 0.05 * 4.0, 0.0, 0.0))
    further = standing(2, (0.0, 5.0, 0.0), (10.0, 5.0, 0.0))  # 10 m off, where we are 4 m off
    assert wanted((4.0, 0.0, 0.0), further) == pytest.approx((0.4 - 0.05 * 6.0, 0.0, 0.0))
    mean = wanted((4.0, 0.0, 0.0), there, further._replace(robot=3))
    assert mean == pytest.approx((0.4 + 0.05 * (4.0 - 6.0) / 2, 0.0, 0.0))


def test_heights_take_part_in_space_alone():
    there = standing(2, (0.0, 5.0, 1.0), (0.0, 5.0, 1.0))
    plane, space = (wanted((0.0, 0.0, 2.0), there, settings=s) for s in (SETTINGS, SPACE))
    assert plane == pytest.approx((0.0, 0.0, 0.2))
    assert space == pytest.approx((0.0, 0.0, 0.2 + 0.05 * 2.0))


@pytest.mark.parametrize('other', [
    {'epoch': 2}, {'slot': None}, {'liveness': Liveness.SILENT, 'slot': (0.0, 5.0, 0.0)},
    {'slot': (0.0, 30.0, 0.0)},
])
def test_who_has_no_part_in_the_formation_near_by_is_not_waited_for(other):
    beside = standing(2, (0.0, 5.0, 0.0), (9.0, 5.0, 0.0))._replace(**other)
    assert wanted((4.0, 0.0, 0.0), beside) == pytest.approx((0.4, 0.0, 0.0))


def test_both_sides_of_a_gap_move_to_their_slots_as_they_are_drawn_together():
    # A line whose middle fell silent: its own slot is 6 m from that, the next living one 12 m.
    silent = standing(2, (6.0, 0.0, 0.0), (6.0, 0.0, 0.0), liveness=Liveness.SILENT)
    beyond = standing(3, (12.0, 0.0, 0.0), (12.0, 0.0, 0.0))
    drawn = contraction([(0.0, 0.0), (12.0, 0.0)], [(6.0, 0.0)], SETTINGS).moved(0.0, 0.0)
    assert drawn[0] > 1.0
    calm = replace(SETTINGS, cohesion_gain=0.0)
    assert wanted((0.0, 0.0, 0.0), silent, beyond, settings=calm) == pytest.approx(
        (0.1 * drawn[0], 0.0, 0.0))
    # The far side is as far off its drawn slot as we are, the other way: with neighbours in mind
    # both go at the mean of that and their own.
    assert wanted((0.0, 0.0, 0.0), silent, beyond)[0] >= 0.1 * drawn[0]
