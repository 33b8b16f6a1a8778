# SPDX-License-Identifier: Apache-2.0
"""The holder of a task stops first: by its own clock, and first of all after a pause."""

from __future__ import annotations

from mission.log import Log
import pytest
from swarm_coordination.mission.commands import Command
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)
from swarm_coordination.robot.tasks import TaskHolder
from swarm_coordination.units import NS_PER_MS, NS_PER_S

ME, OTHER = 7, 8
LEASE_MS = 10_000
GIVING_BACK = [TaskRelease('scan', 2), TaskDone('scan', 2)]


class Holder:
    """A holder whose commands take effect when the test says so."""

    def __init__(self) -> None:
        self.log, self.now = Log(), 100 * NS_PER_S
        self.log.submit(TaskAdd('scan', LEASE_MS))
        self.holder = TaskHolder(ME, self.log.state, 300 * NS_PER_MS, self.now)
        self.serial = 0
        self.under_way: list[Command] = []

    def send(self, command: Command) -> None:
        """Send a command of this robot."""
        self.serial += 1
        self.under_way.append(command)
        self.holder.sent(self.serial, command, self.now)

    def commit(self, stamp_ms: int = 0) -> None:
        """Apply what is under way."""
        for command in self.under_way:
            self.log.submit(command, session=ME, stamp_ms=stamp_ms)
        self.under_way.clear()
        self.holder.settled()

    def commit_first(self) -> None:
        """Apply the oldest of what is under way."""
        self.log.submit(self.under_way.pop(0), session=ME)
        self.holder.settled()

    def run(self, seconds: float) -> None:
        """Let time pass in ticks of 100 ms; renewals are sent, nothing is committed."""
        for _ in range(round(seconds * 10)):
            self.now += 100 * NS_PER_MS
            for command in self.holder.tick(self.now):
                self.send(command)

    def sleep(self, seconds: float) -> None:
        """Let time pass without a tick."""
        self.now += round(seconds * NS_PER_S)

    @property
    def fence(self) -> int:
        """Fence under which it may act now; 0: it may not."""
        return self.holder.may_act('scan', self.now)


@pytest.fixture
def held() -> Holder:
    """Return a holder of the task, granted at once."""
    made = Holder()
    made.send(TaskClaim('scan'))
    made.commit()
    return made


def test_nobody_acts_before_the_claim_is_applied():
    robot = Holder()
    robot.send(TaskClaim('scan'))
    assert robot.fence == 0
    robot.commit()
    assert robot.fence == robot.log.state.tasks.get('scan').fence == 2
    assert robot.holder.held(robot.now) == (('scan', 2),)


def test_the_holder_stops_after_nine_tenths_less_a_leap_from_when_it_sent_the_claim():
    robot = Holder()
    robot.send(TaskClaim('scan'))
    robot.run(4.0)  # the claim takes its time
    robot.commit()
    robot.run(4.8)
    assert robot.fence == 2
    robot.run(0.1)
    assert robot.fence == 0
    assert 'the lease is over' in robot.holder.take_told()[-1]


def test_a_renewal_counts_from_when_it_was_sent(held):
    held.run(3.4)
    assert held.under_way == [TaskRenew('scan', 2)]  # after a third of the lease
    held.run(5.0)
    held.commit()
    held.run(3.8)  # sent at 3.4 s, so until 12.3 s
    assert held.fence == 2
    held.run(0.2)
    assert held.fence == 0


def test_only_one_renewal_is_under_way_at_a_time(held):
    held.run(60.0)
    assert held.under_way == [TaskRenew('scan', 2)]


def test_after_a_pause_the_holder_stops_until_a_renewal_sent_since_is_applied(held):
    held.sleep(0.5)
    assert held.fence == 0  # even before its first tick
    held.run(0.1)
    assert held.fence == 0 and held.under_way == [TaskRenew('scan', 2)]
    held.run(0.3)
    assert held.fence == 0
    held.commit()
    assert held.fence == 2


def test_a_renewal_sent_before_the_pause_does_not_let_the_holder_go_on(held):
    held.run(3.4)
    assert len(held.under_way) == 1
    held.sleep(1.0)
    held.run(0.1)
    held.commit()
    assert held.fence == 0
    held.run(0.1)
    assert held.under_way == [TaskRenew('scan', 2)]
    held.commit()
    assert held.fence == 2


def test_a_clock_that_goes_back_renews_nothing(held):
    held.run(1.0)
    held.now -= 5 * NS_PER_S
    assert held.fence == 0
    held.run(0.1)
    assert held.fence == 0


def test_a_leap_ahead_ends_the_grant(held):
    held.sleep(9.1)
    held.run(0.1)
    assert held.fence == 0


def test_a_robot_whose_task_was_taken_over_stops_when_it_hears_of_it(held):
    held.log.submit(TaskClaim('scan'), session=OTHER, stamp_ms=LEASE_MS)
    held.holder.settled()
    assert held.fence == 0
    held.run(20.0)
    assert held.under_way == []  # and does not ask for what is another's


def test_a_removed_task_is_held_by_nobody(held):
    held.log.submit(TaskRemove('scan'), session=OTHER)
    held.holder.settled()
    assert held.fence == 0


@pytest.mark.parametrize('command', GIVING_BACK)
def test_who_gives_back_or_finishes_stops_before_the_log_hears_of_it(held, command):
    held.send(command)
    assert held.fence == 0
    held.run(20.0)
    assert held.under_way == [command]


@pytest.mark.parametrize('command', GIVING_BACK)
@pytest.mark.parametrize('under_way', [TaskRenew('scan', 2), TaskClaim('scan')])
def test_what_was_under_way_when_it_gave_back_grants_nothing(held, under_way, command):
    held.send(under_way)
    held.send(command)
    held.commit_first()
    assert held.log.state.tasks.get('scan').holder == ME  # by the log it is its own
    assert held.fence == 0
    held.run(20.0)
    assert held.under_way == [command] and held.fence == 0


@pytest.mark.parametrize('command', GIVING_BACK)
def test_a_first_claim_given_back_before_it_is_applied_grants_nothing(command):
    robot = Holder()
    robot.send(TaskClaim('scan'))
    robot.send(command)
    robot.commit_first()
    assert robot.fence == 0
    robot.commit()
    assert robot.fence == 0


def test_who_gave_back_acts_again_under_a_claim_sent_since(held):
    held.send(TaskRenew('scan', 2))
    held.send(TaskRelease('scan', 2))
    held.send(TaskClaim('scan'))
    held.commit_first()
    held.commit_first()
    assert held.fence == 0
    held.commit()
    assert held.fence == 5
    held.run(3.4)
    assert held.under_way == [TaskRenew('scan', 5)]


def test_giving_one_task_back_leaves_what_is_under_way_for_another(held):
    held.log.submit(TaskAdd('carry', LEASE_MS))
    held.send(TaskClaim('carry'))
    held.send(TaskRelease('scan', 2))
    held.commit()
    assert held.holder.held(held.now) == (('carry', 4),)


def test_a_refused_claim_gives_nothing_and_is_told():
    robot = Holder()
    robot.log.submit(TaskClaim('scan'), session=OTHER)
    robot.send(TaskClaim('scan'))
    robot.commit(stamp_ms=100)
    assert robot.fence == 0
    assert robot.holder.take_told() == ('task scan: not granted',)
    robot.run(20.0)
    assert robot.under_way == []


@pytest.mark.parametrize('pause_s', [0.0, 1.0])
def test_a_claim_granted_after_an_earlier_one_was_refused_is_renewed(pause_s):
    robot = Holder()
    robot.log.submit(TaskClaim('scan'), session=OTHER)
    robot.send(TaskClaim('scan'))
    robot.send(TaskClaim('scan'))
    robot.sleep(pause_s)
    robot.run(0.1)
    robot.commit_first()
    robot.log.submit(TaskRelease('scan', 2), session=OTHER)
    robot.commit()
    assert (robot.fence == 5) is (pause_s == 0.0)
    robot.run(3.4)
    assert robot.under_way == [TaskRenew('scan', 5)]
    robot.commit()
    assert robot.fence == 5


def test_a_renewal_that_came_too_late_by_log_time_is_not_asked_for_again(held):
    held.run(3.4)
    held.commit(stamp_ms=LEASE_MS + 1)
    assert held.fence == 0
    held.run(5.0)
    assert held.under_way == []


def test_claiming_again_brings_a_new_fence(held):
    held.send(TaskClaim('scan'))
    assert held.fence == 2
    held.commit()
    assert held.fence == 3


def test_a_claim_that_a_snapshot_passed_over_counts_as_applied():
    robot = Holder()
    robot.send(TaskClaim('scan'))
    for command in robot.under_way:
        robot.log.submit(command, session=ME)
    for number in range(20):  # other robots' commands, all within the snapshot
        robot.log.submit(TaskAdd(f'other{number}', LEASE_MS), session=OTHER)
    robot.holder.settled()
    assert robot.fence == 2


def test_a_suspended_holder_goes_on_with_a_renewal_sent_since(held):
    held.send(TaskRenew('scan', 2))
    held.holder.suspend('while its log is void')
    assert held.fence == 0 and 'suspended while' in held.holder.take_told()[-1]
    held.commit()
    assert held.fence == 0
    held.run(0.1)
    held.commit()
    assert held.fence == 2


def test_a_renewal_that_is_refused_for_good_keeps_no_later_one_from_being_sent(held):
    held.send(TaskRenew('scan', 2))
    held.holder.refused(held.serial)
    held.under_way.clear()
    assert held.fence == 0 and 'not granted' in held.holder.take_told()[-1]
    held.serial = held.log.state.sessions.of(ME).last_serial
    held.send(TaskClaim('scan'))
    held.commit()
    held.run(3.4)
    assert held.under_way == [TaskRenew('scan', 3)]
