# SPDX-License-Identifier: Apache-2.0
"""
What a follower knows of the leader of its term, and from where it asks for entries.

``verified`` is the greatest index at which the own log provably equals the leader's: a
committed index (Leader Completeness), or one where index and term agreed (Log Matching).
``probe`` is where the follower hopes that the logs agree. It starts at the end of the own log
and only falls when the leader's term at some index turns out to differ: to the conflict hint
(Ongaro 2014, section 3.5), or in doubling strides, whichever is further, so that even a long
divergence is crossed in a logarithmic number of questions.
"""

from __future__ import annotations

from swarm_coordination.consensus.configuration import configuration_of
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import Append
from swarm_coordination.persistence import Entry, EntryKind


def is_well_formed(append: Append) -> bool:
    """Whether the entries continue (prev_index, prev_term) in the leader's term, all readable."""
    term = append.prev_term
    for index, entry in enumerate(append.entries, append.prev_index + 1):
        if entry.index != index or not term <= entry.term <= append.leader_term:
            return False
        if entry.kind is EntryKind.CONFIGURATION and configuration_of(entry) is None:
            return False
        term = entry.term
    return True


class Following:
    """State of a follower in one term; it writes the log as the leader's entries demand."""

    def __init__(self, log: Log, verified: int) -> None:
        self.leader = 0
        self.heartbeat = 0  # newest number heard of the leader
        self.verified = verified
        self.probe = log.last_index
        self._leader_last = 0  # greatest index the leader is known to hold
        self._leader_commit = 0
        self._log = log
        self._stride = 1

    @property
    def is_complete(self) -> bool:
        """Whether the log holds all that the leader is known to hold."""
        return self._leader_last <= self.verified

    @property
    def committed(self) -> int:
        """Greatest index known to be committed and to be equal in both logs."""
        return min(self._leader_commit, self.verified)

    def heard(self, last_index: int, last_term: int, commit: int) -> None:
        """Take the end of the leader's log: equal ends make equal logs without an entry sent."""
        self._leader_last = max(self._leader_last, last_index)
        self._leader_commit = max(self._leader_commit, commit)
        if self._log.matches(last_index, last_term):
            self.agreed(last_index)
        elif last_index <= self._log.last_index:
            self._differed(last_index, last_term)

    def take(self, append: Append) -> tuple[Entry, ...] | None:
        """
        Put well-formed entries into the log where they fit; return those that were new.

        Everything from the first conflicting index on is cut before. None, and nothing is
        touched, where they contradict what was verified: no correct leader sends that.
        """
        if append.prev_index < self._log.base_index:
            after = self._after_base(append)
            if after is None:
                return None
            append = after
        if not self._log.matches(append.prev_index, append.prev_term):
            self._differed(append.prev_index, append.prev_term)
            return ()
        fresh = append.entries[self._log.first_conflict(append.entries):]
        if fresh:
            if fresh[0].index <= self.verified:
                return None
            self._log.truncate(fresh[0].index)
            for entry in fresh:
                self._log.append(entry)
        self.agreed(append.prev_index + len(append.entries))
        return fresh

    def _after_base(self, append: Append) -> Append | None:
        """Leave out what a snapshot covers; None where that is contradicted."""
        base, term = self._log.base_index, self._log.base_term
        position = base - append.prev_index
        covered, rest = append.entries[:position], append.entries[position:]
        if len(covered) == position and covered[-1].term != term:
            return None
        return append._replace(prev_index=base, prev_term=term, entries=rest)

    def agreed(self, index: int) -> None:
        """Note that the logs are equal up to ``index``."""
        self.verified = max(self.verified, index)
        self._clamp()

    def _differed(self, index: int, term: int) -> None:
        """Note that the leader has ``term`` at ``index`` and the own log has not."""
        if self.verified < index <= self.probe:
            hint = self._log.last_at_most(index - 1, term)
            self.probe = min(hint, index - self._stride)
            self._stride *= 2
        self._clamp()

    def _clamp(self) -> None:
        self.probe = max(self.verified, min(self.probe, self._log.last_index))
