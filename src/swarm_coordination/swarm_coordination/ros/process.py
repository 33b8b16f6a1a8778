# SPDX-License-Identifier: Apache-2.0
"""What every node process has in common: arguments, signals, a clean end, a clear error."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import sys
from typing import Any

from rclpy.utilities import remove_ros_args
from swarm_coordination.errors import ConfigurationError, SwarmError
from swarm_coordination.live.lifetime import die_with_parent
from swarm_coordination.ros.executor import Runner

NodeKind = Callable[..., Any]
# Exit codes: 2 as of a wrong command line, 1 where a running robot had to stop.
WRONG_CONFIGURATION, STOPPED_BY_ERROR = 2, 1


def run_nodes(program: str, description: str, kinds: tuple[NodeKind, ...]) -> int:
    """Run one node of each kind in this process until a signal or an error; return the status."""
    die_with_parent()
    parser = argparse.ArgumentParser(
        prog=program,
        description=description + ' Parameters: --ros-args -p NAME:=VALUE; see the README.',
    )
    parser.add_argument(
        '--light', action='store_true',
        help='without /rosout and parameter services: half the DDS endpoints',
    )
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    node_options = (
        {'enable_rosout': False, 'start_parameter_services': False} if options.light else {}
    )
    runner = Runner(sys.argv[1:])
    try:
        runner.stop_on_signals()
        for kind in kinds:
            runner.add(kind(runner, **node_options))
        runner.run()
    except ConfigurationError as error:
        print(f'{program}: {error}', file=sys.stderr)  # noqa: T201
        return WRONG_CONFIGURATION
    except SwarmError as error:
        print(f'{program}: stopped: {error}', file=sys.stderr)  # noqa: T201
        return STOPPED_BY_ERROR
    finally:
        runner.close()
    return 0
