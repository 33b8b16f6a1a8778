# SPDX-License-Identifier: Apache-2.0
"""
What a leader knows of its voters during one term: acknowledgements and echoes.

CheckQuorum (Ongaro 2014, section 6.2) goes by the *sending* time of the newest heartbeat that
a voter echoed. An echo that wandered for seconds through relays therefore proves no more than
it should, and no clock but the leader's own is read.
"""

from __future__ import annotations

from collections import deque

from swarm_coordination.consensus.quorum import Membership


class Leadership:
    """State of a leader; made anew for every term it wins."""

    def __init__(self, member: int, membership: Membership, window_ns: int, now: int) -> None:
        self.heartbeat = 0  # number of the newest heartbeat
        self.beat_at = now  # when the next one is due
        self._member = member
        self._membership = membership
        self._window_ns = window_ns
        self._match: dict[int, int] = {}
        # Those who elected it spoke a moment ago: the others get one window to show up.
        self._contact = dict.fromkeys(membership.voters, now)
        # Heartbeats young enough to count; at most the window over the period of them.
        self._sent: deque[tuple[int, int]] = deque()

    def beat(self, period_ns: int, now: int) -> None:
        """Send another heartbeat."""
        self.heartbeat += 1
        self.beat_at = now + period_ns
        self._sent.append((self.heartbeat, now))
        while self._sent and now - self._sent[0][1] > self._window_ns:
            self._sent.popleft()
        self._contact[self._member] = now

    def echoed(self, voter: int, number: int) -> None:
        """Note that ``voter`` has heard heartbeat ``number``."""
        if voter not in self._contact or number > self.heartbeat:
            return
        sent_at = next((at for sent, at in self._sent if sent == number), None)
        if sent_at is not None:
            self._contact[voter] = max(self._contact[voter], sent_at)

    def acknowledged(self, voter: int, index: int) -> None:
        """Note that ``voter`` holds the log durably up to ``index``."""
        self._match[voter] = max(self._match.get(voter, 0), index)

    def committable(self) -> int:
        """Greatest index that a majority of the voters holds durably."""
        return self._membership.reached(self._match) or 0

    def quorum_at(self) -> int:
        """Latest time at which a majority of the voters is known to have followed."""
        contact = self._membership.reached(self._contact)
        assert contact is not None, 'a leader without voters'
        return contact

    def has_quorum(self, now: int) -> bool:
        """Whether a majority has echoed a heartbeat sent within the window."""
        self._contact[self._member] = now
        return now - self.quorum_at() <= self._window_ns
