# SPDX-License-Identifier: Apache-2.0
"""
When a message is from, by the stamp of its header.

Stamps are ROS time (the host's clock, or simulated time); the core has a clock of its own. What
joins them is the age of a stamp by this process's ROS clock: the core gets ``now`` less that. A
stamp of zero says nothing: the time of receipt counts.
"""

from __future__ import annotations

from typing import Any

from swarm_coordination.live.bus import Clock
from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.units import NS_PER_MS, ns_to_seconds

# A stamp may be ahead by what keeps clocks of two hosts apart, or by a step of ``/clock``; one
# further ahead is of another clock, and no age follows from it.
AHEAD_MAX_NS = 100 * NS_PER_MS


def time_of(clock: Clock, stamp: Any) -> int:
    """Return when a message is from, in the core's clock; raises MessageRefused."""
    now = int(clock.now())
    if not _is_set(stamp):
        return now
    age_ns = int(clock.age_ns(stamp))
    if age_ns < -AHEAD_MAX_NS:
        raise MessageRefused(
            'from_the_future',
            f'a stamp {ns_to_seconds(-age_ns):.3f} s ahead of the ROS clock here',
        )
    return now - max(0, age_ns)


def stamp_of(clock: Clock, stamp: Any) -> Any:
    """Return the stamp for what follows from a message: its own, or now where it has none."""
    return stamp if _is_set(stamp) else clock.stamp()


def _is_set(stamp: Any) -> bool:
    return bool(stamp.sec or stamp.nanosec)
