# SPDX-License-Identifier: Apache-2.0
"""
What a leader does beyond Raft: it turns intents and its own plans into log entries.

A robot shows its oldest unapplied intents in its row; whoever leads appends those it has not
appended yet, in the order of their serials. Nothing is forwarded, so nothing has to be resent:
a new leader sees the same rows. What it appends twice (it cannot know what a former leader's
uncommitted entries become) the session table applies once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.epochs import epoch_of
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mesh.rows import Intent
from swarm_coordination.mission.commands import (
    AssignSlots,
    encode_command,
    Envelope,
)
from swarm_coordination.mission.log_time import LogClock
from swarm_coordination.mission.sessions import SESSIONS_MAX
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import EntryKind

# Of the bytes that may wait for commitment the leader's own commands take one part in so many:
# they are there first whenever some are free, and others would have none until they end.
OWN_SHARE = 4


class Leading:
    """
    A leader's proposals during one term; made anew whenever a robot becomes leader.

    ``raft`` must lead when this is made.
    """

    def __init__(self, raft: Raft, state: MissionState, now: int) -> None:
        self.term = raft.term
        self._raft = raft
        self._state = state
        # Next serial to propose, by session, where the log holds more than was applied.
        self._next: dict[int, int] = {}
        self._assignment_index = 0
        # Index and bytes of own commands that wait for commitment, and their sum.
        self._own: deque[tuple[int, int]] = deque()
        self._own_bytes = 0
        stamp_ms = state.log_time_ms
        for entry in raft.log.between(state.index, raft.log.last_index):
            if entry.kind is EntryKind.COMMAND:
                stamp_ms = max(stamp_ms, self._note(entry.index, entry.payload))
        self.clock = LogClock(stamp_ms, now)

    @property
    def assignment_pending(self) -> bool:
        """Whether a slot assignment is in the log and not yet applied."""
        return self._assignment_index > self._state.index

    def next_serial(self, session: int) -> int:
        """Return the serial of a session that is to be appended next."""
        return max(self._next.get(session, 1), self._state.sessions.next_serial(session))

    def propose_intents(self, session: int, intents: Iterable[Intent], now: int) -> int:
        """
        Append those intents of one session that are next; return how many were.

        Stops at a gap (an earlier intent is not shown yet) and where Raft refuses more. In a
        forced cluster a robot whose log is joined shows first what follows all that it has seen
        applied: a gap before that is of a history made void, and stays one.
        """
        proposed = 0
        if session in self._state.removed:
            return proposed  # it would be refused every time, and shown again for ever
        if not self._has_session(session):
            return proposed  # neither applied nor refused for good: it waits for one to end
        joined = epoch_of(self.term) > 0 and self._raft.match_of(session) > 0
        for place, intent in enumerate(intents):
            expected = self.next_serial(session)
            if intent.serial < expected:
                continue
            if intent.serial > expected and (place or not joined):
                break
            if not self._append(session, intent.serial, intent.payload, now):
                break
            self._next[session] = intent.serial + 1
            proposed += 1
        return proposed

    def _has_session(self, robot: int) -> bool:
        """Whether ``robot`` has a session, or gets one, by all that the log holds."""
        sessions = self._state.sessions
        if robot in sessions or robot in self._next:
            return True
        coming = sum(
            other not in sessions and other not in self._state.removed for other in self._next
        )
        return len(sessions) + coming < SESSIONS_MAX

    def _own_waits(self) -> bool:
        """Whether as much of the own commands waits for commitment as may."""
        while self._own and self._own[0][0] <= self._raft.commit:
            self._own_bytes -= self._own.popleft()[1]
        return self._own_bytes >= self._raft.settings.uncommitted_max_bytes // OWN_SHARE

    def propose_assignment(self, command: AssignSlots, now: int) -> None:
        """Append a slot assignment of our own; it needs no session: it names its epoch."""
        try:
            encoded = encode_command(command)
        except CommandError:
            return  # beyond what a command can say: planned anew with the next table
        if self._append(0, 0, encoded, now):
            self._assignment_index = self._raft.log.last_index

    def _append(self, session: int, serial: int, command: bytes, now: int) -> bool:
        is_own = session == self._raft.member
        if is_own and self._own_waits():
            return False
        try:
            data = Envelope(session, serial, self.clock.stamp_ms(now), command).encode()
            index = self._raft.propose(data, now)
        except (ProposalRefused, CommandError):
            return False  # shown again with the next row, by when there may be room
        if is_own:
            self._own.append((index, len(data)))
            self._own_bytes += len(data)
        return True

    def _note(self, index: int, payload: bytes) -> int:
        """Remember what a former leader's entry would do when it commits; return its stamp."""
        if not payload:
            return 0
        try:
            envelope = Envelope.decode(payload)
        except CommandError:
            return 0  # refused alike by every robot when it is applied
        if envelope.session:
            after = max(self._next.get(envelope.session, 1), envelope.serial + 1)
            self._next[envelope.session] = after
        else:  # only slots are assigned without a session
            self._assignment_index = index
        return envelope.stamp_ms


def leads(raft: Raft) -> bool:
    """Whether ``raft`` is the leader of its term."""
    return raft.role is Role.LEADER
