# SPDX-License-Identifier: Apache-2.0
"""
What a leader knows of the members during one term: acknowledgements and echoes.

CheckQuorum (Ongaro 2014, section 6.2) goes by the *sending* time of the newest heartbeat that
a voter echoed. An echo that wandered for seconds through relays therefore proves no more than
it should, and no clock but the leader's own is read.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from swarm_coordination.consensus.quorum import Membership


class Handover(NamedTuple):
    """A transfer of leadership under way."""

    target: int
    serial: int
    until_ns: int


class Leadership:
    """State of a leader; made anew for every term it wins."""

    def __init__(self, member: int, membership: Membership, window_ns: int, now: int) -> None:
        """Start with ``membership``; ``window_ns`` is how long an echo counts."""
        self.heartbeat = 0  # number of the newest heartbeat
        self.beat_at = now  # when the next one is due
        self.handover: Handover | None = None
        self._member = member
        self._membership = membership
        self._window_ns = window_ns
        # By member, learners too: what they hold decides who of them may become a voter.
        self._match: dict[int, int] = {}
        self._echoed: dict[int, int] = {}
        # Those who elected it spoke a moment ago: the others get one window to show up.
        self._contact = dict.fromkeys(membership.members, now)
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
        self._echoed[self._member] = self.heartbeat

    def reconfigure(self, membership: Membership, now: int) -> None:
        """Count by ``membership`` from now on; who is new in it gets one window to show up."""
        self._membership = membership
        self._contact = {m: self._contact.get(m, now) for m in (self._member, *membership.members)}
        for known in (self._match, self._echoed):
            for gone in [member for member in known if member not in self._contact]:
                del known[gone]

    def echoed(self, voter: int, number: int) -> None:
        """Note that ``voter`` has heard heartbeat ``number``."""
        if voter not in self._contact or number > self.heartbeat:
            return
        if number > self._echoed.get(voter, 0):
            self._echoed[voter] = number
        at = number - self._sent[0][0] if self._sent else -1  # numbers stand without gaps
        if at >= 0:
            self._contact[voter] = max(self._contact[voter], self._sent[at][1])

    def acknowledged(self, voter: int, index: int) -> None:
        """Note that ``voter`` holds the log durably up to ``index``; strangers do not count."""
        if voter not in self._contact:
            return
        self._match[voter] = max(self._match.get(voter, 0), index)

    def match_of(self, member: int) -> int:
        """Greatest index that ``member`` is known to hold durably."""
        return self._match.get(member, 0)

    def followed_at(self, member: int) -> int:
        """Return when the newest heartbeat was sent that ``member`` echoed; 0: none."""
        return self._contact[member] if member in self._echoed else 0

    def confirmed_heartbeat(self) -> int:
        """Greatest number of a heartbeat that a majority has echoed, or one after it."""
        return self._membership.reached(self._echoed) or 0

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
