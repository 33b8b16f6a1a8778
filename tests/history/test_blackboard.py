# SPDX-License-Identifier: Apache-2.0
"""The blackboard of the mission state is the register that histories are checked against."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from mission.log import Log
from swarm_coordination.history.checking import check, Verdict
from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request
from swarm_coordination.mission.blackboard import TOMBSTONES_MAX
from swarm_coordination.mission.commands import Delete, Put
from swarm_coordination.mission.state import MissionState

STEP = st.tuples(
    st.sampled_from(['put', 'put', 'delete', 'read', 'restore', 'forget']),
    st.sampled_from(['a', 'b']),
    st.none() | st.integers(0, 4),
)


@settings(max_examples=150)
@given(st.lists(STEP, max_size=40))
def test_what_the_blackboard_answers_is_what_the_register_would(steps):
    log, events = Log(), []
    for number, (what, key, expected) in enumerate(steps):
        if what == 'restore':
            log.state = MissionState.restore(log.state.snapshot())
            continue
        if what == 'forget':
            for other in range(TOMBSTONES_MAX + 1):
                log.submit(Put(f'{number}/{other}', ''))
                log.submit(Delete(f'{number}/{other}'))
            continue
        if what == 'read':
            held = log.state.board.get(key)
            request = Request(Kind.READ, key)
            answer = Answer(Outcome.OK, *(held or (None, 0)))
        else:
            put = what == 'put'
            value = f'v{number}' if put else None
            command = Put(key, f'v{number}', expected) if put else Delete(key, expected)
            request = Request(Kind.WRITE if put else Kind.DELETE, key, value, expected=expected)
            applied = log.submit(command)
            answer = Answer(Outcome.MISMATCH)
            if applied.applied:
                answer = Answer(Outcome.OK, version=int(applied.result.removeprefix('version ')))
        events += [Event('p', request), Event('p', request, answer)]

    assert check(events, versioned=True).verdict is Verdict.LINEARIZABLE
