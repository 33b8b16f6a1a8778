# SPDX-License-Identifier: Apache-2.0
"""An operator reads from an adapter's diagnostics how the flight stands and what it lacks."""

import pytest
from swarm_coordination.ros.health import Level
from swarm_coordination.ros.vehicle_health import (
    battery_health,
    BATTERY_MAX_NS,
    crazyflie_health,
    px4_health,
)
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles.crazyflie import Flight, Phase
from swarm_coordination.vehicles.offboard import (
    LAND_TRIES,
    NAVIGATION_OFFBOARD,
    Offboard,
    STATUS_MAX_NS,
)
from swarm_coordination.vehicles.safety import SafetyOptions

pytestmark = pytest.mark.ros
NOW = 100 * NS_PER_S
SEEN = (None, NOW)
FLOWN = (NAVIGATION_OFFBOARD, True, NOW)


@pytest.mark.parametrize(('phase', 'tries', 'ready', 'pose', 'level', 'said'), [
    (Phase.FLYING, 0, True, SEEN, Level.OK, 'flying'),
    (Phase.HOLDING, 0, True, SEEN, Level.WARN, 'holds'),
    (Phase.LANDING, 1, True, SEEN, Level.OK, 'asks to land'),
    (Phase.LANDING, 2, True, SEEN, Level.WARN, 'asks to land'),
    (Phase.FAILED, 0, True, SEEN, Level.ERROR, 'cannot land'),
    (Phase.FLYING, 0, False, SEEN, Level.ERROR, 'no service to land by'),
    (Phase.WAITING, 0, True, None, Level.STALE, 'no fresh pose'),
    (Phase.WAITING, 0, True, (None, NOW - NS_PER_S), Level.STALE, 'no fresh pose')])
def test_a_crazyflie_says_how_it_flies(phase, tries, ready, pose, level, said):
    flight = Flight()
    flight.phase, flight.tries = phase, tries
    report = crazyflie_health(flight, NOW, SEEN, pose, ready, 3)
    assert (report.part, report.level) == ('crazyflie', level)
    assert said in report.message
    assert report.values['messages_refused'] == 3
    assert report.values['phase'] == phase.name.lower()


@pytest.mark.parametrize(('status', 'pose', 'given_up', 'level', 'said'), [
    (FLOWN, SEEN, '', Level.OK, 'flying'),
    ((4, True, NOW), SEEN, '', Level.OK, 'not flown by us'),
    (None, SEEN, '', Level.STALE, 'no vehicle_status'),
    ((*FLOWN[:2], NOW - STATUS_MAX_NS - 1), SEEN, '', Level.STALE, 'no vehicle_status'),
    (FLOWN, SEEN, 'left offboard mode by itself', Level.WARN, 'left offboard'),
    (FLOWN, None, '', Level.STALE, 'no valid vehicle_local_position'),
    (FLOWN, (None, NOW - NS_PER_S), '', Level.STALE, 'no valid vehicle_local_position')])
def test_a_px4_says_how_it_flies(status, pose, given_up, level, said):
    core = Offboard()
    core.given_up = given_up
    report = px4_health(core, NOW, SEEN, pose, status, 2)
    assert (report.part, report.level) == ('px4', level)
    assert said in report.message
    assert report.values['messages_refused'] == 2


@pytest.mark.parametrize(('tries', 'level', 'said'), [
    (1, Level.OK, 'asks PX4 to land'),
    (2, Level.WARN, 'asks PX4 to land'),
    (LAND_TRIES + 1, Level.ERROR, 'does not land')])
def test_a_px4_that_does_not_land_as_it_was_asked_to_says_so(tries, level, said):
    core = Offboard()
    core.tries = tries
    report = px4_health(core, NOW, SEEN, SEEN, FLOWN, 0)
    assert (report.level, report.values['land_tries']) == (level, tries)
    assert said in report.message


@pytest.mark.parametrize(('charge', 'leave', 'level', 'said'), [
    (None, 0.2, Level.WARN, 'do nothing'),
    (None, 0.0, Level.OK, 'not watched'),
    ((0.75, NOW), 0.2, Level.OK, '75 %'),
    ((0.15, NOW), 0.2, Level.WARN, '15 %, below battery_leave'),
    ((0.05, NOW), 0.2, Level.ERROR, '5 %, below battery_land'),
    ((0.75, NOW - BATTERY_MAX_NS - 1), 0.2, Level.STALE, 'too old')])
def test_limits_of_a_battery_that_nobody_hears_are_a_warning(charge, leave, level, said):
    limits = SafetyOptions(battery_leave=leave, battery_land=leave / 2)
    report = battery_health(NOW, charge, limits)
    assert (report.part, report.level) == ('battery', level)
    assert said in report.message
