# SPDX-License-Identifier: Apache-2.0
"""What a member shows to others: its state, less what still waits for the disk."""

from __future__ import annotations

from swarm_coordination.consensus.election import Election
from swarm_coordination.consensus.messages import Answer, Levels, OneShot, Role
from swarm_coordination.consensus.state import MemberState


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
    return Levels(
        term=durable.term,
        role=role,
        vote=durable.vote,
        leader=leader,
        last_index=state.log.last_index,
        last_term=state.log.last_term,
        commit=state.commit,
        heartbeat=heartbeat,
        match_term=state.acknowledged[0],
        match_index=state.acknowledged[1],
        pre_term=state.term + 1 if campaigning else 0,
        pre_attempt=election.attempt if campaigning else 0,
        grant_candidate=election.grant[0],
        grant_term=election.grant[1],
        grant_attempt=election.grant[2],
        fitness=state.fitness,
        forced=state.forced and role is Role.CANDIDATE,
        one_shot=one_shot if current and one_shot is not None else OneShot(),
        answers=answers,
    )
