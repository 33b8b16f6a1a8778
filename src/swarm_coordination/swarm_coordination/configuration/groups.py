# SPDX-License-Identifier: Apache-2.0
"""
The settings groups of a swarm file, read generically from their declarations.

Which group is which class stands here and nowhere else; fields, units and bounds stand in the
settings module of each room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import hashlib
import json
from typing import Any, NamedTuple

from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.bounds import ID_MAX
from swarm_coordination.configuration.section import Section
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.control.settings import check_control, ControlSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mesh.settings import check_mesh, MeshSettings
from swarm_coordination.mission.settings import check_mission_settings, MissionSettings
from swarm_coordination.robot.membership_settings import check_membership, MembershipSettings
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.settings import check, declared

# Goes into the configuration hash: raised when a shared setting changes its meaning, and when an
# entry of the log does (kinds of commands, fields, bounds, words of a result, the form of the
# state). Robots that would apply one entry differently must not share a log.
HASH_FORMAT = 1


class Group(NamedTuple):
    """A settings class and the check of its bounds and of the relations between its fields."""

    settings: type[Any]
    check: Callable[[Any, str, str], None]


GROUPS: dict[str, Group] = {
    'mesh': Group(MeshSettings, check_mesh),
    'consensus': Group(RaftSettings, check),
    'control': Group(ControlSettings, check_control),
    'mission': Group(MissionSettings, check_mission_settings),
    'membership': Group(MembershipSettings, check_membership),
}


def build_settings(layers: tuple[Section, ...]) -> RobotSettings:
    """
    Return the settings of one robot from sections in rising precedence (all, type, robot).

    Shared settings may stand in the first layer only: robots that differ in one would not
    cooperate. Raises ConfigurationError.
    """
    groups: dict[str, Any] = {}
    for name, group in GROUPS.items():
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        for depth, layer in enumerate(layers):
            section = layer.section(name)
            values.update(section.given(group.settings))
            if depth:
                _refuse_shared(section, group.settings)
            places.update((key, section.path(key)) for key in section.names)
        groups[name] = _build_group(group, values, layers[0].section(name), places)
    return RobotSettings(**groups, config_hash=config_hash(groups))


def with_area(settings: RobotSettings, area: Area) -> RobotSettings:
    """Return the settings in another area, under the hash that goes with it."""
    groups = {name: getattr(settings, name) for name in GROUPS}
    return replace(settings, area=area, config_hash=config_hash(groups, area))


def config_hash(groups: dict[str, Any], area: Area = NOWHERE_CLOSED) -> int:
    """Return the 62-bit BLAKE2b over every shared setting of ``groups`` and the area."""
    shared = {
        name: {
            field: getattr(settings, field)
            for field, declaration in declared(settings).items()
            if declaration.shared
        }
        for name, settings in groups.items()
    }
    where = [] if area.empty else [area]
    text = json.dumps([HASH_FORMAT, shared, *where], sort_keys=True, allow_nan=False)
    digest = hashlib.blake2b(text.encode('utf-8'), digest_size=8).digest()
    return int.from_bytes(digest, 'big') & ID_MAX


def _refuse_shared(section: Section, kind: type[Any]) -> None:
    declarations = declared(kind)
    for key in section.names:
        if declarations[key].shared:
            raise section.error(key, 'set under all: the whole swarm shares it')


def _build_group(
    group: Group, values: dict[str, Any], everyone: Section, places: dict[str, str]
) -> Any:
    """
    Return the settings object.

    A relation that does not hold is reported where its field is set (``places``), or where it
    would be set for everybody.
    """
    try:
        settings = group.settings(**values)
        group.check(settings, '', '')
    except ConfigurationError as error:
        field = places.get(error.field, everyone.path(error.field))
        raise ConfigurationError(everyone.source, field, error.value, error.bound) from error
    return settings
