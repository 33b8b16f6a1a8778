# SPDX-License-Identifier: Apache-2.0
"""``swarm transfer``: have the leader hand leadership to a robot, by its name."""

from __future__ import annotations

import argparse

from swarm_coordination.cli import operating


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument('robot', metavar='ROBOT', help='who is to lead: a voter')


def run(options: argparse.Namespace) -> int:
    """Ask for it and wait until it is so; return the exit status."""
    from swarm_coordination.mission.commands import encode_command, TransferLeadership

    name = operating.robot_of(options)
    with operating.operator(options) as operator:
        status = operator.status_of(name, options.timeout)
        if status is None:
            print(f'{name} is not heard')
            return 1
        if name not in status.voters:
            print(f'{name} is no voter: one of {", ".join(status.voters)} can lead')
            return 1
        command = encode_command(TransferLeadership(status.storage_id)).decode()
        answer = operator.propose(name, command, options.timeout)
        if not answer.accepted:
            print(f'{name} refuses: {answer.message}')
            return 1
        led = operator.until(
            lambda picture: [one.name for one in picture.leaders()] == [name], options.timeout
        )
    print(f'{name} leads' if led else f'{name} does not lead after {options.timeout:g} s')
    return 0 if led else 1
