# SPDX-License-Identifier: Apache-2.0
"""
Configuration files: YAML in, frozen settings and commands out.

A wrong file stops everything at start: each error is a ConfigurationError that names file,
field, value and bound.
"""

from swarm_coordination.configuration.locations import (
    config_folder,
    find_mission,
    find_swarm_file,
)
from swarm_coordination.configuration.missions import load_mission, read_mission
from swarm_coordination.configuration.swarm import (
    load_swarm,
    overlaid,
    read_swarm,
    RobotConfiguration,
    SwarmFile,
)

__all__ = [
    'RobotConfiguration',
    'SwarmFile',
    'config_folder',
    'find_mission',
    'find_swarm_file',
    'load_mission',
    'load_swarm',
    'overlaid',
    'read_mission',
    'read_swarm',
]
