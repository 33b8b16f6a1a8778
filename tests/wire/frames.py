# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for frames, derived from the bounds that the rows declare."""

from __future__ import annotations

from collections.abc import Mapping
import types
import typing
from typing import Annotated, Any, get_args, get_origin, Union

from hypothesis import strategies as st
from swarm_coordination.bounds import Range, Size
from swarm_coordination.mesh.rows import Frame, FrameHeader, Identity

KEY = bytes(range(32))
CLUSTER, CONFIG = 77, 4242


def values(
    hint: Any, bounds: tuple[Any, ...] = (), likely: Mapping[Any, Any] = {}
) -> st.SearchStrategy[Any]:
    """
    Strategy for any value that a type hint of the rows allows.

    ``likely``: strategies to draw from instead, by hint.
    """
    if hint in likely:
        return likely[hint]
    if get_origin(hint) is Annotated:
        inner, *annotated = get_args(hint)
        return values(inner, tuple(annotated), likely)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([values(part, (), likely) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0], (), likely), max_size=2).map(tuple)
    if hint is type(None):
        return st.none()
    if hint is bool:
        return st.booleans()
    if hint is int:
        (bound,) = (part for part in bounds if isinstance(part, Range))
        return st.integers(bound.low, bound.high)
    if hint in (str, bytes):
        (bound,) = (part for part in bounds if isinstance(part, Size))
        text = {str: st.text, bytes: st.binary}[hint]
        return text(min_size=bound.low, max_size=min(bound.high, 40))
    fields = typing.get_type_hints(hint, include_extras=True)
    return st.builds(hint, *(values(field, (), likely) for field in fields.values()))


FRAMES = values(Frame).map(
    lambda frame: frame._replace(
        header=frame.header._replace(cluster_id=CLUSTER, config_hash=CONFIG)
    )
)
HEADER = FrameHeader(CLUSTER, CONFIG, Identity('robot1', 5, 1), 9)
