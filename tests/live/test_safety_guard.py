# SPDX-License-Identifier: Apache-2.0
"""A robot beyond its fence stops the swarm; short of charge it asks to be taken off the roster."""

import json
from types import SimpleNamespace

import pytest
from swarm_coordination.errors import ProposalRefused, TakenOffRoster
from swarm_coordination.live.safety_guard import AGAIN_MAX_NS, AGAIN_NS, DOUBT_NS, SafetyGuard
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles.safety import SafetyOptions
from swarm_coordination.views import Pose

MINUTE_NS = 60 * NS_PER_S


class Bus:
    """A bus and loop in virtual time, with nobody on it."""

    types = SimpleNamespace(Bool=SimpleNamespace, BatteryState=None)

    def __init__(self):
        self.time = NS_PER_S
        self.clock = SimpleNamespace(now=lambda: self.time, due_ns=lambda deadline: deadline)
        self.asked, self.said, self.landed, self.refusals = [], [], [], []
        self.charges, self.stops, self.no_stop = [], [], None
        self.session = SimpleNamespace(settled_serial=0, on_roster=True)
        core = SimpleNamespace(
            storage_id=7, battery=self.charges.append, propose=self._propose,
            session=self.session, stop=self._stop)
        options = SafetyOptions(fence_x_max_m=5.0)
        self.guard = SafetyGuard(self, self, core, lambda now: None, options)

    def publisher(self, kind, topic, profile):
        return self.landed.append

    def subscribe(self, kind, topic, profile, take):
        self.battery = lambda charge: take(SimpleNamespace(percentage=charge))

    def at(self, due_ns, callback):
        self.due_ns, self.call = due_ns, callback

    def say(self, text, level='info'):
        self.said.append(text)

    def _propose(self, command, now):
        self.asked.append(now)
        assert json.loads(command) == {'kind': 'roster_remove', 'robot': 7}
        if self.refusals:
            raise self.refusals.pop(0)
        return len(self.asked)

    def _stop(self, level, now):
        self.stops.append(now)
        if self.no_stop:
            raise self.no_stop
        return len(self.stops)

    def at_x(self, x_m, believed=True, after_ns=NS_PER_S // 10):
        """Have a pose come, a tenth of a second after the one before."""
        self.time += after_ns
        self.guard.observe(Pose(x_m, 0.0, 0.0, 0.0), self.time, believed=believed)

    def run(self, until_ns):
        """Let time pass, deadline by deadline."""
        while self.due_ns() <= until_ns:
            self.time = max(self.time, self.due_ns())
            self.call()
        self.time = until_ns

    def settle(self, serial, on_roster=True):
        """Have the log apply a command of the robot's, and more happen that is not its own."""
        self.session.settled_serial, self.session.on_roster = serial, on_roster
        self.guard.look(self.time)


@pytest.fixture
def robot():
    """Give a robot with a guard."""
    return Bus()


def test_a_robot_that_leaves_its_fence_stops_the_swarm_at_once_and_once(robot):
    for x_m in (4.8, 4.9, 5.1, 5.2, 5.1):
        robot.at_x(x_m)
    assert robot.stops == [NS_PER_S + 3 * NS_PER_S // 10]
    robot.at_x(4.9)
    robot.at_x(5.1)
    assert len(robot.stops) == 2


def test_outliers_that_are_not_believed_stop_nobody(robot):
    for _ in range(100):
        robot.at_x(4.9)
        for _ in range(4):
            robot.at_x(40.0, believed=False)
    robot.at_x(4.9)
    for _ in range(100):  # off for good, now here, now there
        for _ in range(4):
            robot.at_x(40.0, believed=False)
        robot.at_x(-40.0, believed=False)
    assert robot.stops == []


def test_a_robot_that_is_carried_off_faster_than_it_can_fly_stops_the_swarm(robot):
    robot.at_x(4.9)
    began = robot.time + NS_PER_S // 10
    for k in range(100):
        robot.at_x(6.0 + k, believed=False)
    assert robot.stops == [began + DOUBT_NS]


def test_an_outlier_within_the_fence_is_no_return(robot):
    robot.at_x(5.2)
    robot.at_x(0.0, believed=False)
    robot.at_x(5.2)
    assert len(robot.stops) == 1


def test_that_it_cannot_stop_the_swarm_is_said_and_ends_nothing(robot):
    robot.no_stop = ProposalRefused('no counter left')
    robot.at_x(6.0)
    assert robot.stops and robot.said[0].endswith('no counter left')
    robot.battery(0.15)
    robot.run(robot.time)
    assert len(robot.asked) == 1


def test_a_robot_with_charge_asks_for_nothing(robot):
    robot.battery(0.9)
    robot.run(10 * MINUTE_NS)
    assert robot.asked == []


def test_every_charge_is_told_to_the_core_which_hands_leadership_over_by_it(robot):
    for charge in (0.9, float('nan'), 0.3, 0.15, -1.0, 0.05):
        robot.battery(charge)
    assert robot.charges == [0.9, 0.3, 0.15, 0.05]


def test_what_is_refused_here_is_asked_again_ever_more_seldom(robot):
    robot.refusals = [ProposalRefused('the queue is full')] * 8
    robot.battery(0.15)
    robot.run(10 * MINUTE_NS)
    waits = [b - a for a, b in zip(robot.asked, robot.asked[1:])]
    assert waits == [min(AGAIN_NS << k, AGAIN_MAX_NS) for k in range(8)]
    assert any('the queue is full; again in 32 s' in text for text in robot.said)


def test_what_the_swarm_refuses_is_asked_again_until_it_is_applied(robot):
    robot.battery(0.15)
    assert len(robot.asked) == 1
    robot.run(MINUTE_NS)
    assert len(robot.asked) == 1  # in the log or on its way there
    robot.settle(0)
    robot.run(2 * MINUTE_NS)
    assert len(robot.asked) == 1
    robot.settle(1)
    robot.run(3 * MINUTE_NS)
    assert len(robot.asked) == 2
    robot.settle(2, on_roster=False)
    robot.settle(2)  # nothing is in hand any more
    robot.run(9 * MINUTE_NS)
    assert len(robot.asked) == 2


def test_a_robot_that_is_off_the_roster_asks_no_more(robot):
    robot.refusals = [ProposalRefused('not now'), TakenOffRoster('robot1 was taken off')]
    robot.battery(0.15)
    robot.run(10 * MINUTE_NS)
    assert len(robot.asked) == 2


def test_the_landing_does_not_wait_for_the_roster(robot):
    robot.refusals = [ProposalRefused('no')] * 99
    robot.battery(0.05)
    assert [message.data for message in robot.landed] == [True]
    robot.run(2 * MINUTE_NS)
    assert len(robot.asked) > 3
    assert len(robot.landed) == 1
