# SPDX-License-Identifier: Apache-2.0
"""
Who votes, and what a majority of the voters has reached or decided.

Membership is a value: a change of voters will be another value, taken from the log entry that
carries it. Whoever is not a voter is a learner.
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
    """The voters of a configuration, as ascending storage ids."""

    voters: tuple[int, ...]

    @classmethod
    def of(cls, voters: Iterable[int]) -> Membership:
        """Return the membership with these voters; duplicates count once."""
        return cls(tuple(sorted(set(voters))))

    def reached(self, values: Mapping[int, int], missing: int = 0) -> int | None:
        """
        Return the greatest value that a majority of the voters has reached.

        Voters without a value count as ``missing``. None where there are no voters: such a
        majority is reached by everything. Gives the commit index from match indices (Ongaro
        2014, section 3.5) and the age of a leader's quorum from times of contact.
        """
        if not self.voters:
            return None
        descending = sorted((values.get(v, missing) for v in self.voters), reverse=True)
        return descending[len(self.voters) // 2]

    def outcome(self, votes: Mapping[int, bool]) -> Outcome:
        """Return what the votes given so far decide (Ongaro 2014, section 3.4)."""
        majority = len(self.voters) // 2 + 1
        granted = sum(1 for v in self.voters if votes.get(v) is True)
        refused = sum(1 for v in self.voters if votes.get(v) is False)
        if granted >= majority or not self.voters:
            return Outcome.WON
        return Outcome.LOST if refused > len(self.voters) - majority else Outcome.PENDING
