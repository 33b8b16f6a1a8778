# SPDX-License-Identifier: Apache-2.0
"""
Settings: frozen dataclasses whose fields carry unit, bounds and description.

One declaration serves the YAML loader, the ROS parameters and the documentation tables::

    @dataclass(frozen=True, slots=True)
    class RaftSettings:
        heartbeat_period_s: float = setting(0.05, "s", 0.01, 1.0, "time between heartbeats")
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

from swarm_coordination.errors import ConfigurationError

_KEY = 'setting'
# Of a bound that is reckoned: 3 * 0.05 is a little more than 0.15.
_ROUNDING = 1e-9


class Setting(NamedTuple):
    """What a settings field declares beside its type and default."""

    unit: str
    low: float | None
    high: float | None
    description: str
    choices: tuple[str, ...] = ()
    shared: bool = False
    live: bool = False


def setting(
    default: Any,
    unit: str,
    low: float | None,
    high: float | None,
    description: str,
    *,
    choices: tuple[str, ...] = (),
    shared: bool = False,
    live: bool = False,
) -> Any:
    """
    Declare a settings field.

    ``low`` and ``high`` are inclusive; ``choices`` lists the values of a text field; ``shared``
    puts the field into the configuration hash: robots that differ in it do not cooperate;
    ``live`` fields may be changed while the robot runs.
    """
    declared = Setting(unit, low, high, description, choices, shared, live)
    return dataclasses.field(default=default, metadata={_KEY: declared})


def declared(settings: Any) -> dict[str, Setting]:
    """Return the declarations of a settings class or object, by field name, in order."""
    return {f.name: f.metadata[_KEY] for f in dataclasses.fields(settings) if _KEY in f.metadata}


def check(settings: Any, source: str, prefix: str = '') -> None:
    """
    Check every declared field of ``settings`` against its bounds.

    Raises ConfigurationError naming source, field, value and bound.
    """
    for name, declaration in declared(settings).items():
        check_value(getattr(settings, name), declaration, source, f'{prefix}{name}')


def reaches(value: float, bound: float) -> bool:
    """Whether ``value`` is at least ``bound``, but for rounding: both are positive."""
    return value >= bound * (1.0 - _ROUNDING)


def check_value(value: Any, declaration: Setting, source: str, field: str) -> None:
    """Check one value against its declaration; raises ConfigurationError."""
    if declaration.choices:
        if value not in declaration.choices:
            raise ConfigurationError(
                source, field, value, 'one of ' + ', '.join(declaration.choices)
            )
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    unit = f' {declaration.unit}' if declaration.unit else ''
    if not math.isfinite(value):
        raise ConfigurationError(source, field, value, f'a finite number{unit}')
    if declaration.low is not None and value < declaration.low:
        raise ConfigurationError(source, field, value, f'at least {declaration.low:g}{unit}')
    if declaration.high is not None and value > declaration.high:
        raise ConfigurationError(source, field, value, f'at most {declaration.high:g}{unit}')
