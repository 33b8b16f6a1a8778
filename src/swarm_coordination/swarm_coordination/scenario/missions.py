# SPDX-License-Identifier: Apache-2.0
"""Missions inside a scenario: by name, by path, or written out in place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import load_mission, read_mission
from swarm_coordination.mission.commands import StartMission
from swarm_coordination.units import to_mm

Vector = tuple[float, float, float]


def mission_command(
    mission: Mapping[str, Any] | str, source: str, field: str = "mission", around: Vector = (0.0, 0.0, 0.0)
) -> StartMission:
    """Return the command that starts ``mission``, its path moved by ``around`` (metres).

    ``mission``: fields of a mission file, a path (relative to the scenario ``source``), or the
    name of a file in ``missions`` beside the scenario's folder. Raises ConfigurationError.
    """
    if isinstance(mission, str):
        command = load_mission(_find(mission, Path(source)))
    else:
        command = read_mission(mission, source, field)
    shift = tuple(to_mm(metres) for metres in around)
    path = tuple((x + shift[0], y + shift[1], z + shift[2]) for x, y, z in command.path)
    return command._replace(path=path)


def _find(mission: str, source: Path) -> Path:
    for folder in (source.parent, source.parent.parent / "missions"):
        for path in (folder / mission, folder / f"{mission}.yaml"):
            if path.is_file():
                return path
    return Path(mission)
