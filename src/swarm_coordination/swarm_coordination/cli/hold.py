# SPDX-License-Identifier: Apache-2.0
"""``swarm hold``: stop the whole swarm from one robot, without leader or quorum."""

from __future__ import annotations

import argparse

from swarm_coordination.cli import operating

LEVELS = {'hold': 1, 'stop': 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument('robot', metavar='ROBOT', help='the robot that issues it; any will do')
    parser.add_argument(
        '--level', choices=tuple(LEVELS), default='stop',
        help='hold: stand and keep avoiding; stop: brake and stand (default: stop)',
    )
    parser.add_argument('--reason', default='', metavar='TEXT', help='for the log')


def run(options: argparse.Namespace) -> int:
    """Raise the stop; return the exit status."""
    robot = operating.robot_of(options)
    with operating.operator(options) as operator:
        answer = operator.stop(robot, LEVELS[options.level], options.reason, options.timeout)
    if not answer.accepted:
        print(f'{robot} refuses: {answer.message}')
        return 1
    print(f'{robot} has stopped the swarm (stop {answer.counter}); what lifts all it knows of:')
    print(f"swarm propose {robot} '{answer.message}'")
    return 0
