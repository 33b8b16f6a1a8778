# SPDX-License-Identifier: Apache-2.0
"""PX4 is never asked for more than an operator has said, and comes down when that is withdrawn."""

import pytest
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.vehicles import offboard
from swarm_coordination.vehicles.offboard import Ask, LAND_TRIES, NAVIGATION_OFFBOARD, Offboard
from swarm_coordination.views import VelocityCommand

NORTH = VelocityCommand(0.0, 1.0, 0.0, 0.0)
HOLD_MODE, LAND_MODE = 4, 18


def test_a_vehicle_is_flown_only_by_what_is_fresh_and_its_own():
    now = 10 * NS_PER_S
    old = now - offboard.STATUS_MAX_NS - 1
    stale = now - offboard.STAND_AFTER_NS - 1
    assert offboard.not_ready(now, now, now, '', 1) == ''
    assert 'no vehicle_status' in offboard.not_ready(now, None, now, '', 1)
    assert 'too old' in offboard.not_ready(now, old, now, '', 1)
    assert 'no fresh vehicle_local_position' in offboard.not_ready(now, now, None, '', 1)
    assert 'within 20 km' in offboard.not_ready(now, now, stale, 'not within 20 km', 1)
    assert '2 vehicles send' in offboard.not_ready(now, now, now, '', 2)


class Flight:
    """An autopilot that does what it is asked, and the one who asks."""

    def __init__(self):
        self.core, self.now = Offboard(), 0
        self.navigation, self.armed, self.fly, self.land = HOLD_MODE, False, False, False
        self.command = (NORTH, 0)
        self.asked, self.lands = [], True

    def run(self, seconds, *, commands=True):
        """Let time pass; return the last step."""
        for _ in range(round(seconds * NS_PER_S / offboard.HEARTBEAT_NS)):
            self.now += offboard.HEARTBEAT_NS
            if commands:
                self.command = (NORTH, self.now)
            step = self.core.step(
                self.now, self.command, self.navigation, self.armed, self.fly, self.land)
            if step.ask is not Ask.NOTHING:
                self.asked.append(step.ask)
            if step.ask is Ask.OFFBOARD:
                self.navigation = NAVIGATION_OFFBOARD
            elif step.ask is Ask.ARM:
                self.armed = True
            elif step.ask is Ask.LAND and self.lands:
                self.navigation = LAND_MODE
        return step

    def fly_anew(self):
        """Let the operator withdraw the word and give it again."""
        for self.fly, seconds in ((False, 0.2), (True, 0.5)):
            self.run(seconds)


def test_nothing_is_asked_for_without_an_operators_word():
    flight = Flight()
    assert flight.run(5.0).heartbeat
    assert flight.asked == []


def test_the_heartbeat_runs_for_a_second_before_the_switch_then_mode_then_arming():
    flight = Flight()
    flight.fly = True
    flight.run(0.9)
    assert flight.asked == []
    flight.run(1.0)
    assert flight.asked == [Ask.OFFBOARD, Ask.ARM]
    assert offboard.HEARTBEAT_NS < NS_PER_S // 2  # more than 2 Hz


def test_a_pilot_who_takes_over_is_not_called_back_until_asked_again():
    flight = Flight()
    flight.fly = True
    flight.run(2.0)
    flight.navigation, flight.asked = HOLD_MODE, []
    flight.run(5.0)
    assert flight.asked == []
    flight.fly_anew()
    assert flight.asked == [Ask.OFFBOARD]


def test_a_vehicle_that_was_disarmed_is_not_armed_again_until_asked_again():
    flight = Flight()
    flight.fly = True
    flight.run(2.0)
    flight.armed, flight.asked = False, []  # a kill switch; the mode stays
    flight.run(5.0)
    assert flight.asked == []
    assert 'disarmed' in flight.core.given_up
    flight.fly_anew()
    assert flight.asked == [Ask.ARM]


def test_a_vehicle_that_was_told_to_land_is_not_called_into_offboard_mode():
    flight = Flight()
    flight.fly = flight.land = True
    flight.run(5.0)
    assert flight.asked == []


def test_without_commands_it_stands_then_falls_silent_and_leaves_itself_to_px4():
    flight = Flight()
    flight.fly = True
    assert flight.run(2.0).setpoint.velocity[0] == 1.0
    stood = flight.run(1.0, commands=False)
    assert (stood.heartbeat, stood.setpoint.velocity) == (True, (0.0, 0.0, -0.0))
    silent = flight.run(3.0, commands=False)
    assert (silent.heartbeat, silent.setpoint) == (False, None)


def test_a_robot_that_never_had_a_command_sends_nothing():
    step = Offboard().step(NS_PER_S, None, HOLD_MODE, False, True)
    assert step == (False, None, Ask.NOTHING)


@pytest.fixture
def flying():
    """Give a vehicle that flies north by its operator's word."""
    flight = Flight()
    flight.fly = True
    assert flight.run(2.0).setpoint.velocity[0] == 1.0
    flight.asked = []
    return flight


@pytest.mark.parametrize('word', ['land', 'fly'])
def test_a_word_in_the_air_lands_the_vehicle_by_its_own_mode(flying, word):
    setattr(flying, word, word == 'land')
    step = flying.run(0.05)
    assert (step.heartbeat, step.setpoint.velocity) == (True, (0.0, 0.0, -0.0))
    assert (step.ask, flying.navigation) == (Ask.LAND, LAND_MODE)
    # It lands, and disarms: as it was asked to, and by nobody else's word.
    flying.run(0.5)
    flying.armed = False
    flying.run(5.0)
    assert (flying.asked, flying.core.given_up) == ([Ask.LAND], '')


@pytest.mark.parametrize('commands', [True, False])
def test_a_vehicle_whose_word_is_withdrawn_stands_until_px4_has_it(flying, commands):
    flying.fly = flying.lands = False
    for _ in range(100):
        step = flying.run(0.05, commands=commands)
        assert (step.heartbeat, step.setpoint.velocity) == (True, (0.0, 0.0, -0.0))
    assert flying.asked == [Ask.LAND] * 4  # after 0, 0.5, 1.5 and 3.5 s
    flying.lands = True
    flying.run(4.0)
    assert flying.navigation == LAND_MODE


def test_a_vehicle_that_is_not_heard_to_land_is_left_to_px4_and_asked_on(flying):
    flying.land, flying.lands = True, False
    silent = flying.run(16.0)
    assert flying.core.tries == LAND_TRIES + 1
    assert (silent.heartbeat, silent.setpoint) == (False, None)
    flying.run(8.0)
    assert len(flying.asked) == LAND_TRIES + 3
    assert set(flying.asked) == {Ask.LAND}


def test_a_word_that_is_withdrawn_before_the_switch_is_seen_lands_the_vehicle_too():
    flight = Flight()
    flight.fly = True
    flight.run(1.05)
    flight.armed = True
    flight.navigation, flight.fly = HOLD_MODE, False  # PX4's status comes later
    flight.run(0.5)
    flight.navigation = NAVIGATION_OFFBOARD
    flight.run(0.05)
    assert flight.asked[-1] is Ask.LAND


def test_a_word_given_again_flies_on(flying):
    flying.lands = flying.fly = False
    flying.run(0.3)
    flying.fly = True
    assert flying.run(0.2).setpoint.velocity[0] == 1.0
    assert flying.asked == [Ask.LAND]


def test_a_word_given_again_just_as_px4_lands_calls_the_vehicle_back(flying):
    flying.fly = False
    flying.run(0.05)
    flying.fly = True
    flying.run(1.0)
    assert flying.asked == [Ask.LAND, Ask.OFFBOARD]
    assert flying.navigation == NAVIGATION_OFFBOARD


def test_a_vehicle_that_a_pilot_has_taken_over_is_not_landed_by_a_word_withdrawn(flying):
    flying.navigation = HOLD_MODE
    flying.run(1.0)
    flying.fly = False
    flying.run(5.0)
    assert flying.asked == []


def test_a_pilot_who_switches_to_offboard_mode_without_a_word_gets_a_robot_that_stands(flying):
    flying.fly = False
    flying.run(5.0)  # landed
    flying.navigation, flying.armed, flying.asked = NAVIGATION_OFFBOARD, True, []
    step = flying.run(5.0)
    assert (step.heartbeat, step.setpoint.velocity) == (True, (0.0, 0.0, -0.0))
    assert flying.asked == []


def test_a_request_that_px4_does_not_follow_is_repeated_twice_a_second():
    core, asked = Offboard(), []
    for k in range(61):
        now = k * offboard.HEARTBEAT_NS
        asked.append(core.step(now, (NORTH, now), HOLD_MODE, False, True).ask)
    assert asked.count(Ask.OFFBOARD) == 5  # of the two seconds after the first
    assert set(asked) == {Ask.NOTHING, Ask.OFFBOARD}


def test_it_stands_as_soon_as_a_base_would():
    assert offboard.STAND_AFTER_NS == 500 * NS_PER_MS
