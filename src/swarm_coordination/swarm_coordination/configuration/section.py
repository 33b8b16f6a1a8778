# SPDX-License-Identifier: Apache-2.0
"""A mapping of a YAML file, read by field; errors name file, field, value and bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import difflib
import sys
from typing import Any, get_type_hints, TypeVar

from swarm_coordination.errors import ConfigurationError, UsageError
from swarm_coordination.settings import check_value, declared, Setting

T = TypeVar('T')

# Longest text where a field states no other bound: a few lines of description.
TEXT_CHARS_MAX = 500
# What a file has to hold for each type, in words.
_WORDS = {float: 'a number', int: 'a whole number', bool: 'true or false', str: 'text'}


class Section:
    """
    One mapping of a file.

    ``field`` is its dotted path in ``source``. ``known`` are the fields it may have: any other is
    refused before the first is read, so a misspelt name is not taken for one left out. Without
    ``known`` its names are free (those of robots). Reading a field without a default requires
    it. Everything raises ConfigurationError.
    """

    def __init__(
        self, source: str, field: str, value: object, known: Iterable[str] | None = None
    ) -> None:
        self.source = source
        self.field = field
        if not isinstance(value, Mapping):
            raise ConfigurationError(source, field or 'file', value, 'a mapping of fields')
        self._values: dict[str, Any] = {str(key): item for key, item in value.items()}
        self._known: tuple[str, ...] | None = None
        if known is not None:
            self.only(known)

    def only(self, known: Iterable[str]) -> None:
        """Refuse every field but ``known``, with the nearest of them as a suggestion."""
        self._known = tuple(known)
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                listed = 'known are ' + ', '.join(self._known)
                hint = f'did you mean {near[0]}?' if near else listed
                # The name is what is wrong; the value may be pages long.
                raise ConfigurationError(
                    self.source, self.path(key), key, f'a known field: {hint}'
                )

    def path(self, key: str) -> str:
        """Return the dotted path of a field."""
        return f'{self.field}.{key}' if self.field else key

    def error(self, key: str, bound: str) -> ConfigurationError:
        """Return the error that the field ``key`` is not ``bound``."""
        return self._error(key, self._values.get(key), bound)

    def _error(self, key: str, value: object, bound: str) -> ConfigurationError:
        required = '' if key in self._values else 'required: '
        return ConfigurationError(self.source, self.path(key), value, required + bound)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that are there, in the order of the file."""
        return tuple(self._values)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a field as it stands in the file."""
        if self._known is not None and key not in self._known:
            raise UsageError(f'{self.path(key)} is read but not among the known fields')
        return self._values.get(key, default)

    def text(self, key: str, longest: int = TEXT_CHARS_MAX, default: str | None = None) -> str:
        """Return text without white space around it; empty only where that is the default."""
        value = self.get(key, default)
        stripped = value.strip() if isinstance(value, str) else None
        shortest = 0 if default == '' else 1
        if stripped is None or not shortest <= len(stripped) <= longest:
            quotes = ', in quotes' if isinstance(value, int | float) else ''
            bound = f'text of {shortest} to {longest} characters{quotes}'
            raise self._error(key, value, bound)
        return stripped

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return text that is one of ``choices``."""
        value, allowed = self.get(key, default), tuple(choices)
        if value not in allowed:
            raise self._error(key, value, 'one of ' + ', '.join(allowed))
        return str(value)

    def number(
        self, key: str, low: float, high: float, unit: str, default: float | None = None
    ) -> float:
        """Return a number in [low, high]."""
        return self.as_number(key, self.get(key, default), low, high, unit)

    def as_number(self, key: str, value: object, low: float, high: float, unit: str) -> float:
        """Return ``value``, which stands in the field ``key``, as a number in [low, high]."""
        # Compared before conversion: a whole number may be too large for a float. NaN is in no
        # interval.
        if not _is(value, float) or not low <= value <= high:  # type: ignore[operator]
            raise self._error(key, value, f'a number from {low:g} to {high:g} {unit}'.rstrip())
        return float(value)  # type: ignore[arg-type]

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number in [low, high]."""
        value = self.get(key, default)
        if not _is(value, int) or not low <= value <= high:
            raise self._error(key, value, f'a whole number from {low} to {high}')
        return int(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Return true or false."""
        value = self.get(key, default)
        if not _is(value, bool):
            raise self._error(key, value, _WORDS[bool])
        return bool(value)

    def items(self, key: str, low: int, high: int) -> list[Any]:
        """Return a list of ``low`` to ``high`` items; absent or null is empty."""
        value = self.get(key)
        items = [] if value is None else value
        if not isinstance(items, list) or not low <= len(items) <= high:
            raise self._error(key, value, f'a list of {low} to {high} items')
        return items

    def section(self, key: str, known: Iterable[str] | None = None) -> Section:
        """Return the mapping ``key``; absent or null has no fields."""
        value = self.get(key)
        return Section(self.source, self.path(key), {} if value is None else value, known)

    def sections(self, key: str, low: int, high: int, known: Iterable[str]) -> list[Section]:
        """Return the mappings of the list ``key``, named ``key[0]`` and so on."""
        known = tuple(known)
        return [
            Section(self.source, self.path(f'{key}[{number}]'), value, known)
            for number, value in enumerate(self.items(key, low, high))
        ]

    def settings(self, key: str, kind: type[T]) -> T:
        """Return the mapping ``key`` as declared settings; what it leaves out has defaults."""
        return kind(**self.section(key).given(kind))

    def given(self, kind: type[Any]) -> dict[str, Any]:
        """Return the fields that are there, each as the settings class ``kind`` declares it."""
        declarations, types = declared(kind), get_type_hints(kind)
        self.only(declarations)
        return {key: self._setting(key, types[key], declarations[key]) for key in self._values}

    def _setting(self, key: str, kind: type[Any], declaration: Setting) -> Any:
        """Return one field in the type of its declaration, within its bounds."""
        value = self.get(key)
        if not _is(value, kind):
            unit = declaration.unit if kind is float else ''
            raise self._error(key, value, f'{_WORDS[kind]} {unit}'.rstrip())
        check_value(value, declaration, self.source, self.path(key))
        return kind(value)


def _is(value: object, kind: type[Any]) -> bool:
    """
    Return whether a file's value can serve as ``kind``.

    A whole number serves as a float; true and false are no numbers; nor is what lies beyond any
    float.
    """
    if kind not in _WORDS:
        raise UsageError(f'a value of type {kind} cannot be read from a file')
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if isinstance(value, int):
        return kind in (int, float) and abs(value) <= sys.float_info.max
    return isinstance(value, kind)
