# SPDX-License-Identifier: Apache-2.0
"""``swarm log``: what is on a robot's disk, or what a running robot has committed, for people."""

from __future__ import annotations

import argparse
from pathlib import Path

from swarm_coordination.cli import operating
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.persistence import Entry, EntryKind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument(
        'folder', nargs='?', type=Path, metavar='DIR', help="a robot's storage folder"
    )
    parser.add_argument('--robot', metavar='NAME', help='ask a running robot instead')


def run(options: argparse.Namespace) -> int:
    """Print what was asked for; return the exit status."""
    if (options.folder is None) == (options.robot is None):
        raise ConfigurationError(
            'command line', 'DIR', options.folder, 'either a folder or --robot'
        )
    return _print_disk(options) if options.robot is None else _print_running(options)


def _print_running(options: argparse.Namespace) -> int:
    robot = operating.robot_of(options)
    with operating.operator(options) as operator:
        entries = operator.entries(robot, 1, options.timeout)
    for entry in entries:
        told = '' if entry.applied or not entry.command else f'  not applied: {entry.result}'
        print(f'  {entry.index:6d}  term {entry.term:4d}  {entry.command or "no-op"}{told}')
    return 0


def _print_disk(options: argparse.Namespace) -> int:
    """Print identity, term, stops, waiting commands and log; return the exit status."""
    from swarm_coordination.storage.recovery import read_only

    found = read_only(options.folder)
    provision = found.provision
    voters = ', '.join(voter.name for voter in provision.voters)
    names = {voter.storage_id: voter.name for voter in provision.voters}
    print(f'robot        {provision.name} ({provision.storage_id})')
    print(f'cluster      {provision.cluster_id}, voters {voters}')
    print(f'incarnation  {found.incarnation}')
    vote = names.get(found.hard_state.vote, str(found.hard_state.vote or 'nobody'))
    print(f'term         {found.hard_state.term}, voted for {vote}')
    print(f'may vote     {"yes" if found.may_vote else f"no: {found.reason}"}')
    for stop in found.stops:
        issuer = names.get(stop.issuer, str(stop.issuer))
        print(f'stop         {issuer} #{stop.counter}, level {stop.level}')
    for intent in found.intents:
        print(f'waiting      #{intent.serial} {intent.payload.decode(errors="replace")}')
    if found.snapshot is not None:
        size = len(found.snapshot.state)
        print(f'snapshot     at entry {found.snapshot.index}, term {found.snapshot.term}, '
              f'{size} bytes')
    print(f'entries      {len(found.entries)}')
    for entry in found.entries:
        print(f'  {entry.index:6d}  term {entry.term:4d}  {_content(entry, names)}')
    return 0


def _content(entry: Entry, names: dict[int, str]) -> str:
    """Return who submitted what, in one line."""
    from swarm_coordination.errors import CommandError
    from swarm_coordination.mission.commands import Envelope

    if entry.kind is EntryKind.CONFIGURATION:
        return _configuration(entry, names)
    if not entry.payload:
        return 'no-op'
    try:
        envelope = Envelope.decode(entry.payload)
    except CommandError as error:
        return f'unreadable: {error}'
    command = envelope.command.decode(errors='replace')
    if not envelope.session:
        return f'leader: {command}'
    return f'{names.get(envelope.session, str(envelope.session))} #{envelope.serial}: {command}'


def _configuration(entry: Entry, names: dict[int, str]) -> str:
    """Return who votes and who learns from this entry on, in one line."""
    from swarm_coordination.consensus.configuration import configuration_of

    configuration = configuration_of(entry)
    if configuration is None:
        return 'unreadable configuration'
    voters, learners = (
        ', '.join(names.get(robot, str(robot)) for robot in robots) or 'none'
        for robots in configuration.membership
    )
    forced = ', forced by an operator' if configuration.forced else ''
    return f'voters {voters}; learners {learners}{forced}'
