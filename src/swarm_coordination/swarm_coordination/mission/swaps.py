# SPDX-License-Identifier: Apache-2.0
"""
Slots exchanged between neighbours, by consent of both.

The assignment of least total squared distance has no crossing straight paths (``assignment``). A
pair that exchanges its slots wherever that shortens its own two squared distances together
approaches it from any start, and only ever shortens the total. Every robot names, by its own
table, the one slot of a neighbour for which it would give its own: the pair that gains most. The
leader commits the pairs that name each other, all at once. A robot names one slot, so no robot
is in two of them, and nobody loses a slot that it did not offer.

Of all pairs that would gain, the one that gains most (and of equals that of the lowest numbers)
is the best of both its ends: while anybody gains, some pair names each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from swarm_coordination.mission.paths import Vector

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]

# A pair gains at least this much (m^2): twice the difference of places times that of slots, so
# centimetres that ages make up stay below where slots are less than 50 m apart.
GAIN_MIN_M2 = 1.0


def best_partners(own: _Ints, places: _Floats, slots: _Floats, near: _Flags) -> _Ints:
    """
    Return, for each of M robots, the one with which an exchange gains most; -1: with nobody.

    ``own`` (M,): which of the N robots it is. ``places`` (M, N, 2 or 3): where each believes
    everybody is. ``slots`` (N, 2 or 3): by robot, NaN for one that has none. ``near`` (M, N):
    with whom it may exchange. A pair's two squared distances together shrink by
    2 (p_j - p_i) . (s_i - s_j).
    """
    apart = places - places[np.arange(len(own)), own][:, None, :]
    gain = 2.0 * np.sum(apart * (slots[own][:, None, :] - slots), axis=2)
    gain = np.where(near & (gain > GAIN_MIN_M2), gain, 0.0)  # NaN gains nothing
    best = gain.argmax(axis=1)  # the lowest number of equals
    return np.where(gain[np.arange(len(own)), best] > 0.0, best, -1)


def best_partner(own: int, places: Sequence[Vector], slots: Sequence[Vector]) -> int:
    """
    Return with whom robot ``own`` of N gains most by an exchange; -1: with nobody.

    ``places`` and ``slots``: of each robot (m). What ``best_partners`` says of one robot that may
    exchange with all: of five robots, arrays cost fifteen times as much as their numbers.
    """
    x, y, z = places[own]
    slot_x, slot_y, slot_z = slots[own]
    best, most = -1, GAIN_MIN_M2
    for robot, (place, slot) in enumerate(zip(places, slots)):
        gain = 2.0 * (
            (place[0] - x) * (slot_x - slot[0])
            + (place[1] - y) * (slot_y - slot[1])
            + (place[2] - z) * (slot_z - slot[2])
        )
        if gain > most:  # the lowest number of equals
            best, most = robot, gain
    return best


def consenting(partners: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs that name each other: ``partners`` says whom each names, -1 nobody."""
    return [
        (one, other)
        for one, other in enumerate(partners)
        if one < other < len(partners) and partners[other] == one
    ]
