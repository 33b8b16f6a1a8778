# SPDX-License-Identifier: Apache-2.0
"""
Upper bounds on ages without common clocks, by echo.

My beacon number h left at ``sent_at(h)`` of my clock. Whatever carries the number h was made
after that, so its age is at most ``now - sent_at(h)``. What is stored is always the *made-after*
time on the own clock (None where nothing bounds it); a later piece of the same origin may
take over the made-after of an earlier one, never the other way round. A relay states the
age bound of a row as its frame leaves; the receiver subtracts it from the relay frame's own
made-after time. Elapsed times are widened by the greatest clock drift.
"""

from __future__ import annotations

from swarm_coordination.mesh.rows import AGE_UNBOUNDED_MS
from swarm_coordination.units import NS_PER_MS

# Own beacons remembered: 25 s at 20 Hz, far longer than any age that still says something.
SENT_MAX = 512
_PPM = 1_000_000


class SentBeacons:
    """When each of the newest own beacons was made, by (incarnation, heartbeat)."""

    def __init__(self) -> None:
        self._sent: dict[tuple[int, int], int] = {}

    def note(self, incarnation: int, heartbeat: int, now: int) -> None:
        """Remember that the beacon was made at ``now``."""
        if len(self._sent) >= SENT_MAX:
            del self._sent[next(iter(self._sent))]
        self._sent[incarnation, heartbeat] = now

    def sent_at(self, incarnation: int, heartbeat: int) -> int | None:
        """Time the beacon was made; None where it is unknown or too old."""
        return self._sent.get((incarnation, heartbeat))


def later(first: int | None, second: int | None) -> int | None:
    """Return the tighter of two made-after times."""
    if first is None:
        return second
    if second is None:
        return first
    return first if first >= second else second


def age_bound_ns(made_after: int, now: int, drift_ppm: int) -> int:
    """Upper bound on the age at ``now`` of what was made after ``made_after``."""
    elapsed = now - made_after
    return elapsed - (-elapsed * drift_ppm // _PPM)


def stated_age_ms(made_after: int | None, now: int, drift_ppm: int) -> int:
    """Age bound for a relayed fragment: rounded up, 65535 where nothing bounds it."""
    if made_after is None:
        return AGE_UNBOUNDED_MS
    return min(AGE_UNBOUNDED_MS, -(-age_bound_ns(made_after, now, drift_ppm) // NS_PER_MS))


def relayed_made_after(frame_made_after: int | None, age_ms: int) -> int | None:
    """Made-after time of a fragment whose stated age is ``age_ms`` in a frame."""
    if frame_made_after is None or age_ms >= AGE_UNBOUNDED_MS:
        return None
    return frame_made_after - age_ms * NS_PER_MS
