# SPDX-License-Identifier: Apache-2.0
"""
Shadows of logs: what each robot holds in memory and on disk, kept by what came out of it.

An entry is known by its *chain*: a number for (chain of the entry before, term, payload). Two logs
with the same chain at one index are equal up to there, so comparing logs costs nothing.
"""

from __future__ import annotations

from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.consensus.configuration import configuration_of
from swarm_coordination.persistence import Entry, EntryKind


class Chains:
    """
    Numbers for logs, shared by all robots of a run; checks Log Matching as they are made.

    By chain: ``terms`` of the last entry, ``voters`` by the newest configuration in such a log,
    ``configured``: that configuration's index.
    """

    def __init__(self, voters: tuple[int, ...]) -> None:
        self._numbers: dict[tuple[int, Entry], int] = {}
        self._by_key: dict[tuple[int, int], int] = {}
        self.checks = tally('Log Matching')
        self.terms = [0]
        self.voters = [voters]
        self.configured = [0]

    def after(self, chain: int, entry: Entry, robot: str) -> int:
        """Return the chain of a log that ends with ``chain`` and then ``entry``."""
        number = self._numbers.get((chain, entry))
        if number is None:
            number = self._numbers[chain, entry] = len(self.terms)
            self.terms.append(entry.term)
            brings = configuration_of(entry) if entry.kind is EntryKind.CONFIGURATION else None
            self.voters.append(brings.membership.voters if brings else self.voters[chain])
            self.configured.append(entry.index if brings else self.configured[chain])
        key = (entry.index, entry.term)
        other = self._by_key.get(key)
        if other is None:  # nobody has had it: nothing to compare with
            self._by_key[key] = number
            return number
        self.checks['Log Matching'] += 1
        if other != number:
            raise InvariantBroken(
                'Log Matching',
                f'{robot} holds another log up to entry {entry.index} of term {entry.term} '
                'than somebody before',
            )
        return number


class Shadow:
    """Chains of one log, by index from 1."""

    def __init__(self, chains: Chains, robot: str) -> None:
        self._chains, self._robot = chains, robot
        self.chains: list[int] = []

    def __len__(self) -> int:
        """Greatest index held."""
        return len(self.chains)

    def put(self, entry: Entry) -> None:
        """Cut everything from the entry's index on, and add it."""
        held = self.chains
        if entry.index > len(held) + 1:
            raise InvariantBroken(
                'Log Matching', f'{self._robot} wrote entry {entry.index} after {len(held)}'
            )
        del held[entry.index - 1:]
        held.append(self._chains.after(held[-1] if held else 0, entry, self._robot))

    def install(self, prefix: list[int]) -> None:
        """Take a snapshot of the log ``prefix``; entries after it stay where they follow it."""
        if self.at(len(prefix)) != prefix[-1]:
            self.chains = prefix[:]

    def at(self, index: int) -> int:
        """Return the chain at ``index``: 0 for none (and at index 0)."""
        return self.chains[index - 1] if 0 < index <= len(self.chains) else 0

    @property
    def last(self) -> int:
        """Return the chain of the whole log."""
        return self.chains[-1] if self.chains else 0
