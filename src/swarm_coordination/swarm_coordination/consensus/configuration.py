# SPDX-License-Identifier: Apache-2.0
"""
Who votes, from which log entry on: configurations as entries of the log (Ongaro 2014, chapter 4).

A configuration counts from the moment its entry is in the log, committed or not, and no longer
once the entry is cut. Changes are made one voter at a time: then any majority of the old
configuration and any of the new one have a voter in common, and no third configuration is needed
between them (section 4.1). Learners never count, so any number of them may change along.
"""

from __future__ import annotations

from collections.abc import Iterable
import struct
from typing import NamedTuple

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.errors import ProposalRefused, UsageError
from swarm_coordination.persistence import Entry, EntryKind

# As many as the mesh's table holds; with eight bytes each they fit one log item (700 bytes).
MEMBERS_MAX = 64
_FLAGS, _COUNT, _ID = struct.Struct('<B'), struct.Struct('<B'), struct.Struct('<Q')
_FORCED = 1


class Configuration(NamedTuple):
    """
    A membership and the index of the entry that brought it; 0 for the provisioned one.

    Beside a snapshot it stands for all configuration entries that the snapshot covers.
    ``forced``: an operator laid it down on one disk, without asking any majority.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    membership: Membership
    forced: bool = False

    @classmethod
    def provisioned(cls, voters: Iterable[int]) -> Configuration:
        """Return the configuration of a cluster whose log is empty."""
        return cls(0, Membership.of(voters))


def configuration_payload(membership: Membership, *, forced: bool = False) -> bytes:
    """Return the payload of a configuration entry; raises ProposalRefused above the bound."""
    if len(membership.members) > MEMBERS_MAX:
        raise ProposalRefused(f'a configuration holds at most {MEMBERS_MAX} robots')
    parts = [_FLAGS.pack(_FORCED if forced else 0)]
    for ids in membership:
        parts.append(_COUNT.pack(len(ids)))
        parts += [_ID.pack(member) for member in ids]
    return b''.join(parts)


def configuration_of(entry: Entry) -> Configuration | None:
    """Return the configuration in a configuration entry; None where its payload holds none."""
    try:
        (flags,) = _FLAGS.unpack_from(entry.payload)
        at, lists = _FLAGS.size, []
        for _ in range(2):
            (count,) = _COUNT.unpack_from(entry.payload, at)
            at += _COUNT.size
            raw = entry.payload[at:at + count * _ID.size]
            lists.append(tuple(member for (member,) in _ID.iter_unpack(raw)))
            if len(lists[-1]) != count:
                return None
            at += len(raw)
    except struct.error:
        return None
    membership = Membership.of(*lists)
    members = membership.members
    valid = (
        tuple(lists) == tuple(membership)  # ascending, nobody twice
        and at == len(entry.payload)
        and flags in (0, _FORCED)
        and membership.voters
        and len(members) <= MEMBERS_MAX
        and all(1 <= member <= ID_MAX for member in members)
    )
    return Configuration(entry.index, membership, bool(flags)) if valid else None


def check_change(old: Membership, new: Membership) -> None:
    """Refuse, by ProposalRefused, what is not a change of at most one voter (section 4.1)."""
    if not new.voters:
        raise ProposalRefused('a configuration without voters could never be changed again')
    if len(set(old.voters) ^ set(new.voters)) > 1:
        raise ProposalRefused('more than one voter would change at once')


class Configurations:
    """The configurations that a log holds, from a base on; raises UsageError on a bad entry."""

    def __init__(self, base: Configuration, entries: Iterable[Entry] = ()) -> None:
        self._held = [base]  # ascending index; bounded by the log
        self.append(entries)

    @property
    def current(self) -> Configuration:
        """Return the newest one: the one that counts."""
        return self._held[-1]

    def at(self, index: int) -> Configuration:
        """Return the newest one up to ``index``, which must not lie below the base."""
        return next(held for held in reversed(self._held) if held.index <= index)

    def since(self, index: int) -> tuple[Configuration, ...]:
        """Return the newest one up to ``index`` and all after it."""
        first = self._held.index(self.at(index))
        return tuple(self._held[first:])

    def append(self, entries: Iterable[Entry]) -> bool:
        """Take entries just put into the log; return whether the current one has changed."""
        before = self.current
        for entry in entries:
            while len(self._held) > 1 and self.current.index >= entry.index:
                self._held.pop()  # that entry was cut from the log
            if entry.kind is EntryKind.CONFIGURATION:
                configuration = configuration_of(entry)
                if configuration is None:
                    raise UsageError(f'entry {entry.index} holds no configuration')
                self._held.append(configuration)
        return self.current != before

    def compact(self, index: int) -> None:
        """Forget those that a snapshot at ``index`` stands for, but the newest of them."""
        self._held = list(self.since(index))

    def install(self, base: Configuration) -> None:
        """Start over from a snapshot's configuration: the log before and after it is gone."""
        self._held = [base]
