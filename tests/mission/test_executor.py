# SPDX-License-Identifier: Apache-2.0
"""One robot's flight: modes, lease, and progress that waits for the others without a clock."""

from functools import partial
import math

import pytest
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    encode_command,
    Envelope,
    Hold,
    Resume,
    StartMission,
)
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import Liveness, Mode, NeighborState

MISSION = StartMission('patrol', Formation('line', 4000), ((0, 0, 0), (30_000, 0, 0)), 600, 5000)
STEP_NS = 50 * NS_PER_MS


class Flight:
    """
    Robots that share one committed state and hear each other with a delay.

    Each stands exactly in its slot unless `stuck` names it; `cut` ones hear and are heard by
    nobody.
    """

    def __init__(self, robots=(1, 2, 3), mission=MISSION, delay_steps=3):
        self.settings = MissionSettings()
        self.state = MissionState()
        self.submit(mission)
        self.submit(AssignSlots(1, 1, tuple(robots)))
        self.executors = {robot: MissionExecutor(robot, self.settings) for robot in robots}
        self.targets = {}
        self.stuck = {}
        self.cut = set()
        self.silent = set()
        self.no_evidence = set()
        self.history = [{}] * delay_steps
        self.delay_steps = delay_steps
        self.now = 0
        self.evidence = 0

    def submit(self, command):
        serial = self.state.sessions.next_serial(9)
        payload = Envelope(9, serial, 0, encode_command(command)).encode()
        assert self.state.apply(self.state.index + 1, 1, payload).applied

    def neighbors(self, robot):
        seen = self.history[-self.delay_steps]
        if robot in self.cut:
            return []
        return [
            neighbor(other, *seen[other], silent=other in self.silent)
            for other in sorted(seen)
            if other != robot and other not in self.cut
        ]

    def run(self, seconds):
        for _ in range(round(seconds * NS_PER_S / STEP_NS)):
            self.now += STEP_NS
            for robot, executor in self.executors.items():
                evidence = self.evidence if robot in self.no_evidence else self.now
                target = self.targets.get(robot)
                position = self.stuck.get(robot, target.position if target else (0.0, 0.0, 0.0))
                self.targets[robot] = executor.step(
                    self.state, position, partial(self.neighbors, robot), evidence, False, self.now
                ).target()
            self.history.append(
                {r: (e.progress_m, e.progress_epoch) for r, e in self.executors.items()}
            )
        return self

    def progress(self, robot):
        return self.executors[robot].progress_m


def neighbor(robot, progress_m, epoch, silent=False, age_s=0.1, same=True):
    liveness = Liveness.SILENT if silent else Liveness.ALIVE
    nowhere = (0.0, 0.0, 0.0)
    return NeighborState(
        robot,
        f'robot{robot}',
        nowhere,
        nowhere,
        0.0,
        epoch,
        age_s,
        liveness,
        True,
        (),
        progress_m,
        epoch,
        same,
    )


def single(
    state,
    executor=None,
    now=NS_PER_S,
    evidence_ns=NS_PER_S,
    stopped=False,
    others=(),
    position=(0.0, 0.0, 0.0),
):
    executor = executor or MissionExecutor(1, MissionSettings())
    return executor.step(state, position, lambda: others, evidence_ns, stopped, now).target()


def test_robots_fly_the_path_together_at_the_mission_speed_and_stop_at_its_end():
    flight = Flight().run(11)
    target = flight.targets[2]
    assert target.mode is Mode.FLY
    assert (target.slot, target.slots, target.epoch) == (1, 3, 2)
    assert flight.progress(2) == pytest.approx(0.6 * 10, rel=0.12)
    assert target.position == (round(flight.progress(2), 3), 0.0, 0.0)
    assert target.velocity[0] == pytest.approx(0.6, rel=0.05)
    flight.run(60)
    assert flight.targets[2].position == (30.0, 0.0, 0.0)
    assert flight.targets[2].velocity == (0.0, 0.0, 0.0)


def test_progress_stays_together_over_delays_without_a_common_clock():
    flight = Flight(robots=(1, 2, 3, 4, 5), delay_steps=6).run(20)
    values = [flight.progress(robot) for robot in flight.executors]
    assert max(values) - min(values) < 0.3


def test_the_swarm_waits_for_a_robot_that_is_off_its_place():
    flight = Flight().run(2)
    flight.stuck[1] = (0.0, 40.0, 0.0)
    before = [flight.progress(robot) for robot in (1, 2, 3)]
    flight.run(10)
    moved = [flight.progress(r) - b for r, b in zip((1, 2, 3), before)]
    crawl = 0.6 * 10 * flight.settings.progress_crawl
    assert crawl - 0.01 < moved[0] < crawl * flight.settings.progress_catch_up + 0.01
    assert max(moved[1:]) < moved[0] + flight.settings.progress_lead_max_m + 0.1


def test_a_robot_that_is_off_its_place_for_good_does_not_stop_the_swarm_for_good():
    flight = Flight()
    flight.stuck[1] = (0.0, 40.0, 0.0)
    assert flight.run(30).progress(3) > 3.0


def test_nobody_waits_for_a_silent_robot():
    flight = Flight().run(2)
    stopped = flight.executors.pop(3)
    flight.silent.add(3)
    flight.history = [{**seen, 3: (stopped.progress_m, 2)} for seen in flight.history]
    start = flight.progress(1)
    for _ in range(100):
        flight.run(0.05)
        flight.history[-1][3] = (stopped.progress_m, 2)
    assert flight.progress(1) - start == pytest.approx(0.6 * 5, rel=0.1)


@pytest.mark.parametrize(
    'stale',
    [
        {'age_s': math.inf},
        {'age_s': 2.5},
        {'same': False},
        {'epoch': 1},
        {'epoch': 3},
        {'epoch': 0},
    ],
)
def test_progress_that_is_old_or_of_another_mission_counts_for_nothing(stale):
    flight = Flight(robots=(1, 2)).run(2)
    executor = flight.executors[1]
    before = executor.progress_m
    row = neighbor(2, 1000.0, **{'epoch': 2, **stale})
    single(flight.state, executor, flight.now + STEP_NS, flight.now, others=[row])
    assert executor.progress_m < before + 0.1


def test_a_robot_behind_catches_up_and_one_far_behind_jumps():
    flight = Flight().run(5)
    late = flight.executors[1]
    late._progress_m -= 1.0
    flight.run(6)
    assert flight.progress(2) - flight.progress(1) < 0.4
    late._progress_m -= 2.9
    flight.run(0.1)
    assert flight.progress(2) - flight.progress(1) < 0.4


def test_a_restarted_robot_joins_at_its_neighbours_progress_and_holds_up_nobody():
    flight = Flight().run(10)
    before = flight.progress(2)
    flight.executors[1] = MissionExecutor(1, flight.settings)
    assert flight.executors[1].progress_epoch == 0
    flight.run(0.1)
    assert flight.progress(1) == pytest.approx(before, abs=0.2)
    assert flight.progress(2) >= before
    assert flight.executors[1].progress_epoch == 2


def test_progress_goes_on_over_a_new_assignment_of_the_same_mission():
    flight = Flight().run(5)
    before = flight.progress(1)
    flight.submit(AssignSlots(1, 2, (3, 1)))
    flight.run(0.05)
    assert flight.progress(1) >= before
    assert (flight.targets[1].slot, flight.targets[1].slots) == (1, 2)
    assert (flight.targets[2].slot, flight.targets[2].mode) == (-1, Mode.IDLE)


def test_a_new_mission_starts_at_its_beginning():
    flight = Flight().run(5)
    flight.submit(MISSION)
    flight.run(0.05)
    assert {target.mode for target in flight.targets.values()} == {Mode.IDLE}
    assert flight.progress(1) == 0.0
    flight.submit(AssignSlots(3, 3, (1, 2, 3)))
    assert 0.0 < flight.run(2).progress(1) < 1.3


def test_a_robot_without_a_slot_stands_as_it_is():
    state = Flight().state
    target = single(state, MissionExecutor(77, MissionSettings()), position=(1.23456, 2.0, 0.0))
    assert (target.mode, target.slot, target.slots) == (Mode.IDLE, -1, 3)
    assert target.position == (1.235, 2.0, 0.0)
    assert target.velocity == (0.0, 0.0, 0.0)


def test_without_a_mission_a_robot_stands():
    target = single(MissionState(), position=None)
    assert (target.mode, target.epoch, target.position) == (Mode.IDLE, 0, (0.0, 0.0, 0.0))


def test_a_lease_ends_on_the_local_clock_and_the_robot_freezes_until_evidence_returns():
    flight = Flight().run(4)
    flight.no_evidence.add(1)
    flight.cut.add(1)
    flight.evidence = flight.now
    flight.run(5.0)
    assert flight.targets[1].mode is Mode.FLY
    flight.run(0.05)
    assert flight.targets[1].mode is Mode.LEASE_EXPIRED
    assert flight.targets[1].velocity == (0.0, 0.0, 0.0)
    frozen = flight.progress(1)
    flight.run(5)
    assert flight.progress(1) == frozen
    assert flight.executors[1].progress_epoch == 0
    flight.no_evidence.clear()
    flight.cut.clear()
    flight.run(0.2)
    assert flight.targets[1].mode is Mode.FLY
    assert flight.progress(1) == pytest.approx(flight.progress(2), abs=0.3)


def test_a_robot_that_never_heard_of_a_quorum_does_not_fly():
    assert single(Flight().state, evidence_ns=None).mode is Mode.LEASE_EXPIRED


def test_hold_keeps_the_slot_and_freezes_progress_and_resume_goes_on():
    flight = Flight().run(3)
    flight.submit(Hold())
    flight.run(0.05)
    held = flight.progress(1)
    target = flight.run(3).targets[1]
    assert (target.mode, target.velocity) == (Mode.HOLD, (0.0, 0.0, 0.0))
    assert flight.progress(1) == held
    flight.submit(Resume())
    assert flight.run(1).progress(1) > held + 0.4


def test_the_mode_that_stops_hardest_wins():
    flight = Flight().run(3)
    flight.submit(Hold())
    late = flight.now + 6 * NS_PER_S
    executor = flight.executors[1]
    assert single(flight.state, executor, late, flight.now).mode is Mode.LEASE_EXPIRED
    flight.submit(Abort())
    assert single(flight.state, executor, late, flight.now).mode is Mode.ABORTED
    assert single(flight.state, executor, late, flight.now, stopped=True).mode is Mode.STOPPED


def test_time_that_a_paused_process_missed_is_not_flown():
    flight = Flight().run(3)
    executor, before = flight.executors[1], flight.progress(1)
    flight.cut.add(1)
    later = flight.now + 20 * NS_PER_S
    single(flight.state, executor, later, later)
    assert executor.progress_m == before
    assert executor.progress_epoch == 0


def test_a_robot_without_localisation_sets_no_pace():
    flight = Flight().run(3)
    executor, before = flight.executors[1], flight.progress(1)
    single(flight.state, executor, flight.now + STEP_NS, flight.now, position=None)
    assert (executor.progress_m, executor.progress_epoch) == (before, 0)


def test_the_slot_is_turned_by_the_missions_yaw():
    flight = Flight(mission=MISSION._replace(yaw_mrad=1571)).run(0.05)
    assert flight.targets[1].position == pytest.approx((-4.0, 0.0, 0.0), abs=0.002)
    assert flight.targets[1].yaw == 1.571
