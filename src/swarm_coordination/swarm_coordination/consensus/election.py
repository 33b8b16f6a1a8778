# SPDX-License-Identifier: Apache-2.0
"""
Votes asked for and given: the ballot of the own campaign, and requests put aside.

A request that comes while a leader is alive is not heeded (Ongaro 2014, section 4.2.3), but
kept: its sender shows a level and will not ask again before its own time-out. Members lose a
leader at slightly different times; without keeping, the first to notice would waste its round.
"""

from __future__ import annotations

import random

from swarm_coordination.consensus.messages import VoteRequest
from swarm_coordination.consensus.quorum import Membership, Outcome

# Anybody may ask, also who is not in the own configuration yet: as many as the mesh has rows.
DEFERRED_MAX = 64


class Election:
    """Votes for and by one member."""

    def __init__(self, rng: random.Random) -> None:
        # Starts at random: a grant to an attempt of a former life must not look like a new one.
        self.attempt = rng.getrandbits(32)
        # (candidate, prospective term, attempt) of the pre-vote given last.
        self.grant = (0, 0, 0)
        self._votes: dict[int, bool] = {}
        self._deferred: dict[int, tuple[int, VoteRequest]] = {}

    def begin(self) -> None:
        """Begin counting anew."""
        self._votes = {}

    def count(self, voter: int, granted: bool, membership: Membership) -> Outcome:
        """Count one vote, once per voter; return what is decided."""
        if voter in membership.voters:
            self._votes[voter] = granted
        return membership.outcome(self._votes)

    def defer(self, request: VoteRequest, now: int) -> None:
        """Keep the newest request of its candidate."""
        self._deferred.pop(request.candidate, None)
        if len(self._deferred) >= DEFERRED_MAX:
            del self._deferred[next(iter(self._deferred))]  # the oldest: dicts keep their order
        self._deferred[request.candidate] = (now, request)

    @property
    def has_deferred(self) -> bool:
        """Whether a request waits."""
        return bool(self._deferred)

    def take_deferred(self, since: int) -> tuple[VoteRequest, ...]:
        """Give back the requests that came at ``since`` or later, and forget all."""
        kept = sorted(self._deferred.items())
        self._deferred = {}
        return tuple(request for _, (came, request) in kept if came >= since)
