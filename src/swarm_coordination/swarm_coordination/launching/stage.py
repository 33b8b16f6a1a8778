# SPDX-License-Identifier: Apache-2.0
"""
The stage of a run, the same for every launch file: swarm file, scenario and world become one file.

Free of ROS. Nothing is started or provisioned before all of it has been checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from swarm_coordination.configuration import find_swarm_file, load_swarm, RobotConfiguration
from swarm_coordination.configuration.swarm import SwarmFile
from swarm_coordination.gazebo.worlds import check_robots, load_world, swarm_file_in, World
from swarm_coordination.scenario.loading import load_scenario


class Stage(NamedTuple):
    """``source``: the file that all processes of the run read; ``ground``: None outside Gazebo."""

    source: str
    swarm: SwarmFile
    ground: World | None

    def robots(self, count: int) -> tuple[RobotConfiguration, ...]:
        """Return the first ``count`` robots; raises ConfigurationError where one cannot fly."""
        chosen = self.swarm.first(count).robots
        if self.ground is not None:
            check_robots(self.source, chosen)
        return chosen


def set_stage(
    swarm_file: str, scenario: Mapping[str, Any], gazebo_world: str, robots: int
) -> Stage:
    """
    Return the stage of a run of the first ``robots``; raises ConfigurationError.

    Empty texts: the installed swarm file; no Gazebo. ``scenario``: what one sets of the swarm
    file.
    """
    ground = load_world(gazebo_world) if gazebo_world else None
    source = swarm_file_in(str(find_swarm_file(swarm_file or None)), scenario, ground, robots)
    return Stage(source, load_swarm(source), ground)


def scenario_swarm(wanted: str) -> dict[str, Any]:
    """Return what a scenario sets of the swarm file, nothing where none is given."""
    return dict(load_scenario(wanted).swarm) if wanted else {}
