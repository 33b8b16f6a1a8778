# SPDX-License-Identifier: Apache-2.0
"""Read typed fields out of a YAML mapping; every error names file, field, value and bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import dataclasses
import math
from typing import Any, TypeVar

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check_value, declared

T = TypeVar('T')


class Fields:
    """One mapping of a file, read field by field; ``done`` refuses what nobody asked for."""

    def __init__(self, source: str, path: str, value: object) -> None:
        """Wrap ``value``; raises ConfigurationError where it is no mapping."""
        self.source, self.path = source, path
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ConfigurationError(source, path or 'file', value, 'a mapping of fields')
        self._values: dict[str, Any] = dict(value)
        self._asked: list[str] = []

    def where(self, name: str) -> str:
        """Return the dotted path of a field."""
        return f'{self.path}.{name}' if self.path else name

    def error(self, name: str, bound: str) -> ConfigurationError:
        """Return the error for the present value of a field."""
        return ConfigurationError(self.source, self.where(name), self._values.get(name), bound)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the raw value of a field."""
        self._asked.append(name)
        return self._values.get(name, default)

    def text(self, name: str, default: str | None = None, *, longest: int = 500) -> str:
        """Return a text field; without a default it must be there and not be empty."""
        value = self.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (default is None and not value) or len(value) > longest:
            raise self.error(name, f'text of 1 to {longest} characters')
        return value.strip()

    def choice(self, name: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return a text field that is one of ``choices``."""
        value, allowed = self.get(name, default), list(choices)
        if value not in allowed:
            raise self.error(name, 'one of ' + ', '.join(allowed))
        return str(value)

    def number(self, name: str, default: float, low: float, high: float, unit: str) -> float:
        """Return a number within inclusive bounds."""
        value = self.get(name, default)
        bad = isinstance(value, bool) or not isinstance(value, int | float)
        if bad or not math.isfinite(value) or not low <= value <= high:
            raise self.error(name, f'a number of {low:g} to {high:g} {unit}'.rstrip())
        return float(value)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within inclusive bounds."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(name, f'a whole number of {low} to {high}')
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise self.error(name, 'true or false')
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """Return a list of at most ``most`` entries; absent is empty."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most:
            raise self.error(name, f'a list of at most {most} entries')
        return value

    def settings(self, name: str, kind: type[T]) -> T:
        """Return a group of declared settings; fields left out keep their defaults."""
        group = Fields(self.source, self.where(name), self.get(name) or {})
        chosen: dict[str, Any] = {}
        types = {f.name: f.type for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
        for field, declaration in declared(kind).items():
            value = group.get(field, _ABSENT)
            if value is _ABSENT:
                continue
            chosen[field] = group._typed(field, value, str(types[field]))
            check_value(chosen[field], declaration, self.source, group.where(field))
        group.done()
        return kind(**chosen)

    def _typed(self, name: str, value: object, kind: str) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == 'float' and number:
            return float(value)  # type: ignore[arg-type]
        if kind == 'int' and isinstance(value, int) and number:
            return value
        if (kind == 'str' and isinstance(value, str)) or (
            kind == 'bool' and isinstance(value, bool)
        ):
            return value
        words = {'float': 'a number', 'int': 'a whole number', 'str': 'text'}
        raise ConfigurationError(
            self.source, self.where(name), value, words.get(kind, 'true or false')
        )

    def done(self) -> None:
        """Refuse fields that nobody asked for: mostly misspelt ones."""
        for name in self._values:
            if name not in self._asked:
                raise ConfigurationError(
                    self.source,
                    self.where(name),
                    self._values[name],
                    'no such field here; known: ' + ', '.join(dict.fromkeys(self._asked)),
                )


_ABSENT = object()
