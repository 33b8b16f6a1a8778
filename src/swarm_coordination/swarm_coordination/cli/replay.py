# SPDX-License-Identifier: Apache-2.0
"""``swarm replay``: a robot's recorded calls, fed back into its core; the same outputs or not."""

from __future__ import annotations

import argparse
from pathlib import Path

from swarm_coordination.cli.needs import need


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        'files', nargs='+', type=Path, metavar='FILE',
        help='recordings that a robot with the parameter record_dir has written',
    )
    parser.add_argument(
        '--other-code', action='store_true',
        help='replay with another version of the code: shows from where on it decides otherwise',
    )


def run(options: argparse.Namespace) -> int:
    """Replay every file; return 0 where all outputs were the same."""
    need('mcap')
    from swarm_coordination.recording.replay import replay

    same = True
    for path in options.files:
        found = replay(path, other_code=options.other_code)
        what = f'{found.robot} {found.part}: {found.calls} calls, {found.compared} outputs'
        if found.difference:
            print(f'{what}: differs from call {found.difference} on ({found.call})')
            same = False
        else:
            print(f'{what}: bit for bit the same')
        if found.cut:
            print(f'{what}: {found.cut}')
    return 0 if same else 1
