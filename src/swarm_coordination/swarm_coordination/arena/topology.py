# SPDX-License-Identifier: Apache-2.0
"""Places of N robots whose links form a known graph, with a radio range of ``RANGE_M``."""

from __future__ import annotations

import math

from swarm_coordination.errors import UsageError

RANGE_M = 10.0
# Between neighbours of a line, ring or grid: in range of the next and not of the one after it
# (nor, in a grid, of the diagonal one).
STEP_M = 0.75 * RANGE_M
# In a field: in range of the twelve that are at most two steps away.
FIELD_STEP_M = RANGE_M / 2.1
SHAPES = ('full', 'line', 'ring', 'grid', 'field')

Places = tuple[tuple[float, float], ...]


def places(shape: str, count: int) -> Places:
    """
    Return places in metres; raises UsageError for an unknown shape.

    ``full``: all hear all. ``line``: each hears its neighbours. ``ring``: each hears the two
    beside it (all hear all below four). ``grid``: four neighbours, as square as it goes.
    ``field``: the same with twelve.
    """
    if shape == 'full':
        return _ring(count, RANGE_M / 3)
    if shape == 'line':
        return tuple((at * STEP_M, 0.0) for at in range(count))
    if shape == 'ring':
        return _ring(count, STEP_M / (2 * math.sin(math.pi / max(count, 3))))
    if shape in ('grid', 'field'):
        width = math.ceil(math.sqrt(count))
        step_m = STEP_M if shape == 'grid' else FIELD_STEP_M
        return tuple((at % width * step_m, at // width * step_m) for at in range(count))
    raise UsageError(f'no topology {shape!r}: one of {", ".join(SHAPES)}')


def _ring(count: int, radius: float) -> Places:
    angles = [math.tau * at / count for at in range(count)]
    return tuple(
        (round(radius * math.cos(a), 3), round(radius * math.sin(a), 3)) for a in angles
    )
