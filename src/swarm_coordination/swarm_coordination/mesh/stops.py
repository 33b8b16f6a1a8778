# SPDX-License-Identifier: Apache-2.0
"""
Safety-stop register: per issuer the highest (counter, level), lifted only by exact counters.

A stop needs no leader and no quorum: raised, merged by maximum and obeyed at once. A committed
entry lifts the counters it names, so a stop raised meanwhile (a higher counter) survives.

A stop is obeyed before it is on disk, so after a crash its issuer may not know of it, while the
others hold it as lifted. Counters therefore start afresh, far higher, with each incarnation.
"""

from __future__ import annotations

from collections.abc import Iterable

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.mesh.rows import INCARNATION_MAX, ITEMS_MAX, StopFlag

# As many issuers as one frame can carry flags; a full register refuses new issuers but keeps
# every stop it has, so it only ever errs towards standing still.
ISSUERS_MAX = ITEMS_MAX
# Stops of one incarnation: a million, as many as 20 of the 53 bits of a counter number.
_STOPS_BITS = 20


class StopRegister:
    """
    Flags by issuer, and the counters that have been lifted.

    Parameters
    ----------
    issuer : own storage id.
    restored : (issuer, counter, level) of every stop read back from storage.

    """

    def __init__(self, issuer: int, restored: Iterable[tuple[int, int, int]] = ()) -> None:
        self._issuer = issuer
        self._flags: dict[int, StopFlag] = {}
        self._lifted: dict[int, int] = {}
        for flag in restored:
            self.merge(StopFlag(*flag))

    def raise_stop(self, level: int, incarnation: int) -> StopFlag:
        """Raise an own stop above every counter seen before and of incarnations before."""
        mine = self._flags.get(self._issuer)
        counter = max(
            mine.counter if mine else 0,
            self._lifted.get(self._issuer, 0),
            min(incarnation, INCARNATION_MAX) << _STOPS_BITS,
        )
        flag = StopFlag(self._issuer, min(counter + 1, COUNTER_MAX), level)
        self._flags[self._issuer] = flag
        return flag

    def merge(self, flag: StopFlag) -> bool:
        """Take a flag over where it is higher; return whether an active stop rose."""
        if flag.issuer == 0:  # nobody's: no command could name it to lift it
            return False
        held = self._flags.get(flag.issuer)
        if held is not None and (flag.counter, flag.level) <= (held.counter, held.level):
            return False
        if held is None and len(self._flags) >= ISSUERS_MAX:
            return False
        self._flags[flag.issuer] = flag
        return self._is_active(flag)

    def lift(self, counters: Iterable[tuple[int, int]]) -> None:
        """Lift every stop of an issuer up to the counter that a committed entry names."""
        for issuer, counter in counters:
            room = len(self._lifted) < ISSUERS_MAX or issuer in self._flags
            if issuer not in self._lifted and not room:
                continue
            self._lifted[issuer] = max(counter, self._lifted.get(issuer, 0))

    def active(self) -> tuple[StopFlag, ...]:
        """Return the stops in force, sorted by issuer."""
        if not self._flags:  # as nearly always
            return ()
        return tuple(flag for _, flag in sorted(self._flags.items()) if self._is_active(flag))

    def _is_active(self, flag: StopFlag) -> bool:
        return flag.level > 0 and flag.counter > self._lifted.get(flag.issuer, 0)
