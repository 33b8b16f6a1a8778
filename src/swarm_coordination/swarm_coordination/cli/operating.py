# SPDX-License-Identifier: Apache-2.0
"""What the verbs for a running swarm share: which swarm, over what, in which domain."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import importlib

from swarm_coordination.cli.needs import need
from swarm_coordination.configuration import find_swarm_file, load_swarm, SwarmFile
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.asking import Operator
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.domain import domain_of

# Discovery of a quiet host takes a second or two; a busy one more.
TIMEOUT_S = 10.0
_NEEDED = {'ros': ('rclpy', 'swarm_msgs'), 'dds': ('cyclonedds',)}
# Longer than anybody looks on in one go.
SECONDS_MAX = 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that the verbs have in common."""
    add_over(parser)
    add_place(parser)
    parser.add_argument(
        '--timeout', type=float, default=TIMEOUT_S, metavar='S',
        help=f'give up after so many seconds (default: {TIMEOUT_S:g})',
    )


def add_over(parser: argparse.ArgumentParser) -> None:
    """Add the option that says over what robots are reached."""
    parser.add_argument(
        '--over', choices=('ros', 'dds'), default='ros',
        help='what the robots are: ROS 2 nodes, or plain DDS processes (default: ros)',
    )


def need_shell(options: argparse.Namespace) -> None:
    """Raise ConfigurationError where what carries ``--over`` is not installed."""
    need(*_NEEDED[options.over])


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the swarm is and which."""
    parser.add_argument(
        '--domain', type=int, metavar='N', help='DDS domain (default: ROS_DOMAIN_ID, or 0)'
    )
    parser.add_argument(
        '--swarm-file', metavar='FILE', help='which robots there are (default: config/swarm.yaml)'
    )


def seconds(given: float, option: str) -> float:
    """Return how long to wait, as given by an option; raises ConfigurationError."""
    if not 0.0 <= given <= SECONDS_MAX:  # NaN fails too
        raise ConfigurationError('command line', option, given, f'0 to {SECONDS_MAX:g} s')
    return given


@contextmanager
def connected(
    options: argparse.Namespace,
) -> Iterator[tuple[SwarmFile, Bus, Callable[[float], None]]]:
    """
    Give the swarm that the options name, a bus to it, and what serves that until a time (s).

    Raises ConfigurationError.
    """
    for name in ('timeout', 'wait'):
        if hasattr(options, name):
            seconds(getattr(options, name), f'--{name}')
    swarm = load_swarm(find_swarm_file(options.swarm_file))
    domain = domain_of(options.domain)
    need_shell(options)
    shell = importlib.import_module(f'swarm_coordination.{options.over}.operating')
    with shell.open_bus(domain) as (bus, spin):
        yield swarm, bus, spin


@contextmanager
def operator(options: argparse.Namespace) -> Iterator[Operator]:
    """Give an operator of the swarm that the options name; raises ConfigurationError."""
    with connected(options) as (swarm, bus, spin):
        yield Operator(bus, swarm, spin)


def robot_of(options: argparse.Namespace) -> str:
    """Return the robot named on the command line; raises ConfigurationError for an unknown one."""
    return load_swarm(find_swarm_file(options.swarm_file)).robot(options.robot).name
