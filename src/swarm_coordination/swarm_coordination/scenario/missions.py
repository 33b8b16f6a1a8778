# SPDX-License-Identifier: Apache-2.0
"""Missions inside a scenario: by name, by path, or written out in place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import find_mission, load_mission, read_mission, SwarmFile
from swarm_coordination.mission.commands import StartMission
from swarm_coordination.units import to_mm

Vector = tuple[float, float, float]


def mission_command(
    mission: Mapping[str, Any] | str,
    source: str,
    field: str = 'mission',
    swarm: SwarmFile | None = None,
    around: Vector = (0.0, 0.0, 0.0),
) -> StartMission:
    """
    Return the command that starts ``mission``, its path moved by ``around`` (metres).

    ``mission``: fields of a mission file, a path (relative to the scenario ``source`` or to
    here), or the name of a file in config/missions. With ``swarm`` it is checked for that many
    robots. Raises ConfigurationError.
    """
    if isinstance(mission, str):
        beside = Path(source).parent / mission
        command = load_mission(beside if beside.is_file() else find_mission(mission), swarm)
    else:
        command = read_mission(mission, source, field, swarm)
    shift = tuple(to_mm(metres) for metres in around)
    path = tuple((x + shift[0], y + shift[1], z + shift[2]) for x, y, z in command.path)
    meet = command.rendezvous
    if meet is not None:
        meet = (meet[0] + shift[0], meet[1] + shift[1], meet[2] + shift[2])
    return command._replace(path=path, rendezvous=meet)
