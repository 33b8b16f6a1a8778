# SPDX-License-Identifier: Apache-2.0
"""
Bounds that value types carry in their annotations, so that the codec can check bytes by them.

The core states them with ``typing.Annotated``; the codec (``wire/``) reads them and refuses
anything outside. Nothing in the core has to know which library does the checking.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple


class Range(NamedTuple):
    """Inclusive range of a number."""

    low: int
    high: int


class Size(NamedTuple):
    """Inclusive range of the length of a string, of bytes or of a tuple."""

    low: int
    high: int


# 53 bits: every tool that reads our JSON or a double keeps such a number exact.
COUNTER_MAX = 2**53 - 1
# 62 bits: fits every signed 64-bit integer of messages and databases with room to spare.
ID_MAX = 2**62 - 1
# Issuers whose safety stops were lifted: more need a new cluster.
LIFTED_MAX = 256
# 1,000 km either way: beyond any local map frame, far below any overflow.
COORDINATE_MAX_MM = 10**9
# 100 m/s: faster than any robot here.
SPEED_MAX_MM_S = 100_000

Counter = Annotated[int, Range(0, COUNTER_MAX)]
RobotId = Annotated[int, Range(0, ID_MAX)]
Name = Annotated[str, Size(1, 32)]
Millimetres = Annotated[int, Range(-COORDINATE_MAX_MM, COORDINATE_MAX_MM)]
MillimetresPerSecond = Annotated[int, Range(-SPEED_MAX_MM_S, SPEED_MAX_MM_S)]
Milliradians = Annotated[int, Range(-6_284, 6_284)]
