# SPDX-License-Identifier: Apache-2.0
"""``swarm netns``: a scenario on processes that only the kernel's packet filter lets meet."""

from __future__ import annotations

import argparse
from functools import partial

from swarm_coordination.cli import playing
from swarm_coordination.cli.demo import add_backend, check_new, connect
from swarm_coordination.live.demo import run_demo
from swarm_coordination.netns.namespaces import check_means, Namespaces
from swarm_coordination.netns.network import NamespacedNetwork
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import RunOptions, View


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    if not options.list_scenarios:
        check_means()
    return playing.play(
        options, f'netns-{options.backend}', partial(play_in_namespaces, options.backend)
    )


def play_in_namespaces(backend: str, options: RunOptions, view: View | None) -> Report:
    """Play the scenario, each robot in a namespace of its own; raises SwarmError."""
    join = connect(backend)
    check_new(options)
    with Namespaces(options.swarm.names) as namespaces:
        return run_demo(options, join, view, NamespacedNetwork(namespaces))
