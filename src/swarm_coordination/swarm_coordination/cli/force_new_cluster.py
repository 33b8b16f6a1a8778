# SPDX-License-Identifier: Apache-2.0
"""``swarm force-new-cluster``: make one stopped robot the only voter. Loses what it lacks."""

from __future__ import annotations

import argparse
from pathlib import Path

from swarm_coordination.errors import UsageError

WARNING = """\
{name} is the only voter from log index {index}, term {term}, on.
The voters until now were {voters}. What they had committed and {name} lacks is lost. Those of
them whose log holds such entries stand still and take no commands until the new cluster has
compacted a longer log, and then go on as learners; or provision them anew. Should a majority
of them be alive somewhere, there are two clusters now: keep them apart. Who holds a task and does
not hear of this acts on until its lease is over; clients have to open new sessions.
Start {name}; robots that come back join as learners and are promoted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('folder', type=Path, metavar='DIR', help="a stopped robot's storage")
    parser.add_argument(
        '--confirm', metavar='NAME', default='',
        help="the robot's name: a majority of the voters is gone for good, and you know it",
    )


def run(options: argparse.Namespace) -> int:
    """Write the decision to the robot's disk; return the exit status."""
    from swarm_coordination.robot.forcing import forced_records, newest_configuration
    from swarm_coordination.storage.recovery import read_only
    from swarm_coordination.storage.store import Storage

    name = read_only(options.folder).provision.name
    if options.confirm != name:
        raise UsageError(
            f'{options.folder} is the storage of {name}: to make it the only voter, though a '
            f'majority never agreed, add --confirm {name}'
        )
    storage, recovered = Storage.recover(options.folder)
    try:
        state, record = forced_records(recovered)
        # The term without its entry would be a cluster that nobody can join, and halt the others.
        storage.write_atomically((state, record))
    finally:
        storage.close()
    names = {voter.storage_id: voter.name for voter in recovered.provision.voters}
    voters = newest_configuration(recovered).membership.voters
    print(WARNING.format(
        name=name, index=record.entry.index, term=state.term,
        voters=', '.join(names.get(voter, str(voter)) for voter in voters),
    ))
    return 0
