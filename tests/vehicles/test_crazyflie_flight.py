# SPDX-License-Identifier: Apache-2.0
"""A Crazyflie is held, then landed, by its adapter's own clock, whoever falls silent."""

import pytest
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles import crazyflie
from swarm_coordination.vehicles.crazyflie import Ask, Flight, PERIOD_NS, Phase
from swarm_coordination.views import Pose, VelocityCommand

EAST = VelocityCommand(0.5, 0.0, 0.0, 0.0)
NOTIFY, LAND = Ask.NOTIFY_SETPOINTS_STOP, Ask.LAND


class Server:
    """Crazyswarm2, the robot and its controller, all as good as told; time passes by ``run``."""

    def __init__(self):
        self.core, self.now = Flight(), 0
        self.fly, self.land, self.ready, self.answers = True, False, True, True
        self.commands = self.poses = True
        self.at = Pose(0.0, 0.0, 1.0, 0.0)
        self.command = self.pose = None
        self.asked, self.sent = [], []

    def run(self, seconds):
        """Let time pass; return the last step."""
        for _ in range(round(seconds * NS_PER_S / PERIOD_NS)):
            self.now += PERIOD_NS
            if self.commands:
                self.command = (EAST, self.now)
            if self.poses:
                self.pose = (self.at, self.now)
            step = self.core.step(
                self.now, self.command, self.pose, fly=self.fly, land=self.land, ready=self.ready)
            if step.setpoint is not None:
                assert not self.asked, 'a set-point after the end of set-points was told'
                self.at = Pose(*step.setpoint.position, 0.0)
                self.sent.append(step.setpoint)
            if step.ask is not Ask.NOTHING:
                self.asked.append(step.ask)
                if self.answers and self.ready:
                    self.core.answered(step.ask, self.now)
        return step

    @property
    def phase(self):
        """Return where the flight stands."""
        return self.core.phase


@pytest.fixture
def flying():
    """Give a flight that is well."""
    server = Server()
    server.run(1.0)
    assert server.phase is Phase.FLYING
    assert server.at.x == pytest.approx(0.5, abs=0.05)
    return server


def test_nothing_is_sent_before_an_operator_says_fly():
    server = Server()
    server.fly = False
    server.run(10.0)
    assert (server.sent, server.asked) == ([], [])


@pytest.mark.parametrize('silent', ['commands', 'poses'])
def test_a_robot_that_hears_nothing_more_holds_its_place_and_then_lands(flying, silent):
    setattr(flying, silent, False)
    flying.run(crazyflie.STAND_AFTER_NS / NS_PER_S + 0.1)
    assert flying.phase is Phase.HOLDING
    place = flying.at[:3]
    flying.run(2.0)
    held = flying.sent[-40:]
    assert {(one.position, one.velocity) for one in held} == {(place, (0.0, 0.0, 0.0))}
    assert flying.asked == []
    flying.run(crazyflie.LAND_AFTER_NS / NS_PER_S)
    assert flying.asked == [NOTIFY, LAND]
    assert flying.phase is Phase.LANDED


def test_commands_that_return_while_it_holds_are_flown_again(flying):
    flying.commands = False
    flying.run(2.0)
    assert flying.phase is Phase.HOLDING
    flying.commands = True
    flying.run(1.0)
    assert flying.phase is Phase.FLYING
    assert flying.asked == []


def test_what_has_landed_by_itself_flies_on_only_by_a_new_word(flying):
    flying.commands = False
    flying.run(5.0)
    flying.commands, sent = True, len(flying.sent)
    flying.run(5.0)
    assert (flying.phase, len(flying.sent)) == (Phase.LANDED, sent)
    flying.fly, flying.asked = False, []
    flying.run(0.2)
    flying.fly = True
    flying.run(0.2)
    assert flying.phase is Phase.FLYING


@pytest.mark.parametrize('word', ['land', 'fly'])
def test_a_word_ends_the_set_points_before_it_lands(flying, word):
    setattr(flying, word, word == 'land')
    flying.run(0.2)
    assert flying.asked == [NOTIFY, LAND]
    assert flying.phase is (Phase.LANDED if word == 'land' else Phase.WAITING)


def test_a_robot_told_to_land_is_not_flown_again_while_that_holds(flying):
    flying.land = True
    flying.run(1.0)
    sent = len(flying.sent)
    for fly in (False, True):
        flying.fly = fly
        flying.run(1.0)
    assert (flying.phase, len(flying.sent)) == (Phase.LANDED, sent)


def test_a_robot_that_was_taken_off_by_crazyswarm2_alone_lands_too():
    server = Server()
    server.fly, server.land = False, True
    server.run(0.2)
    assert server.asked == [NOTIFY, LAND]


def test_without_the_services_it_is_held_and_lands_once_they_are_there(flying):
    flying.land, flying.ready = True, False
    flying.run(5.0)
    assert (flying.phase, flying.asked) == (Phase.NOTIFYING, [])
    assert flying.sent[-1].velocity == (0.0, 0.0, 0.0)
    flying.ready = True
    flying.run(0.2)
    assert flying.asked == [NOTIFY, LAND]


def test_a_robot_that_nobody_is_seen_to_land_comes_down_on_set_points_and_is_asked_for(flying):
    flying.land, flying.ready = True, False
    flying.run(crazyflie.SERVICES_WAIT_NS / NS_PER_S)
    held = flying.sent[-1]
    assert (held.velocity, flying.asked) == ((0.0, 0.0, 0.0), [])
    flying.run(1.0)
    assert flying.phase is Phase.DESCENDING
    assert flying.at.z == pytest.approx(1.0 - crazyflie.DESCENT_MPS, abs=0.05)
    flying.run(4.0)
    low = flying.sent[-1]
    assert low.position == (held.position[0], held.position[1], crazyflie.LANDING_HEIGHT_M)
    # Whether a service is seen or not: both requests, and as often as ever.
    flying.run(60.0)
    assert flying.asked == [NOTIFY] * crazyflie.NOTIFY_TRIES + [LAND] * crazyflie.LAND_TRIES
    assert flying.phase is Phase.FAILED
    flying.asked = []
    flying.run(60.0)
    assert flying.asked == []
    flying.ready = True
    flying.run(0.2)
    assert flying.asked == [NOTIFY, LAND]
    assert flying.phase is Phase.LANDED


@pytest.mark.parametrize('word', ['commands', 'fly'])
def test_a_landing_that_failed_is_told_until_a_new_word_is_given(flying, word):
    setattr(flying, word, False)
    flying.answers = False
    flying.run(60.0)
    assert flying.phase is Phase.FAILED
    flying.commands, flying.fly = True, False
    flying.run(1.0)
    assert flying.phase is Phase.FAILED
    flying.fly, flying.asked = True, []
    flying.run(0.2)
    assert flying.phase is Phase.FLYING


def test_services_that_come_while_it_descends_land_it(flying):
    flying.land, flying.ready = True, False
    flying.run(crazyflie.SERVICES_WAIT_NS / NS_PER_S + 1.0)
    flying.ready = True
    flying.run(0.2)
    assert (flying.asked, flying.phase) == ([NOTIFY, LAND], Phase.LANDED)
    assert flying.at.z > 0.5


def test_a_robot_that_flies_again_after_a_descent_is_held_for_its_services_again(flying):
    flying.fly, flying.ready = False, False
    flying.run(crazyflie.SERVICES_WAIT_NS / NS_PER_S + 70.0)
    assert flying.phase is Phase.FAILED
    flying.fly = flying.ready = True
    flying.run(0.2)
    flying.fly, flying.asked = False, []
    flying.run(0.2)
    flying.fly = True
    flying.run(1.0)
    assert flying.phase is Phase.FLYING
    flying.land, flying.ready, flying.asked = True, False, []
    flying.run(5.0)
    assert (flying.phase, flying.asked) == (Phase.NOTIFYING, [])


def test_a_pause_of_the_process_lets_no_robot_drop(flying):
    flying.land, flying.ready = True, False
    flying.run(crazyflie.SERVICES_WAIT_NS / NS_PER_S + 0.5)
    before = flying.at.z
    flying.now += 2 * NS_PER_S
    flying.run(0.05)
    assert before - flying.at.z <= crazyflie.DESCENT_MPS * crazyflie.GAP_NS / NS_PER_S + 1e-9


def test_a_request_without_an_answer_is_repeated_ever_more_seldom_and_not_for_ever(flying):
    flying.land, flying.answers = True, False
    flying.run(1.0)
    assert flying.asked == [NOTIFY, NOTIFY]
    flying.run(120.0)
    assert flying.asked == [NOTIFY] * crazyflie.NOTIFY_TRIES + [LAND] * crazyflie.LAND_TRIES
    assert flying.phase is Phase.FAILED


def test_an_answer_that_comes_late_counts_only_for_the_request_in_hand(flying):
    flying.land, flying.answers = True, False
    flying.run(0.1)
    flying.core.answered(LAND, flying.now)
    assert flying.phase is Phase.NOTIFYING
    flying.core.answered(NOTIFY, flying.now)
    assert flying.phase is Phase.LANDING
    flying.core.answered(NOTIFY, flying.now)
    assert flying.phase is Phase.LANDING


def test_a_robot_is_to_be_landed_from_the_first_set_point_to_the_answer_of_its_landing(flying):
    seen = {}

    def note():
        seen[flying.phase] = flying.core.to_be_landed

    note()
    flying.commands = flying.answers = False
    flying.run(1.0)
    note()
    flying.land = True
    flying.run(0.1)
    note()
    flying.core.answered(NOTIFY, flying.now)
    note()
    flying.core.answered(LAND, flying.now)
    note()
    flying.land = flying.fly = False
    flying.run(0.1)
    note()
    flying.fly = flying.commands = True
    flying.asked = []
    flying.run(1.0)
    flying.land, flying.ready = True, False
    flying.run(crazyflie.SERVICES_WAIT_NS / NS_PER_S + 1.0)
    note()
    flying.run(90.0)
    note()
    assert seen == {
        Phase.FLYING: True, Phase.HOLDING: True, Phase.DESCENDING: True, Phase.NOTIFYING: True,
        Phase.LANDING: True, Phase.FAILED: True, Phase.LANDED: False, Phase.WAITING: False}


def test_a_robot_is_not_flown_without_a_fresh_pose_and_the_services_to_land_by():
    pose = (Pose(0.0, 0.0, 1.0, 0.0), NS_PER_S)
    assert crazyflie.not_ready(NS_PER_S, pose, True) == ''
    assert 'land' in crazyflie.not_ready(NS_PER_S, pose, False)
    assert 'pose' in crazyflie.not_ready(NS_PER_S, None, True)
    assert 'pose' in crazyflie.not_ready(2 * NS_PER_S, pose, True)


def test_set_points_come_far_sooner_than_the_firmware_misses_them():
    assert 5 * PERIOD_NS <= NS_PER_S // 2
    assert crazyflie.STAND_AFTER_NS + PERIOD_NS < crazyflie.LAND_AFTER_NS
