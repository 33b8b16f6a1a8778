# SPDX-License-Identifier: Apache-2.0
"""A robot that hears nobody holds, then goes where somebody was, then to the rendezvous."""

from __future__ import annotations

from mission.test_executor import neighbor
import pytest
from swarm_coordination.mission.commands import AssignSlots, encode_command, Envelope, StartMission
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Mode

PATH = StartMission('sweep', Formation('line', 4000), ((0, 0, 0), (90_000, 0, 0)), 600, 3000)
STEP_NS = NS_PER_S // 10
SPEED_MPS = 1.5


class Lost:
    """Robot 1 flies to its target at 1.5 m/s; robots 2 and 3 are heard at first."""

    def __init__(self, mission: StartMission = PATH, **changes: float) -> None:
        self.settings = MissionSettings(**changes)
        self.executor = MissionExecutor(1, self.settings)
        self.state = MissionState()
        for session, command in ((9, mission), (0, AssignSlots(1, 1, (1, 2, 3)))):
            envelope = Envelope(session, min(session, 1), 0, encode_command(command))
            assert self.state.apply(self.state.index + 1, 1, envelope.encode()).applied
        self.now = NS_PER_S
        self.at = (0.0, 0.0, 0.0)
        self.heard, self.age_s = True, 0.1
        self.backed: int | None = None  # newest evidence of a quorum; None: always now
        self.blocked = False
        self.epoch = 2  # that the others fly

    def run(self, seconds: float) -> Mode:
        for _ in range(round(seconds * 10)):
            self.now += STEP_NS
            age_s = self.age_s if self.heard else 99.0
            rows = [
                neighbor(number, 0.0, self.epoch, age_s=age_s)._replace(
                    heard=self.heard, position=at
                )
                for number, at in ((2, (0.0, -5.0, 0.0)), (3, (0.0, -9.0, 0.0)))
            ]
            evidence = self.now if self.backed is None else self.backed
            self.target = self.executor.step(
                self.state, self.at, lambda rows=rows: rows, evidence, False, self.now
            ).target()
            if self.target.mode in (Mode.FLY, Mode.SEEK) and not self.blocked:
                self.at = towards(self.at, self.target.position, SPEED_MPS / 10.0)
        return self.target.mode

    def lose(self) -> Lost:
        self.run(2.0)
        self.heard, self.backed = False, self.now
        return self


def towards(at, goal, step_m):
    way = [goal[axis] - at[axis] for axis in range(3)]
    length = sum(part * part for part in way) ** 0.5
    share = min(1.0, step_m / length) if length else 0.0
    return tuple(at[axis] + share * way[axis] for axis in range(3))


def test_it_holds_then_goes_where_its_nearest_neighbour_was_then_to_the_rendezvous():
    lost = Lost(PATH._replace(rendezvous=(40_000, 3000, 0))).lose()
    lost.run(1.2)
    stood = lost.executor.progress_m
    assert lost.run(1.5) is Mode.FLY
    assert lost.executor.progress_m == stood  # the reference stands: nobody flies with it
    assert lost.run(2.0) is Mode.LEASE_EXPIRED
    assert lost.run(7.5) is Mode.SEEK
    assert lost.target.position == (0.0, -5.0, 0.0)
    assert lost.executor.seeks.text == 'where robot2 was seen last'
    lost.run(20.0)
    assert lost.target.position == (40.0, 3.0, 0.0)
    assert lost.executor.seeks.text == 'the rendezvous'
    lost.run(40.0)
    assert lost.at == pytest.approx((40.0, 3.0, 0.0))


def test_where_others_ought_to_be_near_by_the_mission_it_waits_ten_times_as_long():
    lost = Lost(PATH._replace(formation=Formation('line', 3000), path=((0, 0, 0),))).lose()
    assert lost.run(95.0) is Mode.LEASE_EXPIRED
    assert lost.run(10.0) is Mode.SEEK
    away = Lost(PATH._replace(formation=Formation('line', 3000), path=((0, 0, 0),))).lose()
    away.at = (20.0, 0.0, 0.0)  # it was carried off
    assert away.run(13.0) is Mode.SEEK


def test_a_place_that_cannot_be_reached_is_given_up():
    lost = Lost().lose()
    lost.blocked = True
    lost.run(12.0)
    assert lost.target.position == (0.0, -5.0, 0.0)
    lost.run(11.0)
    assert lost.target.position == (0.0, 0.0, 0.0)  # no rendezvous is named: the path's beginning


def test_a_robot_that_hears_somebody_again_goes_near_until_it_knows_the_assignment():
    lost = Lost().lose()
    assert lost.run(30.0) is Mode.SEEK
    lost.at, lost.heard = (60.0, -5.0, 0.0), True
    lost.epoch = 7  # of an assignment that it has not heard of
    assert lost.run(0.1) is Mode.SEEK
    assert lost.executor.seeks.text == 'near robot2'
    assert lost.target.position == (4.0, -5.0, 0.0)
    lost.backed = None
    assert lost.run(0.1) is Mode.SEEK  # its own slot lies where it was lost
    lost.epoch = 2
    assert lost.run(0.1) is Mode.FLY


def test_word_of_a_leader_alone_does_not_send_it_back_to_its_old_slot():
    lost = Lost().lose()
    lost.run(30.0)
    sought = lost.target.position
    lost.backed = None  # a frame got through, and nobody near is known yet
    assert lost.run(0.2) is Mode.SEEK
    assert lost.target.position == sought


def test_robots_that_found_each_other_without_a_quorum_stand_together():
    lost = Lost().lose()
    lost.run(30.0)
    lost.at, lost.heard, lost.epoch = (3.0, -5.0, 0.0), True, 0
    assert lost.run(0.1) is Mode.LEASE_EXPIRED


def test_a_robot_that_never_heard_anybody_stays():
    lost = Lost()
    lost.heard, lost.backed = False, 0
    assert lost.run(60.0) is Mode.LEASE_EXPIRED


def test_a_robot_that_is_the_quorum_alone_flies_on():
    lost = Lost()
    lost.run(1.0)
    lost.heard = False
    assert lost.run(30.0) is Mode.FLY
    assert lost.executor.progress_m > 10.0


@pytest.mark.parametrize('age_s, goes_to', [(0.3, (0.0, -9.0, 0.0)), (1.2, (0.0, -9.0, 0.0))])
def test_it_goes_where_the_last_whose_link_it_kept_was_not_to_whom_it_merely_heard(age_s, goes_to):
    lost = Lost()
    lost.executor = MissionExecutor(1, lost.settings, lambda robot, at, heard, goals: next(
        (row for row in heard if row.robot == 3 and row.age_s <= 1.0), None
    ))
    lost.run(2.0)
    lost.age_s = age_s  # links no longer count, robots are still heard
    lost.run(0.4)
    lost.lose()
    assert lost.run(13.0) is Mode.SEEK
    assert lost.target.position == goes_to
    assert lost.executor.seeks.text == 'where robot3 was seen last'


def test_what_says_whose_link_is_kept_gets_all_goals_of_the_epoch():
    lost, asked = Lost(), []
    lost.executor = MissionExecutor(1, lost.settings, lambda *told: asked.append(told))
    lost.run(0.1)
    robot, at, heard, goals = asked[-1]
    assert (robot, at, [row.robot for row in heard]) == (1, (0.0, 0.0, 0.0), [2, 3])
    assert goals == {1: (90.0, 4.0, 0.0), 2: (90.0, 0.0, 0.0), 3: (90.0, -4.0, 0.0)}
