# SPDX-License-Identifier: Apache-2.0
"""What a core starts from, as JSON and back: settings, disk, seed, time, environment."""

from __future__ import annotations

import base64
from dataclasses import asdict
from pathlib import Path
import random
import tempfile
from typing import Any

from swarm_coordination.area.shapes import area_from
from swarm_coordination.configuration.groups import config_hash, GROUPS
from swarm_coordination.control.controller import FormationController
from swarm_coordination.recording.environment import code, environment
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.storage.store import Storage
from swarm_coordination.wire.codec import WireCodec


def disk_of(directory: Path) -> dict[str, str]:
    """Return the files of a robot's disk; call it before the disk is opened."""
    return {
        path.name: base64.b64encode(path.read_bytes()).decode()
        for path in sorted(directory.iterdir()) if path.is_file()
    }


def start_of(
    part: str, robot: str, settings: RobotSettings, now: int, **more: Any
) -> dict[str, Any]:
    """Return the first message of a recording; ``more`` is what only this part starts from."""
    return {
        'part': part,
        'robot': robot,
        'environment': environment(),
        'code': code(),
        'settings': {name: asdict(getattr(settings, name)) for name in GROUPS},
        'area': settings.area,
        'now': now,
        **more,
    }


def settings_from(start: dict[str, Any]) -> RobotSettings:
    """Return the settings of a recording."""
    groups: dict[str, Any] = {
        name: group.settings(**start['settings'][name]) for name, group in GROUPS.items()
    }
    area = area_from(start.get('area', ()))
    return RobotSettings(**groups, area=area, config_hash=config_hash(groups, area))


def coordinator_from(start: dict[str, Any]) -> Coordinator:
    """Return a coordinator as it was at the start of the recording; raises StorageError."""
    settings = settings_from(start)
    with tempfile.TemporaryDirectory(prefix='swarm_replay_') as folder:
        for name, data in start['disk'].items():
            (Path(folder) / Path(name).name).write_bytes(base64.b64decode(data))
        storage, recovered = Storage.recover(Path(folder))
        storage.close()
    provision = recovered.provision
    codec = WireCodec(provision.key, provision.cluster_id, settings.config_hash)
    return Coordinator(recovered, settings, codec, random.Random(start['seed']), start['now'])


def controller_from(start: dict[str, Any]) -> FormationController:
    """Return a controller as it was at the start of the recording."""
    settings = settings_from(start)
    return FormationController(
        start['storage_id'], settings.control, start['now'], settings.area
    )
