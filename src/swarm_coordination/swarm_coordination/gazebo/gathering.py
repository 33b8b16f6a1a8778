# SPDX-License-Identifier: Apache-2.0
"""
Who of a swarm is in Gazebo's world, and whether its time goes on, by the stamps of ground truth.

Models are spawned one after another, and nobody moves before the last one stands. A world that was
reset counts from nought again, any number of times: whoever is seen at an earlier time than before
is in a world that begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from swarm_coordination.units import NS_PER_S

# Who is missing later than this, in Gazebo's time, will not come; who was not seen for so long has
# been taken out of the world. Twenty times the period of truth, and the longest spawn seen.
WAITED_NS = 5 * NS_PER_S


class Gathering:
    """The robots of one swarm, as they are seen."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._begin()

    def _begin(self) -> None:
        self._seen_ns: dict[str, int] = {}
        self._first_ns = self._newest_ns = -1

    def see(self, name: str, now: int) -> bool:
        """Take a robot's truth of the time ``now`` (ns); False: it went back, all is forgotten."""
        forward = now >= self._seen_ns.get(name, now)
        if not forward:
            self._begin()
        if self._first_ns < 0:
            self._first_ns = now
        self._seen_ns[name] = now
        self._newest_ns = max(self._newest_ns, now)
        return forward

    @property
    def whole(self) -> bool:
        """Whether every robot has been seen in this world."""
        return len(self._seen_ns) == len(self._names)

    @property
    def absent(self) -> list[str]:
        """Names of those that are not in the world: they never came, or were taken out of it."""
        return [
            name for name in self._names
            if self._newest_ns - self._seen_ns.get(name, self._first_ns) > WAITED_NS
        ]
