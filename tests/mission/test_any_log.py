# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a log: refusals change nothing, and snapshot and restore equal replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import given, Phase, settings
from hypothesis import strategies as st
from mission.log import Log
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    ClientCommand,
    Delete,
    encode_command,
    Envelope,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
)
from swarm_coordination.mission.formations import Formation, Layout
from swarm_coordination.mission.snapshot import decode_state, StateValues
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)

MISSION = StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)
ROBOTS = st.integers(1, 4)
TASK = st.sampled_from(['scan', 'carry'])
ANY_COMMAND = st.one_of(
    st.just(MISSION),
    st.just(MISSION._replace(formation=Formation('groups', 3000, 6000), on_loss='keep_slots')),
    st.builds(
        AssignSlots,
        st.integers(1, 6),
        st.integers(0, 8),
        st.lists(ROBOTS, min_size=1, max_size=4, unique=True).map(tuple),
        st.sampled_from([Layout(), Layout(300, (-1000, 5))]),
    ),
    st.sampled_from([Hold(), Resume(), Abort()]),
    st.builds(
        Put,
        st.sampled_from(['a', 'b']),
        st.text('xyz é"', max_size=5),
        st.none() | st.integers(0, 3),
    ),
    st.builds(lambda issuer, counter: LiftStop(((issuer, counter),)), ROBOTS, st.integers(1, 9)),
    st.builds(RosterRemove, st.integers(4, 9)),
    st.builds(Delete, st.sampled_from(['a', 'b']), st.none() | st.integers(0, 3)),
    st.builds(TaskAdd, TASK, st.sampled_from([1_000, 20_000])),
    st.builds(TaskClaim, TASK),
    st.builds(lambda kind, *rest: kind(*rest),
              st.sampled_from([TaskRenew, TaskRelease, TaskDone]), TASK, st.integers(1, 30)),
    st.builds(TaskRemove, TASK),
    st.just(ClientOpen(10_000)),
    st.builds(ClientClose, st.integers(1, 10)),
)
CLIENTS_OWN = st.builds(
    ClientCommand, st.integers(1, 10), st.integers(1, 4), st.just(Put('c', 'x'))
)
ANY_ENTRY = st.one_of(ANY_COMMAND, CLIENTS_OWN).map(encode_command)

# What fits the state it comes to, or misses it by one.
NEARLY = st.sampled_from([0, 0, 0, -1, 1])


def assignment(near, robots):
    """Assign slots of the mission that is flown, after the epoch in force."""
    def fitting(state):
        mission = state.mission.index if state.mission else 0
        return AssignSlots(max(1, mission + near), max(0, state.epoch + near), robots, Layout())

    return fitting


def at_version(near, key, kind):
    """Write or delete where the key has the version it has."""
    def fitting(state):
        held = state.board.get(key)
        expected = max(0, (held.version if held else 0) + near)
        return Put(key, 'x', expected) if kind is Put else Delete(key, expected)

    return fitting


def of_the_holder(near, task, kind):
    """Ask for what only the holder of a task may, under its fence."""
    def fitting(state):
        held = state.tasks.get(task)
        return kind(task, max(1, (held.fence if held else 0) + near))

    return fitting


def of_a_client(near, inner):
    """Ask for the next in the newest session of a client."""
    def fitting(state):
        sessions = state.clients.items()
        session, client = sessions[-1] if sessions else (1, None)
        last = client.session.last_serial if client else 0
        command = inner(state)
        return ClientCommand(session, max(1, last + 1 + near), command)

    return fitting


AT_VERSION = st.builds(
    at_version, NEARLY, st.sampled_from(['a', 'b']), st.sampled_from([Put, Put, Delete])
)
FITTING = st.one_of(
    st.builds(assignment, NEARLY, st.permutations([1, 2, 3, 4]).map(lambda ids: tuple(ids[:3]))),
    AT_VERSION,
    st.builds(of_the_holder, NEARLY, TASK, st.sampled_from([TaskRenew, TaskRelease, TaskDone])),
    st.builds(of_a_client, NEARLY, AT_VERSION),
    *[ANY_COMMAND.map(lambda command: lambda state: command)] * 2,
)


class Submission(NamedTuple):
    """One entry; ``ahead`` is how far its serial is from the next one of its session."""

    session: int
    ahead: int
    stamp_ms: int
    command: bytes | Callable[[MissionState], object]

    def payload(self, state):
        """Return the entry as it comes to this state."""
        serial = max(0, state.sessions.next_serial(self.session) + self.ahead)
        command = self.command
        data = command if isinstance(command, bytes) else encode_command(command(state))
        return Envelope(self.session, serial, self.stamp_ms, data).encode()


# JSON that reads as infinite: Python has a float for it, and JSON has no form.
INFINITE = st.builds(
    lambda number, text: text.replace('N', number).encode(),
    st.sampled_from(['1e400', '-1e400', '1E999', '9' * 400 + '.0']),
    st.sampled_from([
        'N', '[N]', '{"expected":N,"key":"a","kind":"put","value":"b"}', '{"kind":N}',
        '{"command":{"kind":"hold","x":N},"kind":"client","serial":1,"session":1}',
    ]),
)
STAMPS = st.integers(0, 50) | st.integers(0, 30_000)
SUBMISSIONS = st.builds(
    Submission,
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
    STAMPS,
    ANY_ENTRY | st.binary(max_size=12) | INFINITE,
)
WORKING = st.builds(Submission, st.integers(1, 4), st.sampled_from([0] * 9 + [1]), STAMPS, FITTING)
# A swarm at work, and whatever else a log may hold.
ENTRIES = st.one_of(
    st.lists(WORKING, min_size=25, max_size=40),
    st.lists(SUBMISSIONS | st.just(b'') | st.binary(max_size=12), max_size=30),
)


# Not shrunk: a log of forty entries would be played for minutes.
WHOLE = settings(max_examples=150, phases=(Phase.explicit, Phase.reuse, Phase.generate))


def payload_of(entry, state):
    """Return the bytes of an entry as it comes to this state."""
    return entry if isinstance(entry, bytes) else entry.payload(state)


@WHOLE
@given(ENTRIES, st.integers(0, 40))
def test_snapshot_and_restore_equal_a_replay_of_the_whole_log(entries, cut):
    replayed, restored = MissionState(), MissionState()
    for index, entry in enumerate(entries, 1):
        payload = payload_of(entry, replayed)
        whole = replayed.apply(index, 1 + index // 10, payload)
        assert restored.apply(index, 1 + index // 10, payload) == whole
        if index == cut:
            restored = MissionState.restore(restored.snapshot())
        assert restored.digest() == replayed.digest()
    assert restored.snapshot() == replayed.snapshot()


@given(INFINITE, st.integers(0, 4))
def test_a_number_that_is_not_finite_is_refused_and_uses_up_its_serial(command, session):
    state = MissionState()
    serial = 1 if session else 0
    done = state.apply(1, 1, Envelope(session, serial, 0, command).encode())
    assert not done.applied
    assert 'is not valid: finite numbers' in done.result
    assert state.sessions.next_serial(session or 1) == 1 + serial
    assert MissionState.restore(state.snapshot()).digest() == state.digest()


@WHOLE
@given(ENTRIES)
def test_what_is_refused_changes_nothing_but_how_far_sessions_are(entries):
    log, before = Log(), StateValues()
    for entry in entries:
        done = log.append(payload_of(entry, log.state))
        after = decode_state(log.state.snapshot())
        if not done.applied:
            kept = after._replace(
                index=before.index, term=before.term, log_time_ms=before.log_time_ms,
                sessions=before.sessions, clients=before.clients,
            )
            assert kept == before
            used = dict(after.sessions).items() - dict(before.sessions).items()
            assert {robot for robot, _ in used} <= {done.session}
            assert not used or done.result.startswith('refused: ')
        before = after
