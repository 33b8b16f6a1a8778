# SPDX-License-Identifier: Apache-2.0
"""``swarm bench WHAT``: measure, and compare with what has to be reached."""

from __future__ import annotations

import argparse
import importlib

# What can be measured: (module in this room, one line of help). As for verbs, each module has
# `add_arguments(parser)` and `run(options)`.
BENCHES = {
    'consensus': ('bench_consensus', 'elections, commits, detection and traffic, virtual time'),
    'cluster': ('bench_cluster', 'five real processes with their disks, PySyncObj, etcd beside'),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks, each with its own options."""
    benches = parser.add_subparsers(dest='bench', required=True, metavar='WHAT')
    for name, (module, text) in BENCHES.items():
        sub = benches.add_parser(name, help=text, description=text)
        importlib.import_module(f'swarm_coordination.cli.{module}').add_arguments(sub)


def run(options: argparse.Namespace) -> int:
    """Run the benchmark named; return the exit status."""
    module = importlib.import_module(f'swarm_coordination.cli.{BENCHES[options.bench][0]}')
    return int(module.run(options))
