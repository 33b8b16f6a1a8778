# SPDX-License-Identifier: Apache-2.0
"""
Actions and arguments of the launch files.

A process of ours that refuses its configuration (status 2) ends the launch with an error: nothing
half-started stays. One that failed otherwise is started again after a growing while
(``backoff``). One that was asked to end, or ended well, stays ended. What does one thing and
cannot (a model that is not spawned) ends the launch too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
import os
from pathlib import Path
import time
from typing import Any

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    TimerAction,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from swarm_coordination.configuration.locations import shared_folder
from swarm_coordination.launching.attended import attended_environment
from swarm_coordination.launching.backoff import Backoff
from swarm_coordination.launching.parameters import parameter_words
from swarm_coordination.live.run_folder import run_folder

PACKAGE = 'swarm_coordination'
TRUTH = ('true', 'false', 'True', 'False')
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
# What the process `robot` runs.
ROBOT_NODES = ('coordinator', 'formation_controller')
# Exit status of a node that refuses a parameter or file.
WRONG_CONFIGURATION = 2

# Name, default (None: required), choices (None: any), description.
Argument = tuple[str, Any, Any, str]
SWARM_FILE: Argument = (
    'swarm_file', '', None, 'path of the swarm file (robots); empty: the one installed'
)
# Where '' is a choice, an argument that is not given leaves the word to params_file.
MAYBE = ('', *TRUTH)
SIM_TIME: Argument = (
    'use_sim_time', '', MAYBE, "take time from /clock; empty: params_file's, else false"
)
PARAMS_FILE: Argument = (
    'params_file', '', None,
    'YAML file with further ROS parameters, which a given argument goes before; empty: none'
)
VEHICLE: Argument = (
    'vehicle', 'none', ('none', 'px4', 'crazyflie'),
    'adapter beside the robot: px4 (needs px4_msgs), crazyflie (needs crazyflie_interfaces), none'
)
GAZEBO_WORLD: Argument = (
    'gazebo_world', 'open_field', None,
    'in Gazebo: world of sim/worlds (open_field, gap, corridor, large_area); '
    'the robots know its obstacles'
)
GUI: Argument = ('gui', 'true', TRUTH, 'in Gazebo: its window; false: headless')
LOG_LEVEL: Argument = ('log_level', 'info', LEVELS, 'level of the log')


class Given:
    """The values of the arguments of one launch."""

    def __init__(self, context: Any, arguments: Sequence[Argument]) -> None:
        self._values = {
            name: str(LaunchConfiguration(name).perform(context)) for name, *_ in arguments
        }

    def text(self, name: str) -> str:
        """Return a value as it stands."""
        return self._values[name]

    def flag(self, name: str) -> bool:
        """Return true or false; false where the argument is empty."""
        return self._values[name].lower() == 'true'

    def decided(self, **names: Callable[[str], Any]) -> dict[str, Any]:
        """Return those of the arguments that were given, each read by ``flag``, ``count``, ..."""
        return {name: read(name) for name, read in names.items() if self._values[name]}

    def count(self, name: str) -> int:
        """Return a whole number; raises ValueError."""
        if not self._values[name].isdecimal():
            raise ValueError(f'{name}:={self._values[name]} is not valid: a whole number')
        return int(self._values[name])

    def file(self, name: str) -> list[str]:
        """Return an existing file, as a list, which is empty for none; raises ValueError."""
        if not self._values[name]:
            return []
        path = Path(self._values[name]).expanduser()
        if not path.is_file():
            raise ValueError(f'{name}:={self._values[name]} is not valid: an existing file')
        return [str(path)]


def description(
    arguments: Sequence[Argument], start: Callable[[Any, Given], list[Any]]
) -> LaunchDescription:
    """
    Return the arguments, and ``start(context, given)`` that makes the actions.

    What ``start`` raises ends the launch before any process has begun.
    """
    declared = [
        DeclareLaunchArgument(name, default_value=default, choices=choices, description=text)
        for name, default, choices, text in arguments
    ]
    begin = OpaqueFunction(function=lambda context: start(context, Given(context, arguments)))
    return LaunchDescription([*declared, begin])


def process(
    executable: str,
    name: str,
    nodes: Sequence[str],
    *,
    package: str = PACKAGE,
    namespace: str = '',
    log_level: str = 'info',
    defaults: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    decided: Mapping[str, Any] | None = None,
) -> Any:
    """
    Return a process, of this package if nothing else is said, started again when it fails.

    ``nodes`` are those that it runs, without their namespace (none: nothing is decided for
    them); for the rest see ``parameters.parameter_words``. A launch file that starts another
    package's has something ``attended`` too.
    """
    named = [f'{namespace and "/" + namespace}/{node}' for node in nodes]
    words = ros_words(named, log_level, defaults=defaults, files=files, decided=decided)
    return _Kept(package, executable, name, namespace, words).start()


def ros_words(
    nodes: Sequence[str],
    log_level: str,
    *,
    defaults: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    decided: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return ``--ros-args`` and what follows; see ``parameters.parameter_words``."""
    return ['--ros-args', '--log-level', log_level, *parameter_words(
        _parameter_folder(), nodes, defaults=defaults or {}, files=files, decided=decided or {},
    )]


@cache
def _parameter_folder() -> Path:
    return run_folder('swarm_launch_')


def done_once(package: str, executable: str, failure: str, **options: Any) -> Any:
    """Return a process that does one thing and ends; ``failure`` ends the launch if it cannot."""
    def ended(event: Any, context: Any) -> None:
        if event.returncode and not context.is_shutdown:
            raise RuntimeError(f'{failure} (status {event.returncode}): see the messages above')

    return Node(
        package=package, executable=executable, output='screen', on_exit=ended, **options
    )


def included(name: str, **arguments: Any) -> Any:
    """Return another launch file of this package, with arguments."""
    file = f'{name}.launch.py'
    path = shared_folder('launch', file) / file
    words = [(key, str(value)) for key, value in arguments.items()]
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(path)), launch_arguments=words
    )


class _Kept:
    """Starts one process, and starts it again."""

    def __init__(
        self, package: str, executable: str, name: str, namespace: str, words: Sequence[str]
    ) -> None:
        from swarm_coordination.live.domain import interoperable_environment
        from swarm_coordination.live.lifetime import bound_to_this_process

        self._package, self._executable, self._name = package, executable, name
        self._arguments = list(words)
        self._namespace = {'namespace': namespace} if namespace else {}
        # Ours end with the launch process even where that is killed and cannot end its children
        # (for those of others: ``attended``); robots on plain Cyclone DDS are met too.
        self._environment = bound_to_this_process(interoperable_environment(os.environ))
        if package != PACKAGE:
            self._environment |= attended_environment()
        self._backoff = Backoff()
        self._started_s = 0.0

    def start(self) -> Any:
        self._started_s = time.monotonic()
        return Node(
            package=self._package,
            executable=self._executable,
            exec_name=self._name,
            output='screen',
            arguments=self._arguments,
            additional_env=self._environment,
            on_exit=self._ended,
            **self._namespace,
        )

    def _ended(self, event: Any, context: Any) -> list[Any] | None:
        if context.is_shutdown or event.returncode == 0:
            return None
        if event.returncode == WRONG_CONFIGURATION and self._package == PACKAGE:
            raise RuntimeError(f'{self._name} refuses its configuration: see its message')
        wait_s = self._backoff.after(time.monotonic() - self._started_s)
        text = f'{self._name} ended with status {event.returncode}: again in {wait_s:g} s'
        again = OpaqueFunction(function=lambda _: [self.start()])
        return [LogInfo(msg=text), TimerAction(period=wait_s, actions=[again])]
