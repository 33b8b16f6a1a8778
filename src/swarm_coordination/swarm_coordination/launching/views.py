# SPDX-License-Identifier: Apache-2.0
"""
What shows a swarm: the ground station, and rviz.

Both have their parameters from where every process of a launch has them (``parameters``): a given
argument, then params_file, then what follows from the kind of launch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launch_ros.actions import Node
from swarm_coordination.configuration import config_folder
from swarm_coordination.launching.actions import process, ros_words
from swarm_coordination.launching.attended import attended

# The name that rviz2 gives its own node (rviz_common, VisualizerApp).
RVIZ = '/rviz'


def station(
    source: str,
    log_level: str,
    *,
    defaults: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    decided: Mapping[str, Any] | None = None,
) -> Any:
    """Return the ground station's process; ``source`` is the swarm file."""
    return process(
        'ground_station', 'ground_station', ['ground_station'], log_level=log_level,
        defaults=defaults, files=files, decided={**(decided or {}), 'swarm_file': source},
    )


def rviz(
    log_level: str,
    *,
    shown: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    decided: Mapping[str, Any] | None = None,
) -> Any:
    """Return rviz; ``shown``: the file of displays, ours where there is none."""
    displays = shown or [str(config_folder() / 'rviz' / 'swarm.rviz')]
    words = ros_words([RVIZ], log_level, defaults=defaults, files=files, decided=decided)
    return attended(Node(
        package='rviz2', executable='rviz2', output='screen', arguments=['-d', *displays, *words]
    ))
