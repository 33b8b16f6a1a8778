# SPDX-License-Identifier: Apache-2.0
"""Provision the disks of a whole swarm before its first start, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import random

from swarm_coordination.errors import StorageError
from swarm_coordination.storage.provision import FILE_NAME, make_cluster, write_provision


def provision_swarm(
    folder: Path, names: Sequence[str], voters: Sequence[str] | None = None
) -> bool:
    """
    Provision ``folder/<name>`` for each robot; return whether anything had to be done.

    ``voters``: the first seven by default. A folder in which some robots are provisioned and
    others are not is refused with StorageError: new ones would be of another cluster.
    """
    missing = [name for name in names if not (folder / name / FILE_NAME).is_file()]
    if not missing:
        return False
    if len(missing) < len(names):
        raise StorageError(f'{folder}: {", ".join(missing)} not provisioned, the others are')
    for provision in make_cluster(names, random.SystemRandom(), voters):
        write_provision(folder / provision.name, provision)
    return True
