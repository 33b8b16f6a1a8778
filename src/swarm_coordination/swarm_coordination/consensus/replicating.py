# SPDX-License-Identifier: Apache-2.0
"""Rules of replication: a leader appends and commits, a follower takes (Ongaro 2014, 3.5)."""

from __future__ import annotations

from swarm_coordination.consensus.configuration import check_change, configuration_payload
from swarm_coordination.consensus.following import is_well_formed
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.consensus.log import entry_bytes
from swarm_coordination.consensus.messages import Append, AppendResponse, Heartbeat, Role
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.state import MemberState
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.persistence import Entry, EntryKind


class Replicating:
    """A member as leader and as follower."""

    def __init__(self, state: MemberState) -> None:
        self._state = state
        self._uncommitted_bytes = 0

    # ---------------------------------------------------------------- leader

    def begin(self, now: int) -> None:
        """Become leader, with an empty entry to commit what former terms left (6.4, 3.6.2)."""
        state = self._state
        state.role = Role.LEADER
        state.following.leader = state.member
        state.leadership = Leadership(
            state.member, state.membership, state.settings.election_timeout_max_ns, now
        )
        state.leadership.beat(state.settings.heartbeat_period_ns, now)
        state.leadership.acknowledged(state.member, state.journal.durable_index)
        self._uncommitted_bytes = state.log.bytes_after(state.commit)
        self._append_own(Entry(state.log.last_index + 1, state.term, b''), now)

    def propose(self, payload: bytes, now: int) -> int:
        """
        Append ``payload`` to the leader's log and return its index.

        Raises ProposalRefused when this member does not lead, or when the entries waiting for
        commitment have reached their bound.
        """
        state = self._state
        if state.leadership is None:
            raise ProposalRefused(f'member {state.member} does not lead term {state.term}')
        _refuse_while_handing_over(state.leadership)
        entry = Entry(state.log.last_index + 1, state.term, payload)
        size = self._uncommitted_bytes + entry_bytes(entry)
        if size > state.settings.uncommitted_max_bytes:
            raise ProposalRefused(f'{size} bytes would wait for commitment')
        self._append_own(entry, now)
        return entry.index

    def propose_membership(self, membership: Membership, now: int) -> int:
        """
        Append ``membership`` as the configuration from there on; return its index.

        Raises ProposalRefused when this member does not lead; while the configuration before,
        or the first entry of the own term, is not committed (else two leaders could change
        different configurations; section 4.1 and its correction of 2015); and for a change of
        more than one voter. The bound on waiting commands does not hold it up: to leave out a
        dead voter may be what they wait for.
        """
        state = self._state
        if state.leadership is None:
            raise ProposalRefused(f'member {state.member} does not lead term {state.term}')
        _refuse_while_handing_over(state.leadership)
        pending = state.configurations.current
        if pending.index > state.commit:
            raise ProposalRefused(f'configuration {pending.index} is not committed yet')
        if state.log.term_at(state.commit) != state.term:
            raise ProposalRefused(f'nothing of term {state.term} is committed yet')
        check_change(state.membership, membership)
        payload = configuration_payload(membership)
        kind = EntryKind.CONFIGURATION
        entry = Entry(state.log.last_index + 1, state.term, payload, kind)
        self._append_own(entry, now)
        return entry.index

    def lead(self, leadership: Leadership, now: int) -> None:
        """Beat, but only while a majority follows (CheckQuorum, 6.2)."""
        state = self._state
        if not leadership.has_quorum(now):
            state.rest(now)
        elif now >= leadership.beat_at:
            leadership.beat(state.settings.heartbeat_period_ns, now)

    def _append_own(self, entry: Entry, now: int) -> None:
        state = self._state
        state.log.append(entry)
        state.wrote((entry,), now)
        self._uncommitted_bytes += entry_bytes(entry)
        state.following.agreed(entry.index)

    def on_append_response(self, response: AppendResponse, now: int) -> None:
        """Note how far a voter holds the own log on disk."""
        state = self._state
        if state.leadership is None or response.leader_term != state.term:
            return
        voter, index = response.voter, response.match_index
        if index <= state.log.last_index:
            state.leadership.acknowledged(voter, index)
            self.advance_leader_commit(now)

    def advance_leader_commit(self, now: int) -> None:
        """Commit by counting, entries of the own term only (section 3.6.2)."""
        state = self._state
        assert state.leadership is not None
        index = state.leadership.committable()
        if index > state.commit and state.log.term_at(index) == state.term:
            for entry in state.log.between(state.commit, index):
                self._uncommitted_bytes -= entry_bytes(entry)
            state.commit_to(index, now)

    # ---------------------------------------------------------------- follower

    def on_heartbeat(self, beat: Heartbeat, now: int) -> None:
        """Follow the leader of the term; take the end of its log and its commit."""
        state = self._state
        if beat.term < state.term or beat.leader == state.member:
            return
        if beat.term > state.term:
            state.enter_term(beat.term, 0, now)
        if state.role is Role.LEADER or state.following.leader not in (0, beat.leader):
            state.anomalies += 1  # two leaders in one term
            return
        state.concede(now)  # however old it is: it is of this term's leader
        following = state.following
        if beat.proved and beat.number > following.heartbeat:
            # The one event, beside a vote granted, that puts an election off. A number that has
            # merely risen would not do: somebody may be playing what was recorded before.
            state.heard_leader(beat.leader, beat.number, now)
        following.heard(beat.last_index, beat.last_term, beat.commit)
        state.commit_to(following.committed, now)

    def on_append(self, append: Append, now: int) -> None:
        """Check that the entries fit, cut what contradicts them, take them (section 3.5)."""
        state = self._state
        if not is_well_formed(append):
            state.anomalies += 1
            return
        if append.leader_term > state.term:
            state.enter_term(append.leader_term, 0, now)
        if append.leader_term < state.term or state.role is Role.LEADER:
            return
        state.concede(now)
        fresh = state.following.take(append)
        if fresh is None:
            state.anomalies += 1
        else:
            state.wrote(fresh, now)
        state.commit_to(state.following.committed, now)

    def refresh_acknowledgement(self) -> None:
        """Acknowledge what is verified and on disk, under a term that is on disk."""
        state = self._state
        if not state.intact or state.journal.durable_state.term != state.term:
            return
        if state.is_void:
            return  # what was committed before need not be in this leader's log
        index = min(state.following.verified, state.journal.durable_index)
        if (state.term, index) > state.acknowledged:
            state.acknowledged = (state.term, index)


def _refuse_while_handing_over(leadership: Leadership) -> None:
    """Refuse what the target would have to catch up with (section 3.10)."""
    if leadership.handover is not None:
        raise ProposalRefused(f'leadership is being handed over to {leadership.handover.target}')
