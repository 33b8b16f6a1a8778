# SPDX-License-Identifier: Apache-2.0
"""Frames recorded in one run of a swarm and sent again, under the same key, into a later one."""

import json
import random

from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.observer import Observer
from swarm_coordination.units import NS_PER_MS

ROBOTS = 5
REPLAYED_MS = 2  # one to everybody: 500 a second, five times what the swarm itself sends


class Tape(Observer):
    """Keeps all frames, and what robots tell and apply."""

    def __init__(self):
        self.frames, self.events, self.applied = [], [], [[] for _ in range(ROBOTS)]

    def after(self, node, core, output, now):
        self.frames += output.frames
        self.events += [(node.number, event.kind, event.text) for event in output.events]
        self.applied[node.number] += [entry.command for entry in output.committed]

    def told(self, *kinds):
        return [event for event in self.events if event[1] in kinds]


def put(key):
    return json.dumps({'kind': 'put', 'key': key, 'value': 'x'})


def first_run(arena, tape):
    """Elect, commit, change leaders once, and end every process; return the frames of all that."""
    arena.watch(tape)
    leader = arena.run_until(arena.agreed_leader, 5.0)
    arena.propose(0, put('first'))
    arena.stop(1, 1)
    arena.run(1.0)
    arena.kill(leader.number)
    arena.run(3.0)
    arena.restart(leader.number)
    arena.run(2.0)
    for robot in range(ROBOTS):
        arena.kill(robot)
    frames = tuple(tape.frames)
    assert len(frames) > 300
    return frames


def later_run(arena, tape, frames):
    """Start all again; with ``frames`` in the air from before the first process on."""
    rng = random.Random('earlier')

    def replay(now):
        frame = rng.choice(frames)
        for node in arena.nodes:
            if node.runs:
                node.receive(frame, now)
        arena.queue.push(now + REPLAYED_MS * NS_PER_MS, replay)

    tape.frames.clear()
    tape.events.clear()
    for commands in tape.applied:
        commands.clear()
    if frames:
        replay(arena.queue.now)
    for robot in range(ROBOTS):
        arena.restart(robot)
        arena.run(0.05)
    leader = arena.run_until(arena.agreed_leader, 5.0)
    assert leader is not None
    begun = [arena.status(robot) for robot in range(ROBOTS)]
    for number in range(5):
        arena.propose(number, put(f'later{number}'))
        arena.run(1.0)
    ended = [arena.status(robot) for robot in range(ROBOTS)]
    assert {status.leader_name for status in ended} == {f'r{leader.number + 1}'}
    assert {s.term for s in begun} == {s.term for s in ended}
    return begun, ended


def test_frames_of_an_earlier_run_change_no_decision_of_a_later_one():
    for seed in range(3):
        runs = []
        for replaying in (False, True):
            arena, tape = Arena(ROBOTS, seed), Tape()
            frames = first_run(arena, tape)
            begun, ended = later_run(arena, tape, frames if replaying else ())
            assert not tape.told('duplicate_storage', 'duplicate_name', 'held_back', 'silent',
                                 'configuration_mismatch')
            for before, after in zip(begun, ended):
                assert after.may_vote and after.quorum and len(after.alive) == ROBOTS
                # Nobody was made to refute anything.
                assert after.incarnation == before.incarnation
                assert replaying == (after.frames_rejected > 1000)
            runs.append([
                [c for c in commands if 'later' in c] for commands in tape.applied
            ])
        assert runs[0] == runs[1]
        assert all(len(commands) == 5 for commands in runs[1])


def test_a_flood_of_replays_is_told_with_its_reason_and_a_swarm_alone_tells_of_none():
    arena, tape = Arena(3, 11), Tape()
    arena.watch(tape)
    assert arena.run_until(arena.agreed_leader, 5.0) is not None
    arena.run(12.0)
    assert tape.told('frames_refused') == []
    rng, frames = random.Random('flood'), tuple(tape.frames[-300:])

    def replay(now):
        arena.nodes[0].receive(rng.choice(frames), now)
        arena.queue.push(now + REPLAYED_MS * NS_PER_MS, replay)

    replay(arena.queue.now)
    arena.run(12.0)
    told = tape.told('frames_refused')
    assert {robot for robot, _, _ in told} == {0}
    assert len(told) == 2  # every ten seconds
    assert 'replay (come before: sent again by somebody)' in told[0][2]
    assert 'own_echo (our own: sent again by somebody)' in told[0][2]
    assert arena.agreed_leader() is not None


def played_in_order(arena, frames, robots):
    """Play frames to some robots in their order, at a beacon's pace, until there are no more."""
    left = iter(frames)

    def play(now):
        frame = next(left, None)
        if frame is not None:
            for robot in robots:
                arena.nodes[robot].receive(frame, now)
            arena.queue.push(now + 20 * NS_PER_MS, play)

    play(arena.queue.now)


def leaders_of(events):
    return [event for event in events if event[1] in ('leader', 'quorum')]


def test_a_tape_in_its_order_makes_a_minority_that_starts_again_follow_nobody():
    arena, tape = Arena(ROBOTS, 7), Tape()
    frames = first_run(arena, tape)[-600:]
    for robots in ((0, 1), (2,)):
        tape.events.clear()
        played_in_order(arena, frames, robots)
        for robot in robots:
            arena.restart(robot)
        for _ in range(60):
            arena.run(0.2)
            assert not any(arena.status(robot).quorum for robot in robots)
        assert not leaders_of(tape.events)
        for robot in robots:
            arena.kill(robot)


def test_a_tape_in_its_order_puts_no_election_of_a_majority_off():
    arena, tape = Arena(ROBOTS, 7), Tape()
    frames = first_run(arena, tape)[-600:]
    last = max(event[2] for event in tape.events if event[1] == 'leader')
    robots = [r for r in range(ROBOTS) if f'leader r{r + 1}' not in last][:3]
    played_in_order(arena, frames, robots)
    for robot in robots:
        arena.restart(robot)
    arena.run(3.0)  # the tape lasts four times as long
    states = [arena.status(robot) for robot in robots]
    assert all(status.quorum for status in states)
    assert {status.leader_name for status in states} <= {f'r{robot + 1}' for robot in robots}
