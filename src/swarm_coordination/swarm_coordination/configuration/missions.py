# SPDX-License-Identifier: Apache-2.0
"""
Mission files: YAML in metres, checked against the swarm before the first byte is sent.

The fields are those of ``start_mission`` with their units: ``name``, ``formation`` (``shape``,
``spacing_m``, ``gap_m`` or ``custom``), ``path``, ``speed_mps``, ``yaw_rad``, ``on_loss``,
``lease_s``; ``description`` is for people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from swarm_coordination.configuration.documents import load_document
from swarm_coordination.configuration.section import Section
from swarm_coordination.configuration.swarm import SwarmFile
from swarm_coordination.errors import CommandError, ConfigurationError
from swarm_coordination.mission.commands import (
    Change,
    CHANGES_MAX,
    encode_command,
    LEASE_MAX_MS,
    LEASE_MIN_MS,
    OFFSET_MAX_MM,
    ON_LOSS,
    PATH_COORDINATE_MAX_MM,
    SPEED_MAX_MM_S,
    StartMission,
    WAYPOINTS_MAX,
)
from swarm_coordination.mission.formations import Formation, PointMm, SHAPES, SLOTS_MAX
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.validation import check_mission
from swarm_coordination.units import from_mm, to_mm

CHANGE_FIELDS = ('waypoint', 'formation', 'yaw_rad')
FIELDS = (
    'name',
    'description',
    'formation',
    'path',
    'speed_mps',
    'yaw_rad',
    'on_loss',
    'lease_s',
    'changes',
    'rearrange',
    'rendezvous',
    'resilience',
)


def load_mission(path: str | Path, swarm: SwarmFile | None = None) -> StartMission:
    """
    Return the command that starts the mission of a file.

    With ``swarm`` it is checked for that many robots, and its default lease is the swarm's.
    Raises ConfigurationError.
    """
    return read_mission(load_document(Path(path)), str(path), '', swarm)


def read_mission(
    document: object, source: str, field: str = '', swarm: SwarmFile | None = None
) -> StartMission:
    """Return the command in a parsed mission that stands at ``field`` of ``source``."""
    top = Section(source, field, document, FIELDS)
    meet = top.get('rendezvous')
    command = StartMission(
        name=top.text('name'),
        formation=_read_formation(top),
        path=tuple(
            _point(point, top, 'path', PATH_COORDINATE_MAX_MM)
            for point in top.items('path', 1, WAYPOINTS_MAX)
        ),
        speed_mm_s=to_mm(top.number('speed_mps', 0.001, from_mm(SPEED_MAX_MM_S), 'm/s')),
        lease_ms=_lease_ms(top, swarm),
        yaw_mrad=to_mm(top.number('yaw_rad', -6.284, 6.284, 'rad', 0.0)),
        on_loss=top.choice('on_loss', ON_LOSS, ON_LOSS[0]),
        changes=tuple(
            _read_change(change)
            for change in top.sections('changes', 0, CHANGES_MAX, CHANGE_FIELDS)
        ),
        rearrange=top.flag('rearrange', True),
        rendezvous=None
        if meet is None
        else _point(meet, top, 'rendezvous', PATH_COORDINATE_MAX_MM),
        resilience=top.whole('resilience', 0, 1, 0),
    )
    try:
        encode_command(command)
        if swarm is not None:
            limits = swarm.robots[0].settings.formation_limits
            check_mission(command, limits, len(swarm.robots))
    except CommandError as error:
        raise ConfigurationError(source, field or 'mission', command.name, str(error)) from error
    return command


def _read_change(section: Section) -> Change:
    return Change(
        section.whole('waypoint', 1, WAYPOINTS_MAX - 1),
        _read_formation(section),
        to_mm(section.number('yaw_rad', -6.284, 6.284, 'rad', 0.0)),
    )


def _lease_ms(top: Section, swarm: SwarmFile | None) -> int:
    settings = swarm.robots[0].settings.mission if swarm is not None else MissionSettings()
    least, most = from_mm(LEASE_MIN_MS), from_mm(LEASE_MAX_MS)
    return to_mm(top.number('lease_s', least, most, 's', settings.lease_s))


def _read_formation(top: Section) -> Formation:
    section = top.section('formation', ('shape', 'spacing_m', 'gap_m', 'custom'))
    shape = section.choice('shape', SHAPES)
    for field, only in (('gap_m', 'groups'), ('custom', 'custom')):
        if (field in section) != (shape == only):
            raise section.error(field, f'given for shape {only} and for no other')
    return Formation(
        shape,
        to_mm(section.number('spacing_m', 0.1, 100.0, 'm')),
        to_mm(section.number('gap_m', 0.1, 100.0, 'm')) if 'gap_m' in section else 0,
        _read_custom(section) if 'custom' in section else (),
    )


def _read_custom(formation: Section) -> tuple[tuple[PointMm, ...], ...]:
    """Return the layouts, ascending number of robots; each key has to be that number."""
    section = formation.section('custom')
    layouts = []
    for key in section.names:
        points = section.items(key, 1, SLOTS_MAX)
        if key != str(len(points)):
            raise section.error(key, f'{key} points, one for each robot ({len(points)} are given)')
        layouts.append(tuple(_point(point, section, key, OFFSET_MAX_MM) for point in points))
    return tuple(sorted(layouts, key=len))


def _point(value: Any, section: Section, key: str, bound_mm: int) -> PointMm:
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise ConfigurationError(
            section.source, section.path(key), value, 'points [x, y] or [x, y, z] in metres'
        )
    most = from_mm(bound_mm)
    x, y, *z = (to_mm(section.as_number(key, item, -most, most, 'm')) for item in value)
    return (x, y, z[0] if z else 0)
