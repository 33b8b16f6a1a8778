# SPDX-License-Identifier: Apache-2.0
"""A station knows what it has heard, and forgets who is gone."""

from station.swarm import kept, KEPT_RANGE_M, NAMES, NOW, STATUS, watched
from swarm_coordination.station.watch import GONE_S, SILENT_S, STALE, SwarmWatch, TRAIL_POINTS
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Mode, Pose

CHAIN = [('robot1', 'robot2'), ('robot2', 'robot3')]


def test_a_link_counts_where_both_hear_each_other():
    watch = watched([('robot1', 'robot2')])
    watch.status('robot3', STATUS._replace(name='robot3'), ['robot1'], 0.0, NOW)
    assert [(a.name, b.name) for a, b in watch.picture(NOW).links()] == [('robot1', 'robot2')]


def test_islands_are_the_groups_joined_by_links():
    islands = watched(CHAIN).picture(NOW).islands()
    assert [[r.name for r in island] for island in islands] == [
        ['robot1', 'robot2', 'robot3'], ['robot4']]


def test_only_who_has_a_quorum_leads():
    watch = watched(CHAIN)
    assert [r.name for r in watch.picture(NOW).leaders()] == ['robot1']
    watch.status('robot1', STATUS._replace(role=3, quorum=False), [], 0.0, NOW)
    assert watch.picture(NOW).leaders() == ()


def test_a_robot_that_is_silent_too_long_is_gone_and_comes_back_without_its_old_trail():
    watch = watched(CHAIN)
    later = NOW + int(GONE_S * NS_PER_S) + 1
    watch.status('robot2', STATUS._replace(name='robot2'), [], 0.0, later)
    assert [r.name for r in watch.picture(later).robots] == ['robot2']
    watch.status('robot1', STATUS, [], 0.0, later)
    (first, _) = watch.picture(later).robots
    assert (first.name, first.trail, first.pose) == ('robot1', (), None)


def test_trails_are_thinned_and_bounded():
    watch = SwarmWatch(('robot1',), KEPT_RANGE_M)
    watch.status('robot1', STATUS, [], 0.0, NOW)
    for k in range(100_000):
        watch.pose('robot1', Pose(0.01 * k, 0.0, 0.0, 0.0))
    (robot,) = watch.picture(NOW).robots
    assert len(robot.trail) == TRAIL_POINTS
    assert robot.trail[-1][0] - robot.trail[-2][0] >= 0.25 - 1e-9


def test_kept_links_come_from_the_controllers_report_by_name():
    watch = watched(CHAIN)
    # Anybody may publish diagnostics: a number that no robot has says nothing.
    watch.health('robot1', 'controller', kept(2, 3, 99, '9' * 5000), NOW)
    assert watch.picture(NOW).robots[0].kept == ('robot2', 'robot3')


def test_a_part_that_reports_no_more_is_stale_and_keeps_no_links():
    watch = watched(CHAIN)
    watch.health('robot1', 'controller', kept(2, 3), NOW)
    for age_s, level, links in ((SILENT_S, 0, 2), (SILENT_S + 0.1, STALE, 0)):
        now = NOW + round(age_s * NS_PER_S)
        for name in NAMES:
            watch.status(name, STATUS._replace(name=name), [], 0.0, now)
        robot = watch.picture(now).robots[0]
        assert robot.health['controller'].level == level
        assert len(robot.kept) <= links
    assert 'before: flying' in robot.health['controller'].message


def test_what_strangers_report_is_not_taken():
    watch = watched([])
    watch.health('turtle', 'controller', kept(1), NOW)
    assert {robot.name for robot in watch.picture(NOW).robots} == set(NAMES)


def test_a_robot_without_a_mission_has_no_slot():
    watch = watched([])
    watch.status('robot1', STATUS._replace(mode=Mode.IDLE), [], 0.0, NOW)
    assert watch.picture(NOW).robots[0].slot is None
