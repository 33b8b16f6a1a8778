# SPDX-License-Identifier: Apache-2.0
"""A mapping of a configuration file, read field by field with errors that name the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import difflib
import math
from typing import Any

from swarm_coordination.errors import ConfigurationError


class Section:
    """
    One mapping of a file.

    ``field`` is its dotted path in ``source``. ``known`` are its keys; any other is refused,
    with the nearest known one as a suggestion. Raises ConfigurationError.
    """

    def __init__(
        self, source: str, field: str, value: object, known: Iterable[str] | None = None
    ) -> None:
        self.source = source
        self.field = field
        if not isinstance(value, Mapping):
            raise ConfigurationError(source, field or 'file', value, 'a mapping of fields')
        self._value: dict[str, Any] = {str(key): item for key, item in value.items()}
        if known is not None:
            self._refuse_unknown(tuple(known))

    def _refuse_unknown(self, known: tuple[str, ...]) -> None:
        for key in self._value:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f'did you mean {near[0]}?' if near else 'known are ' + ', '.join(known)
                raise ConfigurationError(
                    self.source, self.path(key), key, f'a known field: {hint}'
                )

    def path(self, key: str) -> str:
        """Return the dotted path of a field."""
        return f'{self.field}.{key}' if self.field else key

    def error(self, key: str, bound: str) -> ConfigurationError:
        """Return the error that the field ``key`` is not ``bound``."""
        return ConfigurationError(self.source, self.path(key), self._value.get(key), bound)

    def __contains__(self, key: str) -> bool:
        return key in self._value

    @property
    def names(self) -> tuple[str, ...]:
        """Keys in the order of the file."""
        return tuple(self._value)

    def get(self, key: str) -> Any:
        """Return the value of a field that has to be there."""
        if key not in self._value:
            raise ConfigurationError(self.source, self.path(key), None, 'required')
        return self._value[key]

    def section(self, key: str, known: Iterable[str] | None = None) -> Section:
        """Return the mapping ``key``; an absent or empty one has no fields."""
        value = self._value.get(key)
        return Section(self.source, self.path(key), {} if value is None else value, known)

    def number(self, key: str, low: float, high: float, unit: str) -> float:
        """Return a finite number in [low, high]."""
        return as_number(self.get(key), self.source, self.path(key), low, high, unit)

    def text(self, key: str, choices: tuple[str, ...] = ()) -> str:
        """Return text, one of ``choices`` where some are given."""
        value = self.get(key)
        if not isinstance(value, str):
            raise self.error(key, 'text')
        if choices and value not in choices:
            raise self.error(key, 'one of ' + ', '.join(choices))
        return value

    def items(self, key: str, low: int, high: int) -> list[Any]:
        """Return a list of ``low`` to ``high`` items."""
        value = self.get(key)
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise self.error(key, f'a list of {low} to {high} items')
        return value


def as_number(value: object, source: str, field: str, low: float, high: float, unit: str) -> float:
    """Return ``value`` as a float in [low, high]; true, text and NaN are refused."""
    unit = f' {unit}' if unit else ''
    bound = f'a number from {low:g} to {high:g}{unit}'
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(source, field, value, bound)
    # Compared before conversion: a whole number may be too large for a float.
    if not low <= value <= high or not math.isfinite(value):
        raise ConfigurationError(source, field, value, bound)
    return float(value)
