# SPDX-License-Identifier: Apache-2.0
"""
A new cluster of one by an operator's decision, where a majority of the voters is gone for good.

It breaks the promise that a majority was asked, and nothing else may do that: whatever the lost
voters had committed and this robot lacks is void. The decision is an entry of the log like any
other, on this robot's disk before it starts, and every robot that applies it says so.
"""

from __future__ import annotations

from swarm_coordination.consensus.configuration import (
    Configuration,
    configuration_payload,
    Configurations,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.epochs import forced_term
from swarm_coordination.errors import StorageError
from swarm_coordination.persistence import Entry, EntryKind, EntryRecord, HardState, Recovered
from swarm_coordination.robot.snapshots import start_from


def newest_configuration(recovered: Recovered) -> Configuration:
    """Return the configuration that this robot would start with."""
    start = start_from(recovered)
    return Configurations(start.configuration, start.recovered.entries).current


def forced_records(recovered: Recovered) -> tuple[HardState, EntryRecord]:
    """
    Return what makes this robot the only voter, to be written to its disk as a whole.

    All other members stay as learners: they may come back and be promoted. The term is the first
    of a cluster of its own, with the own vote in it. Raises StorageError where the disk has lost
    promises.
    """
    recovered = start_from(recovered).recovered
    if not recovered.may_vote:
        raise StorageError(f'{recovered.reason}: it may not vote; choose another robot')
    own = recovered.provision.storage_id
    others = set(newest_configuration(recovered).membership.members) - {own}
    last = recovered.entries[-1].index if recovered.entries else 0
    if recovered.snapshot is not None:
        last = max(last, recovered.snapshot.index)
    term = forced_term(recovered.hard_state.term, own)
    payload = configuration_payload(Membership.of((own,), others), forced=True)
    entry = Entry(last + 1, term, payload, EntryKind.CONFIGURATION)
    return HardState(term, own), EntryRecord(entry)
