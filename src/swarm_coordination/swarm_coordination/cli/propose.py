# SPDX-License-Identifier: Apache-2.0
"""``swarm propose``: hand a command to one robot of a running swarm."""

from __future__ import annotations

import argparse

from swarm_coordination.cli import operating
from swarm_coordination.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument('robot', metavar='ROBOT', help='any robot: the leader need not be known')
    parser.add_argument('command', nargs='?', metavar='JSON', help='the command as JSON text')
    parser.add_argument(
        '--mission', metavar='NAME|FILE', help='start a mission of config/missions, or of a file'
    )


def run(options: argparse.Namespace) -> int:
    """Propose, wait until the command is on the robot's disk; return the exit status."""
    robot = operating.robot_of(options)
    command = _command(options)
    with operating.operator(options) as operator:
        answer = operator.propose(robot, command, options.timeout)
    if not answer.accepted:
        print(f'{robot} refuses: {answer.message}')
        return 1
    print(f'{robot} has it on disk as command {answer.serial}: it will be committed exactly once')
    return 0


def _command(options: argparse.Namespace) -> str:
    if (options.command is None) == (options.mission is None):
        raise ConfigurationError(
            'command line', 'JSON', options.command, 'either a command or --mission'
        )
    if options.mission is None:
        return str(options.command)
    from swarm_coordination.configuration import (
        find_mission,
        find_swarm_file,
        load_mission,
        load_swarm,
    )
    from swarm_coordination.mission.commands import encode_command

    swarm = load_swarm(find_swarm_file(options.swarm_file))
    return encode_command(load_mission(find_mission(options.mission), swarm)).decode()
