# SPDX-License-Identifier: Apache-2.0
"""What a member shows to others: its state, less what still waits for the disk."""

from __future__ import annotations

from swarm_coordination.consensus.election import Election
from swarm_coordination.consensus.messages import Answer, Levels, OneShot, Role
from swarm_coordination.consensus.state import MemberState

_NOTHING_ASKED = OneShot()


def shown(
    state: MemberState, election: Election, one_shot: OneShot | None, answers: tuple[Answer, ...]
) -> Levels:
    """Return everything others may see now."""
    durable = state.journal.durable_state
    current = durable.term == state.term
    role, leader, heartbeat = state.resting_role(), 0, 0
    # A candidacy is a vote for oneself: it is shown once that vote is on disk.
    if current and (state.role is not Role.CANDIDATE or durable.vote == state.member):
        role = state.role
    if current:
        leader = state.following.leader
    if state.leadership is not None:
        heartbeat = state.leadership.heartbeat
    elif leader and state.intact:  # a disk that may have forgotten a vote proves nothing
        heartbeat = state.following.heartbeat
    campaigning = role is Role.PRE_CANDIDATE
    fields = (  # of Levels in their order: made with every heartbeat
        durable.term,
        role,
        durable.vote,
        leader,
        state.log.last_index,
        state.log.last_term,
        state.commit,
        heartbeat,
        *state.acknowledged,
        state.term + 1 if campaigning else 0,
        election.attempt if campaigning else 0,
        *election.grant,
        state.fitness,
        state.forced and role is Role.CANDIDATE,
        one_shot if current and one_shot is not None else _NOTHING_ASKED,
        answers,
    )
    return tuple.__new__(Levels, fields)
