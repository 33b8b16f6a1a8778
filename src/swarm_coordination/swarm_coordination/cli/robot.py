# SPDX-License-Identifier: Apache-2.0
"""``swarm robot``: one robot as a plain DDS process, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from swarm_coordination.cli.needs import need
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.air import AirOptions
from swarm_coordination.live.lifetime import die_with_parent
from swarm_coordination.live.localisation import POSE_SOURCES
from swarm_coordination.live.own_frames import PUBLISHED
from swarm_coordination.settings import check, declared
from swarm_coordination.vehicles.safety import SafetyOptions

# As of ROS nodes (`ros/options.py`).
STATUS_PERIODS_S = (0.02, 10.0)
DELAYS_MS = (0.0, 1_000.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    _add_place(parser)
    _add_simulation(parser)
    _add_localisation(parser)
    parser.add_argument(
        '--status-period', type=float, default=0.1, metavar='S',
        help='time between two messages on `status`, 0.02 to 10; sooner when something happens '
             '(default: 0.1)',
    )
    parser.add_argument(
        '--record-dir', default='', metavar='DIR',
        help="gets recordings for `swarm replay`; they hold the swarm's key",
    )
    for name, declaration in declared(SafetyOptions).items():
        parser.add_argument(
            f'--{name.replace("_", "-")}', type=float, default=getattr(SafetyOptions(), name),
            metavar=declaration.unit.upper() or 'SHARE', help=declaration.description,
        )


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', metavar='NAME', help="the robot's name in the swarm file")
    parser.add_argument(
        '--config', metavar='FILE', help='the swarm file (default: config/swarm.yaml)'
    )
    parser.add_argument(
        '--storage', type=Path, required=True, metavar='DIR',
        help="folder of the robot's provisioned storage (see `swarm provision`)",
    )
    parser.add_argument(
        '--domain', type=int, metavar='N', help='DDS domain (default: ROS_DOMAIN_ID, or 0)'
    )


def _add_simulation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--radio-filter', action='store_true',
        help='simulation: draw reception by /swarm/radio; never on a real robot',
    )
    parser.add_argument(
        '--radio-seed', type=int, default=1, metavar='S', help='seed of those draws'
    )
    for name, text in (('latency', 'delay'), ('jitter', 'further delay, drawn for each')):
        parser.add_argument(
            f'--radio-{name}', type=float, default=0.0, metavar='MS',
            help=f'simulation: {text} of every frame heard',
        )


def _add_localisation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--pose-source', choices=POSE_SOURCES, default=POSE_SOURCES[0],
        help='pose: the topic `pose`, in map; tf: `odom` and the transform map -> NAME/odom; '
             'start: `odom`, begun at the start pose of the swarm file (default: pose)',
    )
    parser.add_argument(
        '--publish-tf', choices=PUBLISHED, default=PUBLISHED[0],
        help='links of map -> NAME/odom -> NAME/base_link that nobody else publishes, see '
             'docs/deploy.md (default: none)',
    )


def safety_of(options: argparse.Namespace) -> SafetyOptions:
    """Return the robot's own limits; raises ConfigurationError."""
    safety = SafetyOptions(**{name: getattr(options, name) for name in declared(SafetyOptions)})
    check(safety, 'command line')
    return safety


def status_period_of(options: argparse.Namespace) -> float:
    """Return the time between two statuses; raises ConfigurationError."""
    least, most = STATUS_PERIODS_S
    if not least <= options.status_period <= most:
        raise ConfigurationError(
            'command line', '--status-period', str(options.status_period),
            f'{least} to {most} s',
        )
    return float(options.status_period)


def air_of(options: argparse.Namespace) -> AirOptions:
    """Return what a simulation does to the air; raises ConfigurationError."""
    least, most = DELAYS_MS
    for name in ('radio_latency', 'radio_jitter'):
        given = getattr(options, name)
        if not least <= given <= most:  # NaN fails too
            raise ConfigurationError(
                'command line', f'--{name.replace("_", "-")}', given, f'{least:g} to {most:g} ms'
            )
    return AirOptions(
        radio_filter=options.radio_filter,
        radio_seed=options.radio_seed,
        latency_ms=options.radio_latency,
        jitter_ms=options.radio_jitter,
    )


def run(options: argparse.Namespace) -> int:
    """Run the robot until a signal; return the exit status."""
    # First: what follows takes a second to load, and a demo may end meanwhile.
    die_with_parent()
    need('cyclonedds')
    from swarm_coordination.configuration import find_swarm_file
    from swarm_coordination.dds.robot import run_robot
    from swarm_coordination.live.carrier import CarrierOptions

    run_robot(
        find_swarm_file(options.config),
        options.name,
        options.storage,
        options.domain,
        CarrierOptions(
            air=air_of(options),
            safety=safety_of(options),
            pose_source=options.pose_source,
            publish_tf=options.publish_tf,
            status_period_s=status_period_of(options),
        ),
        options.record_dir,
    )
    return 0
