# SPDX-License-Identifier: Apache-2.0
"""What is recorded is true, and bounded."""

from __future__ import annotations

import math

import pytest
from scenario.records import IDS, ROBOTS, status
from scenario.stage import PuppetSwarm
from swarm_coordination.mission.commands import AssignSlots, encode_command, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent
from swarm_coordination.scenario import recorder as recording
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.recorder import algebraic_connectivity, connected, Recorder

LINE = StartMission('line', Formation('line', 2000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)


def log(recorder: Recorder, *commands: object) -> None:
    """Have a robot apply commands."""
    for index, command in enumerate(commands, start=1):
        text = encode_command(command).decode()
        recorder.committed(0.0, 'r1', 1, CommittedEntry(index, 1, 0, 0, 0, text, True, ''))


def in_line(
    swarm: PuppetSwarm, shift: tuple[float, float] = (0.0, 0.0), dimensions: int = 3
) -> Recorder:
    """Put the swarm where a line abreast of 2 m wants it, moved by ``shift``."""
    recorder = Recorder(ROBOTS, 0.6, dimensions=dimensions)
    log(recorder, LINE, AssignSlots(1, 0, tuple(IDS.values())))
    for slot, name in enumerate(ROBOTS):
        swarm.said[name] = status(name, epoch=2, slot=slot)
        y = 4.0 - 2.0 * slot
        swarm.places[name] = TrueState(shift[0], y + shift[1], 0.0, 0.0, 0.0, 0.0, 0.0)
    return recorder


def test_robots_in_their_places_have_no_error():
    swarm = PuppetSwarm()
    error = in_line(swarm).take(1.0, swarm).formation

    assert error is not None
    assert error == (5, 0.0, 0.0, 0.0)


def test_a_common_shift_is_no_error_of_shape_but_of_place():
    swarm = PuppetSwarm()
    error = in_line(swarm, (3.0, 4.0)).take(1.0, swarm).formation

    assert error is not None
    assert error.rmse_m == pytest.approx(0.0, abs=1e-12)
    assert error.absolute_m == pytest.approx(5.0)


@pytest.mark.parametrize(('dimensions', 'error_m'), [(2, 0.0), (3, 1.5)])
def test_heights_are_judged_where_they_are_commanded(dimensions: int, error_m: float):
    swarm = PuppetSwarm()
    recorder = in_line(swarm, dimensions=dimensions)
    for name, at in swarm.places.items():
        swarm.places[name] = at._replace(z=1.5 if name == 'r1' else 0.0)
    error = recorder.take(1.0, swarm).formation

    assert error is not None
    assert error.absolute_m == error_m
    assert (error.max_m > 0.0) == (dimensions == 3)


def test_one_robot_out_of_place_shows_in_rmse_and_maximum():
    swarm = PuppetSwarm()
    recorder = in_line(swarm)
    swarm.places['r3'] = swarm.places['r3']._replace(x=1.0)
    error = recorder.take(1.0, swarm).formation

    assert error is not None
    # The best translation moves the mean by 0.2 m: one robot is 0.8 m off, four 0.2 m.
    assert error.rmse_m == pytest.approx(math.sqrt((0.64 + 4 * 0.04) / 5))
    assert error.max_m == pytest.approx(0.8)


def test_there_is_no_formation_while_one_robot_has_no_slot_of_the_newest_epoch():
    swarm = PuppetSwarm()
    recorder = in_line(swarm)
    swarm.said['r2'] = status('r2', epoch=1)

    assert recorder.take(1.0, swarm).formation is None


def test_the_least_distance_of_every_step_is_kept():
    swarm, recorder = PuppetSwarm(), Recorder(ROBOTS, 0.6)
    recorder.closest(0.1, 0.5, 'r1', 'r2')
    recorder.closest(0.2, 2.0, 'r1', 'r3')

    assert recorder.take(0.3, swarm).min_distance_m == 0.5
    assert recorder.take(0.3, swarm).min_distance_m == 0.5
    recorder.closest(0.4, 3.0, 'r1', 'r2')
    assert recorder.take(0.5, swarm).min_distance_m == 3.0
    assert recorder.record.min_distance_at == (0.1, 'r1', 'r2')


def test_a_status_is_kept_when_something_of_the_protocol_changed():
    recorder = Recorder(ROBOTS, 0.6)
    recorder.status(1.0, 'r1', status('r1'))
    recorder.status(2.0, 'r1', status('r1', progress_m=1.0, frames_sent=7))
    recorder.status(3.0, 'r1', status('r1', term=3))

    assert [change.time_s for change in recorder.record.statuses] == [1.0, 3.0]


def test_bytes_add_up_over_the_lives_of_a_process():
    recorder = Recorder(ROBOTS, 0.6)
    for sent in (1000, 5000, 200, 900):
        recorder.status(1.0, 'r1', status('r1', bytes_sent=sent))

    assert recorder.bytes_sent('r1') == 5900


def test_the_record_is_bounded_and_says_what_it_dropped(monkeypatch):
    monkeypatch.setattr(recording, 'COMMITS_MAX', 2)
    recorder = Recorder(ROBOTS, 0.6)
    log(recorder, LINE, LINE, LINE)

    assert len(recorder.record.commits) == 2
    assert recorder.record.dropped == 1


def test_samples_come_at_their_rate_however_often_one_looks():
    swarm, recorder = PuppetSwarm(), Recorder(ROBOTS, 0.6)
    for step in range(100):
        recorder.sample(step * 0.02, swarm)

    assert len(recorder.record.samples) == pytest.approx(20, abs=1)


def test_lambda2_of_known_graphs():
    complete = tuple((a, b) for a in range(5) for b in range(a + 1, 5))
    path = ((0, 1), (1, 2), (2, 3))

    assert algebraic_connectivity([0, 1, 2, 3, 4], complete) == pytest.approx(5.0)
    expected = 2.0 * (1.0 - math.cos(math.pi / 4.0))
    assert algebraic_connectivity([0, 1, 2, 3], path) == pytest.approx(expected)
    assert algebraic_connectivity([0, 1, 3], path) == pytest.approx(0.0, abs=1e-12)


def test_connectivity_counts_running_robots_only():
    path = ((0, 1), (1, 2))

    assert connected([0, 1, 2], path)
    assert not connected([0, 2], path)
    assert connected([0], ())


def test_a_snapshot_counts_as_applied_what_others_applied_up_to_its_index():
    recorder = Recorder(ROBOTS, 0.6)
    for index in (1, 2, 3):
        recorder.committed(0.0, 'r1', 1, CommittedEntry(index, 1, 77, index, 0, '{}', True, ''))
    recorder.committed(0.0, 'r2', 1, CommittedEntry(1, 1, 77, 1, 0, '{}', True, ''))
    recorder.event(1.0, 'r2', RobotEvent(0, 'snapshot_installed', 'by a snapshot', 2), 1)

    assert {key for key in recorder.applied if key[0] == 'r2'} == {('r2', 77, 1), ('r2', 77, 2)}
    recorder.event(2.0, 'r1', RobotEvent(0, 'snapshot_installed', 'at a start', 1), 2)
    assert {key for key in recorder.applied if key[0] == 'r1'} == {('r1', 77, 1)}
    assert [(jump.robot, jump.life, jump.index) for jump in recorder.record.jumps] == [
        ('r2', 1, 2), ('r1', 2, 1)
    ]
