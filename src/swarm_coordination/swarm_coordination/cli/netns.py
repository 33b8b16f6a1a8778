# SPDX-License-Identifier: Apache-2.0
"""``swarm netns``: a scenario on processes that only the kernel's packet filter lets meet."""

from __future__ import annotations

import argparse
from functools import partial

from swarm_coordination.cli import playing
from swarm_coordination.cli.demo import add_backend, check_new, connect
from swarm_coordination.live.demo import run_demo
from swarm_coordination.netns.namespaces import check_means, Namespaces, remove_stale
from swarm_coordination.netns.network import NamespacedNetwork
from swarm_coordination.netns.signals import ended_by_signals
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import RunOptions, View


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)
    add_backend(parser)
    parser.add_argument(
        '--clean', action='store_true',
        help='play nothing: remove what runs left behind that were killed (so does the next run)',
    )


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    if not options.list_scenarios:
        check_means()
    if options.clean:
        return _clean()
    return playing.play(
        options, f'netns-{options.backend}', partial(play_in_namespaces, options.backend)
    )


def play_in_namespaces(backend: str, options: RunOptions, view: View | None) -> Report:
    """
    Play the scenario, each robot in a namespace of its own.

    Raises SwarmError, and KeyboardInterrupt where SIGINT, SIGTERM or SIGHUP ended it.
    """
    join = connect(backend)
    check_new(options)
    with ended_by_signals(), Namespaces(options.swarm.names) as namespaces:
        return run_demo(options, join, view, NamespacedNetwork(namespaces))


def _clean() -> int:
    removed = remove_stale()
    for name in removed:
        print(f'removed {name}')
    if not removed:
        print('nothing was left behind')
    return 0
