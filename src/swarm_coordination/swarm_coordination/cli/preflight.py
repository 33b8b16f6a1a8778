# SPDX-License-Identifier: Apache-2.0
"""``swarm preflight``: look at a running swarm before its first motion, and say what is wrong."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from swarm_coordination.cli import operating
from swarm_coordination.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument(
        '--robot', metavar='NAME', help='the robot whose computer this is: its clock and disk, too'
    )
    parser.add_argument(
        '--storage', type=Path, metavar='DIR', help='with --robot: its storage folder'
    )
    parser.add_argument(
        '--wait', type=float, default=3.0, metavar='S',
        help='listen for so long once somebody was heard (default: 3)',
    )
    parser.add_argument('--json', action='store_true', help='print the checks as JSON')


def run(options: argparse.Namespace) -> int:
    """Check; return 0 where nothing is wrong and 1 where something is."""
    from swarm_coordination.live.asking import Operator
    from swarm_coordination.live.listening import Listening
    from swarm_coordination.station.preflight import Heard, judge, Own, Verdict
    from swarm_coordination.storage.recovery import read_only

    if (options.robot is None) != (options.storage is None):
        raise UsageError('--robot and --storage go together')
    own = None
    if options.robot is not None:
        own = Own(operating.robot_of(options), read_only(options.storage))
    with operating.connected(options) as (swarm, bus, spin):
        listening = Listening(bus, swarm.names)
        operator = Operator(bus, swarm, spin)
        picture = operator.look(options.wait, options.timeout)
    prefixes = dict(sorted(listening.prefixes.items()))
    checks = judge(Heard(picture, prefixes, listening.pose_ages_s), swarm, own)
    if options.json:
        print(json.dumps([(one.name, one.verdict.value, one.text) for one in checks], indent=2))
    else:
        for one in checks:
            print(f'{one.verdict.value:8} {one.name:14} {one.text}')
    return 1 if any(one.verdict is Verdict.FAILED for one in checks) else 0
