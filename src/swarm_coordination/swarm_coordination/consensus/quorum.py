# SPDX-License-Identifier: Apache-2.0
"""
Who votes, who only follows, and what a majority of the voters has reached or decided.

Membership is a value; which one counts, and from when on, says ``consensus/configuration.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import enum
from typing import NamedTuple


class Outcome(enum.Enum):
    """State of a vote."""

    PENDING = 0
    LOST = 1
    WON = 2


class Membership(NamedTuple):
    """Voters and learners of a configuration, as ascending storage ids; nobody is both."""

    voters: tuple[int, ...]
    learners: tuple[int, ...] = ()

    @classmethod
    def of(cls, voters: Iterable[int], learners: Iterable[int] = ()) -> Membership:
        """Return the membership of these; duplicates count once, and as voters."""
        electors = set(voters)
        return cls(tuple(sorted(electors)), tuple(sorted(set(learners) - electors)))

    @property
    def members(self) -> tuple[int, ...]:
        """Voters, then learners."""
        return self.voters + self.learners

    def with_learners(self, robots: Iterable[int]) -> Membership:
        """Return this membership with more learners; who is a voter stays one."""
        return Membership.of(self.voters, (*self.learners, *robots))

    def promoted(self, robot: int) -> Membership:
        """Return this membership with ``robot`` as a voter."""
        return Membership.of((*self.voters, robot), self.learners)

    def demoted(self, robot: int) -> Membership:
        """Return this membership with ``robot`` as a learner."""
        return self.without(robot).with_learners((robot,))

    def without(self, robot: int) -> Membership:
        """Return this membership without ``robot``."""
        return Membership.of(
            (v for v in self.voters if v != robot), (n for n in self.learners if n != robot)
        )

    def reached(self, values: Mapping[int, int], missing: int = 0) -> int | None:
        """
        Return the greatest value that a majority of the voters has reached.

        Voters without a value count as ``missing``. None where there are no voters: such a
        majority is reached by everything. Gives the commit index from match indices (Ongaro
        2014, section 3.5) and the age of a leader's quorum from times of contact.
        """
        if not self.voters:
            return None
        voters = self.voters
        descending = sorted([values.get(v, missing) for v in voters], reverse=True)
        return descending[len(voters) // 2]

    def outcome(self, votes: Mapping[int, bool]) -> Outcome:
        """Return what the votes given so far decide (Ongaro 2014, section 3.4)."""
        majority = len(self.voters) // 2 + 1
        granted = sum(1 for v in self.voters if votes.get(v) is True)
        refused = sum(1 for v in self.voters if votes.get(v) is False)
        if granted >= majority or not self.voters:
            return Outcome.WON
        return Outcome.LOST if refused > len(self.voters) - majority else Outcome.PENDING
