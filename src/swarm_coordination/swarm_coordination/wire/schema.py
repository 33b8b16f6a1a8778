# SPDX-License-Identifier: Apache-2.0
"""
The wire schema, derived from the value types and bounds of ``mesh/rows.py``.

Every NamedTuple of the core gets a subclass of itself whose annotations carry the same bounds
as ``msgspec.Meta``. msgspec decodes msgpack arrays straight into such a class, checking types and
bounds in C, so what comes out *is* the core's value (``isinstance`` holds) and nothing has to
be converted. A field missing at the end takes its default. msgspec refuses an array that is
longer than its NamedTuple, so a newer minor version goes through :func:`trimmed` first, which
cuts the fields it does not know; that slower path runs in mixed-version swarms only.
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, get_args, get_origin, Optional, Union

import msgspec
from swarm_coordination.bounds import Range, Size

_made: dict[type, type] = {}


def wire_type(core: type, absent: frozenset[str] = frozenset()) -> type:
    """
    Return the subclass of the NamedTuple ``core`` that msgspec decodes with all bounds.

    Fields named in ``absent``, by whoever asks first, may be nil on the wire.
    """
    if core not in _made:
        hints = typing.get_type_hints(core, include_extras=True)
        hints.update({name: Optional[hints[name]] for name in absent})
        body = {
            '__slots__': (),
            '__doc__': core.__doc__,
            '__module__': __name__,
            '__annotations__': {name: _bounded(hint) for name, hint in hints.items()},
        }
        _made[core] = type(core.__name__, (core,), body)
    return _made[core]


def _bounded(hint: Any) -> Any:
    """Return a type hint with our bounds replaced by msgspec's, recursively."""
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        bounded = _bounded(inner)
        for bound in bounds:
            bounded = Annotated[bounded, _meta(bound)]
        return bounded
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(_bounded(part) for part in get_args(hint))]
    if get_origin(hint) is tuple:
        element, _ = get_args(hint)
        return tuple[_bounded(element), ...]  # type: ignore[misc]
    if isinstance(hint, type) and hasattr(hint, '_fields'):
        return wire_type(hint)
    return hint


def _meta(bound: Any) -> msgspec.Meta:
    if isinstance(bound, Range):
        return msgspec.Meta(ge=bound.low, le=bound.high)
    if isinstance(bound, Size):
        return msgspec.Meta(min_length=bound.low, max_length=bound.high)
    raise TypeError(f'a frame field is bounded by {bound!r}, which the schema cannot express')


def trimmed(value: Any, hint: Any) -> Any:
    """
    Return untyped ``value`` without the trailing array elements that ``hint`` does not know.

    Whatever does not have the shape of ``hint`` is returned as it is, for the typed conversion
    that follows to refuse.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        return trimmed(value, get_args(hint)[0])
    if not isinstance(value, list):
        return value
    if origin in (Union, types.UnionType):
        return trimmed(value, next(part for part in get_args(hint) if part is not types.NoneType))
    if origin is tuple:
        element = get_args(hint)[0]
        return [trimmed(part, element) for part in value]
    if isinstance(hint, type) and hasattr(hint, '_fields'):
        hints = list(typing.get_type_hints(hint, include_extras=True).values())
        return [trimmed(part, of) for part, of in zip(value, hints, strict=False)]
    return value
