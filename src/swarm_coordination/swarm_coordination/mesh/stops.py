# SPDX-License-Identifier: Apache-2.0
"""
Safety-stop register: per issuer the highest (counter, level), lifted only by exact counters.

A stop needs no leader and no quorum: raised, merged by maximum and obeyed at once. A committed
entry lifts the counters it names, so a stop raised meanwhile (a higher counter) survives. An entry
that a forced cluster has made void lifts nothing: whoever goes over to it forgets what was lifted,
and takes over from that cluster's state what is.

A stop is obeyed before it is on disk, so after a crash its issuer may not know of it, while the
others hold it as lifted. Counters therefore start afresh, far higher, with each incarnation.

A disk that is lost takes the incarnation with it: the new life counts below what others hold as
lifted. So an own stop is *raised anew*, above all that is known, as soon as anything shows that
there was another life: a row of ours ahead of us, a flag of ours that we never raised, a lifting
that names one. A life whose disk forgot counts from a random number on, so that its counters are
not by chance those of the life before.
"""

from __future__ import annotations

from collections.abc import Iterable

from swarm_coordination.bounds import COUNTER_MAX, LIFTED_MAX
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.mesh.rows import INCARNATION_MAX, ITEMS_MAX, StopFlag

# As many flags in force as one frame can carry, beside all issuers whose stops may be lifted: at a
# start nobody knows which are. In a full register a lifted flag gives way; where none is, a new
# issuer is refused and every stop kept, so it only ever errs towards standing still.
ISSUERS_MAX = ITEMS_MAX + LIFTED_MAX
# Stops of one incarnation: a million, as many as 20 of the 53 bits of a counter number.
_STOPS_BITS = 20
# Where a disk forgot, up to half of them are left out: two lives count alike once in 2**19 times.
SKIPPED_MAX = 2 ** (_STOPS_BITS - 1)
# Islands that parted at different times hold different pasts of ours, but not more than this:
# what is ahead again is a copy of our disk, and the two would drive each other up for ever.
ANEW_MAX = 8


class StopRegister:
    """
    Flags by issuer, and the counters that have been lifted.

    Parameters
    ----------
    issuer : own storage id.
    restored : (issuer, counter, level) of every stop read back from storage.
    skipped : counters of each incarnation to leave out: where the disk has forgotten a random
        number from 1 to ``SKIPPED_MAX``, else 0.

    """

    def __init__(
        self, issuer: int, restored: Iterable[tuple[int, int, int]] = (), skipped: int = 0
    ) -> None:
        self._issuer, self._skipped = issuer, skipped
        self._flags: dict[int, StopFlag] = {}
        self._lifted: dict[int, int] = {}
        self._least = 0  # an own stop has a higher counter
        self._given = 0  # newest own counter of this life, or of one that had forgotten others
        self._anew: list[StopFlag] = []
        self._times_anew = 0
        for flag in restored:
            self.merge(StopFlag(*flag))
        if skipped and issuer in self._flags:
            self._given = self._flags[issuer].counter

    def raise_stop(self, level: int, incarnation: int) -> StopFlag:
        """
        Raise an own stop above every counter seen before and of incarnations before.

        It has the level of the own stop in force where that is higher.
        Raises ProposalRefused where a lifting has named the last counter that there is.
        """
        self._begin(incarnation)
        return self._raise(level)

    def outlive(self, incarnation: int) -> None:
        """Raise the own stop in force anew where it counts below this incarnation's."""
        self._begin(incarnation)
        mine = self._own_stop()
        if mine is not None and mine.counter <= self._least:
            self._anew.append(self._raise(mine.level))

    def take_anew(self) -> tuple[StopFlag, ...]:
        """Return the own stops that were raised anew since the last call."""
        if not self._anew:  # as nearly always
            return ()
        anew, self._anew = tuple(self._anew), []
        return anew

    def merge(self, flag: StopFlag) -> bool:
        """Take a flag over where it is higher; return whether an active stop rose."""
        if flag.issuer == 0:  # nobody's: no command could name it to lift it
            return False
        held = self._flags.get(flag.issuer)
        if held is not None and (flag.counter, flag.level) <= (held.counter, held.level):
            return False
        if held is None and len(self._flags) >= ISSUERS_MAX and not self._make_room():
            return False
        mine = self._own_stop() if flag.issuer == self._issuer else None
        self._flags[flag.issuer] = flag
        if mine is not None and flag.counter > mine.counter:
            self._survive(mine.level)
            return True
        return self._is_active(flag)

    def lift(self, counters: Iterable[tuple[int, int]]) -> None:
        """
        Lift every stop of an issuer up to the counter that a committed entry names.

        An own stop survives what names another life's, higher counter.
        """
        mine, named = self._own_stop(), tuple(counters)
        for issuer, counter in named:
            if issuer in self._lifted or len(self._lifted) < LIFTED_MAX:
                self._lifted[issuer] = max(counter, self._lifted.get(issuer, 0))
        self._outlive_lifting(mine, named)

    def lift_exactly(self, counters: Iterable[tuple[int, int]]) -> None:
        """
        Let what is lifted be this and nothing else, as the whole state of a log says.

        What only a log made void had lifted is in force again.
        """
        mine, named = self._own_stop(), tuple(counters)
        self._lifted = dict(named)
        self._outlive_lifting(mine, named)

    def highest(self, issuer: int) -> int:
        """Return the highest counter known of an issuer, in force or lifted; 0 for none."""
        held = self._flags.get(issuer)
        return max(held.counter if held else 0, self._lifted.get(issuer, 0))

    def active(self) -> tuple[StopFlag, ...]:
        """Return the stops in force, sorted by issuer."""
        if not self._flags:  # as nearly always
            return ()
        return tuple(flag for _, flag in sorted(self._flags.items()) if self._is_active(flag))

    def _is_active(self, flag: StopFlag) -> bool:
        return flag.level > 0 and flag.counter > self._lifted.get(flag.issuer, 0)

    def _own_stop(self) -> StopFlag | None:
        """Return the own stop in force, unless another life may have raised it."""
        mine = self._flags.get(self._issuer)
        given = mine is not None and mine.counter == self._given
        return mine if mine is not None and given and self._is_active(mine) else None

    def _begin(self, incarnation: int) -> None:
        """Give only counters of this incarnation from now on, or of a later one."""
        first = min(incarnation, INCARNATION_MAX) << _STOPS_BITS
        self._least = max(self._least, first + self._skipped)

    def _outlive_lifting(self, mine: StopFlag | None, named: tuple[tuple[int, int], ...]) -> None:
        """Raise the own stop ``mine`` anew where it was lifted by another life's counter."""
        if mine is not None and not self._is_active(mine) and mine[:2] not in named:
            self._survive(mine.level)

    def _survive(self, level: int) -> None:
        """Raise the own stop anew above what another life of ours has raised."""
        if self._times_anew < ANEW_MAX and self.highest(self._issuer) < COUNTER_MAX:
            self._times_anew += 1
            self._anew.append(self._raise(level))

    def _raise(self, level: int) -> StopFlag:
        highest = max(self.highest(self._issuer), self._least)
        if highest >= COUNTER_MAX:
            raise ProposalRefused(
                f'robot {self._issuer} has no counter left for a safety stop: stop the swarm at '
                'another robot, and provision its storage anew'
            )
        held = self._flags.get(self._issuer)
        if held is not None and self._is_active(held):
            level = max(level, held.level)
        flag = StopFlag(self._issuer, highest + 1, level)
        self._flags[self._issuer], self._given = flag, flag.counter
        return flag

    def _make_room(self) -> bool:
        """Drop a flag that is lifted, which no lifted counter forgets; return whether one was."""
        lifted = next((i for i, flag in self._flags.items() if not self._is_active(flag)), None)
        if lifted is not None:
            del self._flags[lifted]
        return lifted is not None
