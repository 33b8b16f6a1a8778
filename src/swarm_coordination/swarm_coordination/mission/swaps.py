# SPDX-License-Identifier: Apache-2.0
"""
Slots exchanged between neighbours.

The assignment of least total squared distance has no crossing straight paths (``assignment``). A
pair of neighbours that exchanges its slots wherever that shortens its own two squared distances
together approaches it from any start, and only ever shortens the total; many pairs may exchange
at once, as long as no robot is in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

_Places = npt.NDArray[np.float64]

# A pair gains at least this much (m^2): what positions of different ages make up stays below.
GAIN_MIN_M2 = 1.0


def exchanges(
    places: _Places, slots: _Places, near: npt.NDArray[np.bool_]
) -> Sequence[tuple[int, int]]:
    """
    Return pairs of robots that should exchange their slots, largest gain first, each robot once.

    ``places`` and ``slots`` (N, 2) or (N, 3) by robot, NaN for one that has none; ``near``
    (N, N): who may exchange with whom.
    """
    squared = np.sum((places[:, None, :] - slots[None, :, :]) ** 2, axis=2)
    own = np.diag(squared)
    gain = own[:, None] + own[None, :] - squared - squared.T
    first, second = np.nonzero(np.triu(near & (gain > GAIN_MIN_M2), 1))
    order = np.argsort(-gain[first, second], kind='stable')
    taken: set[int] = set()
    pairs = []
    for one, other in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if one not in taken and other not in taken:
            taken.update((one, other))
            pairs.append((one, other))
    return pairs


def exchanged(
    places: Mapping[int, Sequence[float]],
    slots: Mapping[int, Sequence[float]],
    links: Mapping[int, Sequence[int]],
) -> dict[int, int] | None:
    """
    Return, by robot, the robot whose slot it takes over (or its own id); None: nobody gains.

    ``places`` and ``slots`` (m) of the same robots; ``links``: whom each hears. Neighbours are
    who hear each other.
    """
    robots = sorted(places)
    near = np.zeros((len(robots), len(robots)), dtype=np.bool_)
    for i, one in enumerate(robots):
        for j, other in enumerate(robots[:i]):
            near[i, j] = near[j, i] = other in links[one] and one in links[other]
    pairs = exchanges(
        np.array([places[robot] for robot in robots], dtype=np.float64),
        np.array([slots[robot] for robot in robots], dtype=np.float64),
        near,
    )
    if not pairs:
        return None
    taken = {robot: robot for robot in robots}
    for i, j in pairs:
        taken[robots[i]], taken[robots[j]] = robots[j], robots[i]
    return taken
