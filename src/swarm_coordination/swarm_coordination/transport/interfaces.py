# SPDX-License-Identifier: Apache-2.0
"""
Read interface definitions (``.msg``, ``.srv``) as ROS 2 writes them.

The files of ``swarm_msgs`` are the one list of our messages: rosidl makes rclpy's classes of
them, ``cyclone_types`` those of Cyclone DDS. The subset read here is all that they and the
common packages use; anything else is refused with InterfaceError, file and line.
"""

from __future__ import annotations

from dataclasses import dataclass
import re

from swarm_coordination.errors import SwarmError

_TYPE = re.compile(
    r'^(?P<base>[A-Za-z]\w*(?:/[A-Za-z]\w*){0,2})(?:<=(?P<length>\d+))?'
    r'(?P<array>\[(?:(?P<exact>\d+)|<=(?P<most>\d+))?\])?$'
)
PRIMITIVES = frozenset({
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32',
    'uint32', 'int64', 'uint64', 'string',
})
SEPARATOR = '---'


class InterfaceError(SwarmError):
    """A definition that cannot be read."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """
    The type of one field.

    ``base`` is a primitive or ``package/msg/Name``; ``length`` bounds a string. ``size``: number
    of elements, the greatest one where ``bounded``; None without either; -1: no array at all.
    """

    base: str
    length: int | None = None
    size: int | None = -1
    bounded: bool = False

    @property
    def is_array(self) -> bool:
        """Whether the field holds more than one value."""
        return self.size != -1


@dataclass(frozen=True, slots=True)
class Part:
    """One message, or one half of a service: constants, and fields in order."""

    constants: dict[str, int | float | str | bool]
    fields: tuple[tuple[str, FieldType, float | None], ...]  # name, type, default


def read_parts(text: str, package: str, source: str) -> tuple[Part, ...]:
    """Return the parts of a definition: one of a message, two of a service."""
    parts = []
    at = 1
    for block in re.split(rf'(?m)^{SEPARATOR}$', text):
        parts.append(_read_part(block, package, source, at))
        at += block.count('\n')
    return tuple(parts)


def _read_part(block: str, package: str, source: str, first: int) -> Part:
    constants: dict[str, int | float | str | bool] = {}
    fields = []
    for number, line in enumerate(block.splitlines(), start=first):
        words = line.split('#', 1)[0].split(maxsplit=1)
        if not words:
            continue
        if len(words) != 2:
            raise InterfaceError(f'{source}:{number}: {line.strip()!r} is no field')
        kind, rest = _field_type(words[0], package, f'{source}:{number}'), words[1].strip()
        if '=' in rest:
            name, _, value = rest.partition('=')
            constants[name.strip()] = _value(value.strip(), kind.base)
        else:
            name, _, default = rest.partition(' ')
            fields.append((name, kind, float(default) if default.strip() else None))
    return Part(constants, tuple(fields))


def _field_type(word: str, package: str, where: str) -> FieldType:
    found = _TYPE.match(word)
    if found is None:
        raise InterfaceError(f'{where}: {word!r} is no type')
    base = found['base']
    if base not in PRIMITIVES:
        steps = base.split('/')
        if len(steps) == 1 and steps[0] != 'Header':
            steps = [package, *steps]
        base = '/'.join((steps[0], 'msg', steps[-1]))
    length = int(found['length']) if found['length'] else None
    if length is not None and base != 'string':
        raise InterfaceError(f'{where}: {word!r}: only a string has a length')
    if found['array'] is None:
        return FieldType(base, length)
    if found['exact']:
        return FieldType(base, length, int(found['exact']))
    return FieldType(base, length, int(found['most']) if found['most'] else None, bounded=True)


def _value(text: str, base: str) -> int | float | str | bool:
    if base == 'string':
        return text.strip('"\'')
    if base == 'bool':
        return text.lower() in ('true', '1')
    return float(text) if base.startswith('float') else int(text, 0)
