# SPDX-License-Identifier: Apache-2.0
"""
How long a member waits for its leader: learnt from the leader's own silences, in turns by rank.

On a clean link heartbeats come on the beat and a leader that has missed a few is gone; over six
lossy hops, or from a process that is starved of its processor, silences several times as long
are ordinary. So a member remembers the longest silence of late, lets it fade, and waits for
twice that, never less than the shortest time-out of the settings nor so long that there is no
room for chance.

Who has followed the same leader lost it in the same instant. Then not only chance keeps two from
standing at once (Ongaro 2014, section 3.4): the members take turns in the order of their ids
from the leader's on, each waiting one turn more, which is a round trip and a little. Chance
decides within a turn, and alone where no leader was known. None of this bears on safety: a
time-out may be anything.
"""

from __future__ import annotations

import random

from swarm_coordination.consensus.settings import RaftSettings

# A silence is waited out this many times: a link as bad as ever in the last minute then gives
# no alarm, and one a little worse still gives none.
SILENCES = 2
# The longest silence fades by this part with every heartbeat: to half in nine seconds.
_FADING = 256
# Longest learnt wait, as a part (of eight) of the longest time-out: the rest is for chance.
_LEARNT_EIGHTHS = 5


class Patience:
    """Election time-outs of one member."""

    def __init__(self, member: int, settings: RaftSettings, rng: random.Random) -> None:
        self._member, self._rng = member, rng
        self._low, self._high = settings.election_timeout_min_ns, settings.election_timeout_max_ns
        self._most = max(self._low, self._high * _LEARNT_EIGHTHS // 8)
        self._turn_ns = settings.heartbeat_period_ns // 2
        self._silence_ns = 0
        self._queue: tuple[int, tuple[int, ...]] = (0, ())  # leader and voters that follow
        self._ahead = 0  # of the voters, how many have their turn before this member

    @property
    def wait_ns(self) -> int:
        """Silence of a leader from which on it may be gone; until then it counts as alive."""
        return min(max(self._low, SILENCES * self._silence_ns), self._most)

    def heard(self, silence_ns: int) -> None:
        """Note that a heartbeat ended a silence of the leader followed."""
        faded = self._silence_ns - self._silence_ns // _FADING
        self._silence_ns = max(faded, min(silence_ns, self._high))

    def draw(self, leader: int, voters: tuple[int, ...]) -> int:
        """Return a time-out, from a heartbeat of ``leader`` on, or from a vote or campaign (0)."""
        wait = self.wait_ns
        if not leader:
            return self._rng.randint(wait, self._high)
        if self._queue != (leader, voters):
            # Smaller ids than the leader's come after the greatest.
            own = _order(self._member, leader)
            self._ahead = sum(1 for voter in voters if _order(voter, leader) < own)
            self._queue = (leader, voters)
        turn = wait + self._ahead * self._turn_ns + self._rng.randrange(self._turn_ns)
        return min(turn, self._high)


def _order(member: int, leader: int) -> tuple[bool, int]:
    return (member <= leader, member)
