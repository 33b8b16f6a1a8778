# SPDX-License-Identifier: Apache-2.0
"""``swarm status``: one line for each robot of a running swarm."""

from __future__ import annotations

import argparse

from swarm_coordination.cli import operating
from swarm_coordination.station.watch import Picture, RobotSeen

_ROLES = ('follower', 'pre-candidate', 'candidate', 'leader', 'learner')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument(
        '--wait', type=float, default=3.0, metavar='S',
        help='so long once somebody was heard; robots speak ten times a second (default: 3)',
    )


def run(options: argparse.Namespace) -> int:
    """Print what is heard; return 1 where nobody is."""
    with operating.operator(options) as operator:
        picture = operator.look(options.wait, options.timeout)
    print('\n'.join(lines(picture)))
    return 0 if picture.robots else 1


def lines(picture: Picture) -> list[str]:
    """Return the picture as text, one line for each robot and one for the whole."""
    leaders = ', '.join(robot.name for robot in picture.leaders()) or 'nobody'
    head = (
        f'{len(picture.robots)} robots, {len(picture.islands())} islands, '
        f'{len(picture.links())} links, leader {leaders}'
    )
    return [head, *_members(picture), *map(_line, picture.robots)]


def _members(picture: Picture) -> list[str]:
    """Return who votes, by the newest configuration that anybody has in its log."""
    if not picture.robots:
        return []
    newest = max((robot.status for robot in picture.robots), key=lambda s: s.configuration)
    since = f'entry {newest.configuration}' if newest.configuration else 'as provisioned'
    learners = f', learners {", ".join(newest.learners)}' if newest.learners else ''
    return [f'voters {", ".join(newest.voters)}{learners} ({since})']


def _line(robot: RobotSeen) -> str:
    status = robot.status
    at = '-' if robot.pose is None else f'({robot.pose.x:.2f}, {robot.pose.y:.2f})'
    log = f'{status.first_index}-{status.last_index}'
    refused = f'  {status.frames_rejected} frames refused' if status.frames_rejected else ''
    vote = '' if status.may_vote else '  held back: no vote'
    return (
        f'{robot.name:12} {_ROLES[status.role]:13} term {status.term:<4} commit '
        f'{status.commit:<5} log {log:<9} snapshot {status.snapshot_index:<5} '
        f'{status.mode.name.lower():13} slot {status.slot:>2} '
        f'hears {len(robot.heard):>2}  at {at}  {status.mission}{refused}{vote}'
    ).rstrip()
