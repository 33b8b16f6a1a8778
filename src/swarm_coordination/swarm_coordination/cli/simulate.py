# SPDX-License-Identifier: Apache-2.0
"""``swarm simulate``: a scenario in virtual time."""

from __future__ import annotations

import argparse

from swarm_coordination.cli import playing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    from swarm_coordination.simulation.run import simulate

    return playing.play(options, 'virtual', simulate)
