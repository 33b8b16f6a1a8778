# SPDX-License-Identifier: Apache-2.0
"""Formations: centred, apart, and connected at the kept range, or refused with the reason."""

import itertools
import math

import pytest
from swarm_coordination.area.shapes import Area, box
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import Change, StartMission
from swarm_coordination.mission.formations import (
    check_slots,
    Formation,
    FormationLimits,
    minority_size,
    slot_offsets,
    SLOTS_MAX,
    turned,
)
from swarm_coordination.mission.validation import check_mission

LIMITS = FormationLimits(9.5, 0.6, 0.9, 0.4, 1.125)
SPACE = LIMITS._replace(dimensions=3)
SHAPES = [
    Formation('line', 3000),
    Formation('column', 3000),
    Formation('v', 3000),
    Formation('circle', 3000),
    Formation('groups', 3000, 6000),
]


def closest(offsets):
    return min(math.dist(a, b) for a, b in itertools.combinations(offsets, 2))


@pytest.mark.parametrize('formation', SHAPES, ids=lambda formation: formation.shape)
@pytest.mark.parametrize('count', range(1, SLOTS_MAX + 1))
def test_every_shape_is_centred_spaced_and_connected_for_any_number(formation, count):
    offsets = slot_offsets(formation, count)
    assert len(set(offsets)) == count
    for axis in range(3):
        assert abs(sum(offset[axis] for offset in offsets)) <= count
    if count > 1:
        assert closest(offsets) >= formation.spacing_mm - 2
    check_slots(formation, count, LIMITS)


def test_a_v_points_forward_and_opens_backward():
    apex, left, right, *_ = slot_offsets(Formation('v', 3000), 5)
    assert apex[0] > left[0] == right[0]
    assert left[1] == -right[1] > 0


def test_a_line_stands_abreast_and_a_column_one_behind_the_other():
    assert slot_offsets(Formation('line', 2000), 3) == ((0, 2000, 0), (0, 0, 0), (0, -2000, 0))
    assert slot_offsets(Formation('column', 2000), 3) == ((2000, 0, 0), (0, 0, 0), (-2000, 0, 0))


@pytest.mark.parametrize('count', range(2, 13))
def test_the_first_group_is_the_minority_and_a_gap_apart_from_the_rest(count):
    offsets = slot_offsets(Formation('groups', 3000, 6000), count)
    small = minority_size(count)
    assert small == (count - 1) // 2
    assert 2 * (count - small) > count
    for a, b in itertools.product(offsets[:small], offsets[small:]):
        assert a[1] - b[1] == 6000


def test_a_custom_formation_lends_the_head_of_a_longer_layout():
    two = ((0, 0, 0), (0, 3000, 0))
    four = ((0, 0, 0), (3000, 0, 0), (6000, 0, 0), (9000, 0, 0))
    formation = Formation('custom', 3000, 0, (two, four))
    assert slot_offsets(formation, 2) == two
    assert slot_offsets(formation, 3) == four[:3]
    with pytest.raises(CommandError, match='no layout for 5 robots: at most 4'):
        slot_offsets(formation, 5)


def test_a_turned_formation_points_along_the_yaw():
    assert turned(((1000, 0, 5), (0, 1000, 0)), 1571) == ((0, 1000, 5), (-1000, 0, 0))
    assert turned(((1, 2, 3),), 0) == ((1, 2, 3),)


def test_slots_closer_than_safety_distance_and_margin_are_refused():
    reason = r'slots 0 and 1 are 0\.900 m apart in the plane: at least 1\.000'
    with pytest.raises(CommandError, match=reason):
        check_slots(Formation('line', 900), 3, LIMITS)
    check_slots(Formation('line', 1000), 3, LIMITS)


def test_a_slot_graph_that_falls_apart_at_the_kept_range_is_refused():
    with pytest.raises(CommandError, match=r'slots \[1, 2\] are 9\.501 m from the others'):
        check_slots(Formation('line', 9501), 3, LIMITS)
    check_slots(Formation('line', 9500), 3, LIMITS)


STACKED = Formation('custom', 1000, 0, (((0, 0, 0),), ((0, 0, 0), (0, 0, 1100))))


@pytest.mark.parametrize(
    ('limits', 'reason'),
    [
        (LIMITS, r'are 0\.000 m apart in the plane: at least 1\.000'),
        (SPACE, None),
        (SPACE._replace(downwash_factor=2.0), r'are 0\.550 m apart with heights divided by 2 '),
    ],
    ids=['plane', 'space', 'downwash'],
)
def test_slots_are_apart_as_the_safety_filter_measures_it(limits, reason):
    mission = MISSION._replace(formation=STACKED)
    if reason is None:
        check_mission(mission, limits, 2)
        return
    with pytest.raises(CommandError, match=reason):
        check_mission(mission, limits, 2)


def test_slots_are_joined_as_the_radio_measures_it_whatever_the_safety_filter_does():
    offsets = ((0, 0, 0), (3000, 0, 9100))  # 9.582 m; 3 m in the plane
    formation = Formation('custom', 1000, 0, (offsets[:1], offsets))
    for limits in (LIMITS, SPACE, SPACE._replace(downwash_factor=3.0)):
        with pytest.raises(CommandError, match=r'slots \[1\] are 9\.582 m from the others'):
            check_slots(formation, 2, limits)


@pytest.mark.parametrize(
    ('before', 'after', 'count', 'nearest'),
    [
        (Formation('v', 9000), Formation('circle', 3000), 5, r'0\.830'),
        (Formation('grid', 6000), Formation('v', 6000), 7, r'0\.924'),
    ],
)
def test_slots_that_meet_on_the_way_between_two_looks_are_refused(before, after, count, nearest):
    for formation in (before, after):
        check_mission(MISSION._replace(formation=formation), LIMITS, count)
    mission = MISSION._replace(
        formation=before, path=((0, 0, 0), (9000, 0, 0)), changes=(Change(1, after),)
    )
    with pytest.raises(CommandError, match=rf'on its way to .* are {nearest} m apart'):
        check_mission(mission, LIMITS, count)


MISSION = StartMission('test', Formation('line', 3000), ((0, 0, 0),), 900, 5000)


@pytest.mark.parametrize(
    ('mission', 'reason'),
    [
        (MISSION._replace(speed_mm_s=901), 'speed_mm_s: 901 .* at most 900 mm/s'),
        (MISSION._replace(formation=Formation('line', 9600)), '2 robots as line'),
        (MISSION._replace(formation=Formation('groups', 3000, 3200)), 'gap_mm: .* at least 3250'),
    ],
)
def test_a_mission_that_the_swarm_could_not_fly_is_refused(mission, reason):
    check_mission(MISSION, LIMITS, 12)
    with pytest.raises(CommandError, match=reason):
        check_mission(mission, LIMITS, 5)


TWO = LIMITS._replace(resilience=2)


def test_a_formation_that_one_loss_would_part_is_refused_where_the_swarm_is_to_survive_it():
    sparse = MISSION._replace(formation=Formation('line', 5000))
    check_mission(sparse, LIMITS, 12)
    with pytest.raises(CommandError, match=r'3 robots as line: the loss of slot 1 would part'):
        check_mission(sparse, TWO, 5)
    check_mission(MISSION._replace(formation=Formation('line', 4500)), TWO, 12)  # two in reach
    check_mission(MISSION._replace(formation=Formation('circle', 5000)), TWO, 12)


def test_a_mission_may_lower_the_resilience_by_explicit_choice():
    check_mission(MISSION._replace(formation=Formation('line', 5000), resilience=1), TWO, 12)


@pytest.mark.parametrize('shape', ['grid', 'sphere'])
@pytest.mark.parametrize('count', range(1, SLOTS_MAX + 1))
def test_grid_and_sphere_are_centred_spaced_and_connected_for_any_number(shape, count):
    offsets = slot_offsets(Formation(shape, 3000), count)
    assert len(set(offsets)) == count
    for axis in range(3):
        assert abs(sum(offset[axis] for offset in offsets)) <= count
    if count > 1:
        assert closest(offsets) == pytest.approx(3000, abs=3)
    check_slots(Formation(shape, 3000), count, SPACE)


def test_a_sphere_uses_all_three_dimensions():
    offsets = slot_offsets(Formation('sphere', 3000), 12)
    radii = [math.dist((0, 0, 0), offset) for offset in offsets]
    assert max(radii) / min(radii) < 1.2
    assert max(z for _, _, z in offsets) - min(z for _, _, z in offsets) > 3000


AREA = Area(
    (box((20.0, 0.0), (2.0, 2.0), 0.0, -100.0, 100.0, 'shed'),),
    ((-10.0, -10.0), (40.0, -10.0), (40.0, 10.0), (-10.0, 10.0)), -1.0, 12.0,
)
FENCED = LIMITS._replace(area=AREA, obstacle_clear_m=0.3)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'path': ((50_000, 0, 0),)}, r'path\[0\]: slot 0 of 1 .* inside the zone to stay in'),
        ({'path': ((0, 0, 0), (30_000, 6000, 0))}, r'path\[1\]: slot 0 of 4 .* inside the zone'),
        ({'path': ((20_000, 0, 0),)}, r'path\[0\]: slot 0 of 1 .* from shed'),
        ({'path': ((0, 0, 12_500),)}, r'altitude'),
        ({'rendezvous': (0, 11_000, 0)}, r'rendezvous: .* inside the zone'),
    ],
)
def test_a_mission_that_leads_out_of_the_zone_or_into_an_obstacle_is_refused(change, reason):
    check_mission(MISSION, FENCED, 5)
    with pytest.raises(CommandError, match=reason):
        check_mission(MISSION._replace(**change), FENCED, 5)
