# SPDX-License-Identifier: Apache-2.0
"""``swarm record``: what a running swarm says, as a rosbag2 folder (MCAP)."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
import time

from swarm_coordination.cli import operating
from swarm_coordination.cli.needs import need
from swarm_coordination.live.domain import domain_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_over(parser)
    operating.add_place(parser)
    parser.add_argument('folder', type=Path, metavar='DIR', help='the bag: a new folder')
    parser.add_argument(
        '--duration', type=float, metavar='S', help='end after so many seconds (default: Ctrl-C)'
    )


def run(options: argparse.Namespace) -> int:
    """Record; return the exit status."""
    operating.need_shell(options)
    need('mcap')
    from swarm_coordination.configuration import find_swarm_file, load_swarm

    domain = domain_of(options.domain)
    names = load_swarm(find_swarm_file(options.swarm_file)).names
    recorder = importlib.import_module(f'swarm_coordination.{options.over}.recorder')
    end_s = None
    if options.duration is not None:
        end_s = time.monotonic() + operating.seconds(options.duration, '--duration')
    count = recorder.record(
        options.folder, names, domain,
        lambda _: end_s is not None and time.monotonic() >= end_s,
    )
    print(f'{options.folder}: {count} messages')
    return 0 if count else 1
