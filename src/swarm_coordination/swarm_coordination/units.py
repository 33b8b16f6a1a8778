# SPDX-License-Identifier: Apache-2.0
"""Units at the borders of the core: nanoseconds for time, millimetres for what enters a frame."""

from __future__ import annotations

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
MM_PER_M = 1000.0


def seconds_to_ns(seconds: float) -> int:
    """Nearest whole nanosecond of a duration in seconds."""
    return round(seconds * NS_PER_S)


def ns_to_seconds(nanoseconds: int) -> float:
    """Duration in seconds of a whole number of nanoseconds."""
    return nanoseconds / NS_PER_S


def to_mm(metres: float) -> int:
    """Nearest whole millimetre (ties to even) of a length in metres."""
    return round(metres * MM_PER_M)


def from_mm(millimetres: int) -> float:
    """Length in metres of a whole number of millimetres."""
    return millimetres / MM_PER_M
