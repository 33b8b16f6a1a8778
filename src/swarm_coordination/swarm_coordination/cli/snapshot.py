# SPDX-License-Identifier: Apache-2.0
"""``swarm snapshot``: what rviz would show of a running swarm, as a PNG."""

from __future__ import annotations

import argparse
from pathlib import Path

from swarm_coordination.cli import operating
from swarm_coordination.errors import ConfigurationError, SwarmError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    operating.add_arguments(parser)
    parser.add_argument('file', type=Path, metavar='FILE.png', help='the picture to write')
    parser.add_argument(
        '--wait', type=float, default=3.0, metavar='S',
        help='so long once somebody was heard: trails are what is seen meanwhile (default: 3)',
    )


def run(options: argparse.Namespace) -> int:
    """Listen and draw; return the exit status."""
    if options.file.suffix != '.png' or not options.file.absolute().parent.is_dir():
        raise ConfigurationError(
            'command line', 'FILE.png', str(options.file), 'a .png in an existing folder'
        )
    from swarm_coordination.station.scene import scene
    from swarm_coordination.station.snapshot import draw

    with operating.operator(options) as operator:
        picture = operator.look(options.wait, options.timeout)
    if not picture.robots:
        raise SwarmError('no robot was heard: is the domain right (--domain, ROS_DOMAIN_ID)?')
    draw(scene(picture), f'{len(picture.robots)} robots', options.file)
    print(options.file)
    return 0
