# SPDX-License-Identifier: Apache-2.0
"""
Two storage ids with one name: the one in the roster wins, else the lower storage id.

Every robot decides alike from the same rows, without talking about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from swarm_coordination.mesh.rows import Identity


def losers_of_names(
    own: Identity, others: Iterable[Identity], roster: frozenset[int]
) -> frozenset[int]:
    """Return the storage ids whose name belongs to somebody else."""
    holders: dict[str, int] = {}
    lost: list[int] = []
    for identity in sorted((own, *others), key=lambda identity: identity.storage_id):
        holder = holders.get(identity.name)
        if holder is None:
            holders[identity.name] = identity.storage_id
        elif identity.storage_id in roster and holder not in roster:
            lost.append(holder)
            holders[identity.name] = identity.storage_id
        else:
            lost.append(identity.storage_id)
    return frozenset(lost)
