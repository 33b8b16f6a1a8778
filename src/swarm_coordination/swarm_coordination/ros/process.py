# SPDX-License-Identifier: Apache-2.0
"""What every node process has in common: arguments, signals, a clean end, a clear error."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import sys
from typing import Any

from rclpy.utilities import remove_ros_args
from swarm_coordination.errors import ConfigurationError, SwarmError
from swarm_coordination.live.ending import told
from swarm_coordination.live.lifetime import die_with_parent
from swarm_coordination.ros.executor import Runner, taken_by_ros
from swarm_coordination.ros.managed import ManagedNode
from swarm_coordination.ros.manager import Manager

NodeKind = Callable[..., Any]


def run_nodes(
    program: str, description: str, kinds: tuple[NodeKind, ...], *, patience_s: float = 0.0
) -> int:
    """
    Run one node of each kind in this process until a signal or an error; return the status.

    Managed nodes are brought up at once, unless ``--no-autostart`` leaves them to others
    (``ros2 lifecycle set``). ``patience_s``: of an end that takes something, see ``lifetime``.
    """
    die_with_parent(patience_s)
    managed = any(isinstance(kind, type) and issubclass(kind, ManagedNode) for kind in kinds)
    try:
        with taken_by_ros(sys.argv[1:]):
            options = _options(program, description, managed)
        runner = Runner(sys.argv[1:])
    except ConfigurationError as error:
        return told(program, error)
    node_options: dict[str, Any] = {}
    if options.light:
        node_options = {'enable_rosout': False, 'start_parameter_services': False}
        if managed:
            node_options['interface'] = False
    manager: Manager | None = None
    try:
        runner.stop_on_signals()
        nodes = [kind(runner, **node_options) for kind in kinds]
        for node in nodes:
            runner.add(node)
        if managed and options.autostart:
            manager = Manager(runner, nodes)
        runner.run()
    except (SwarmError, OSError) as error:
        return told(program, error)
    finally:
        if manager is not None:
            manager.take_down()
        runner.close()
    return 0


def _options(program: str, description: str, managed: bool) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=program,
        description=description + ' Parameters: --ros-args -p NAME:=VALUE; docs/parameters.md.',
    )
    parser.add_argument(
        '--light', action='store_true',
        help='without /rosout, parameter and lifecycle services: a third of the DDS endpoints',
    )
    if managed:
        parser.add_argument(
            '--no-autostart', dest='autostart', action='store_false',
            help='stay unconfigured until somebody else configures and activates the nodes',
        )
    return parser.parse_args(remove_ros_args(sys.argv)[1:])
