# SPDX-License-Identifier: Apache-2.0
"""``swarm provision``: identities of new robots, one folder each, before their first start."""

from __future__ import annotations

import argparse
from pathlib import Path
import random

from swarm_coordination.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('folder', type=Path, metavar='DIR', help='gets one folder per robot')
    parser.add_argument(
        '--robots', type=int, metavar='N', help='the first N of the swarm file (default: all)'
    )
    parser.add_argument(
        '--voters', nargs='+', metavar='NAME',
        help='robots that elect and commit (default: the first seven)',
    )
    parser.add_argument(
        '--join', type=Path, metavar='ROBOT_DIR',
        help='add --name to the swarm that this storage belongs to, as a learner',
    )
    parser.add_argument('--name', help='the robot to add; it has to be in the swarm file')
    parser.add_argument(
        '--swarm-file', metavar='FILE', help='which robots there are (default: config/swarm.yaml)'
    )


def run(options: argparse.Namespace) -> int:
    """Write the provisions; return the exit status."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.storage.provision import make_cluster, write_provision

    if options.join is not None or options.name is not None:
        return _join(options)
    swarm = load_swarm(find_swarm_file(options.swarm_file))
    if options.robots is not None:
        swarm = swarm.first(options.robots)
    cluster = make_cluster(swarm.names, random.SystemRandom(), options.voters)
    for provision in cluster:
        write_provision(options.folder / provision.name, provision)
        voter = any(v.storage_id == provision.storage_id for v in provision.voters)
        print(f'{options.folder / provision.name}  {"voter" if voter else "learner"}')
    return 0


def _join(options: argparse.Namespace) -> int:
    """Provision one more robot of a swarm that exists."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.storage.provision import (
        make_newcomer,
        read_provision,
        write_provision,
    )

    if options.join is None or options.name is None or options.robots or options.voters:
        raise UsageError('--join and --name go together, and without --robots and --voters')
    load_swarm(find_swarm_file(options.swarm_file)).robot(options.name)
    known = read_provision(options.join)
    newcomer = make_newcomer(known, options.name, random.SystemRandom())
    write_provision(options.folder / newcomer.name, newcomer)
    print(f'{options.folder / newcomer.name}  learner')
    return 0
