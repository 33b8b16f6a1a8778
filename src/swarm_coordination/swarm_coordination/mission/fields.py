# SPDX-License-Identifier: Apache-2.0
"""
Strict, bounded reading of decoded JSON: every error names field, value and bound.

Commands come from operators and from the log, snapshots from other robots: nothing in them is
believed before it has passed one of these readers.
"""

from __future__ import annotations

from collections.abc import Iterable
import json
import math
import re
from typing import Any

from swarm_coordination.errors import CommandError

# Enough of a wrong value to recognise it, short enough for a log line and for a result text.
SHOWN_MAX = 40


def refuse(field: str, value: object, bound: str) -> CommandError:
    """Return the error for one field, with the value cut to a readable length."""
    return CommandError(f'{field}: {shown(value)} is not valid: {bound}')


def shown(value: object) -> str:
    """Return ``value`` cut to a readable length."""
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + '...'


def canonical(value: object) -> bytes:
    """Encode as JSON with sorted keys, no spaces and ASCII only: equal values, equal bytes."""
    text = json.dumps(value, sort_keys=True, separators=(',', ':'), allow_nan=False)
    return text.encode('ascii')


def parse(data: bytes, size_max: int, field: str) -> Any:
    """
    Decode JSON of at most ``size_max`` bytes; repeated keys and what is not finite are refused.

    Raises CommandError.
    """
    if len(data) > size_max:
        raise refuse(field, f'{len(data)} bytes', f'at most {size_max} bytes')
    try:
        return json.loads(
            data.decode('utf-8'), object_pairs_hook=_object, parse_constant=_refuse,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise refuse(field, data[:SHOWN_MAX], 'JSON text in UTF-8') from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise refuse('command', [key for key, _ in pairs], 'each key once')
    return result


def _finite(text: str) -> float:
    """Read a number; 1e400 is infinite, and infinity has no canonical form."""
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(constant: str) -> Any:
    raise refuse('command', constant, 'finite numbers')


def mapping(
    value: object, field: str, required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, Any]:
    """Return ``value`` as an object that has all ``required`` keys and no unknown one."""
    if not isinstance(value, dict):
        raise refuse(field, value, 'an object')
    needed = tuple(required)
    allowed = (*needed, *optional)
    for key in needed:
        if key not in value:
            raise refuse(f'{field}.{key}', None, 'required')
    for key in value:
        if key not in allowed:
            raise refuse(field, key, 'known fields are ' + ', '.join(allowed))
    return value


def integer(value: object, field: str, low: int, high: int) -> int:
    """Return ``value`` as a whole number in [low, high]; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise refuse(field, value, f'a whole number from {low} to {high}')
    return value


def boolean(value: object, field: str) -> bool:
    """Return ``value`` as true or false."""
    if not isinstance(value, bool):
        raise refuse(field, value, 'true or false')
    return value


def text(value: object, field: str, size_max: int, pattern: str = '') -> str:
    """Return ``value`` as text of at most ``size_max`` characters that matches ``pattern``."""
    if not isinstance(value, str) or len(value) > size_max:
        raise refuse(field, value, f'text of at most {size_max} characters')
    if not value.isascii() and any('\ud800' <= one <= '\udfff' for one in value):
        raise refuse(field, ascii(value), 'text that UTF-8 can carry (no lone surrogates)')
    if pattern and re.fullmatch(pattern, value) is None:
        raise refuse(field, value, f'text that matches {pattern}')
    return value


def choice(value: object, field: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        raise refuse(field, value, 'one of ' + ', '.join(choices))
    return value


def sequence(value: object, field: str, low: int, high: int) -> list[Any]:
    """Return ``value`` as a list of ``low`` to ``high`` items."""
    if not isinstance(value, list | tuple) or not low <= len(value) <= high:
        raise refuse(field, value, f'a list of {low} to {high} items')
    return list(value)
