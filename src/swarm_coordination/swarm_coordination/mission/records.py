# SPDX-License-Identifier: Apache-2.0
"""
Commands that are plain records: each field has one reader, and defaults are left out.

A field with a default is optional in JSON; what equals its default is not written, so that
equal commands are equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from swarm_coordination.mission import fields

# Takes a decoded JSON value and the field's name; returns the value or raises CommandError.
Reader = Callable[[object, str], Any]


class Plain:
    """How one kind of command (a NamedTuple) is written and read."""

    def __init__(self, kind: str, command: Any, readers: Mapping[str, Reader]) -> None:
        if tuple(readers) != command._fields:
            raise AssertionError(f'{kind}: readers {tuple(readers)} for {command._fields}')
        self.kind = kind
        self.command = command
        self._readers = readers
        self._defaults: dict[str, Any] = command._field_defaults
        self._required = tuple(name for name in command._fields if name not in self._defaults)

    def to_json(self, command: Any) -> dict[str, Any]:
        """Return the JSON object of ``command``."""
        values = {
            name: value
            for name, value in command._asdict().items()
            if name not in self._defaults or value != self._defaults[name]
        }
        return {'kind': self.kind, **values}

    def read(self, body: dict[str, Any]) -> Any:
        """Return the command in ``body`` (without its kind); raises CommandError."""
        fields.mapping(body, self.kind, self._required, self._defaults)
        return self.command(**{name: self._readers[name](body[name], name) for name in body})


def number(low: int, high: int) -> Reader:
    """Return the reader of a whole number in [low, high]."""
    return lambda value, field: fields.integer(value, field, low, high)


def text(size_max: int, pattern: str = '') -> Reader:
    """Return the reader of text of at most ``size_max`` characters that matches ``pattern``."""
    return lambda value, field: fields.text(value, field, size_max, pattern)
