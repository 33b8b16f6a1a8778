# SPDX-License-Identifier: Apache-2.0
"""
The air between robots: who is in range, and what conditions lie on the links.

A condition is laid on some directed links and taken off again; several may lie on one link, and
then the worst of each kind counts. A link is *cut* (frames are lost) or *clogged* (frames wait
and arrive late, all together, when the clog goes: what a congested queue does).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
import random
from typing import NamedTuple

from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.units import NS_PER_MS

# What a socket or radio queue holds before it drops: 2 s of one neighbour's beacons and changes.
CLOGGED_MAX = 64

# Takes (receiver, frame, now).
Deliver = Callable[[int, bytes, int], None]
Pairs = frozenset[tuple[int, int]]


class Condition(NamedTuple):
    """What lies on the directed ``links`` (sender, receiver); None: on all."""

    links: Pairs | None = None
    loss: float = 0.0
    duplicate: float = 0.0
    delay_ns: tuple[int, int] | None = None  # least and greatest; drawn for every frame
    cut: bool = False
    clog: bool = False

    def on(self, sender: int, receiver: int) -> bool:
        """Whether it lies on this link."""
        return self.links is None or (sender, receiver) in self.links


class Link(NamedTuple):
    """The state of one directed link."""

    receiver: int
    loss: float
    duplicate: float
    low_ns: int
    spread_ns: int
    clog: bool


class Air:
    """
    Broadcast from each of ``count`` robots to those in range.

    ``base`` lies on every link always. ``places`` are metres in the plane; ``range_m`` is how far
    a frame reaches.
    """

    def __init__(
        self,
        places: Sequence[tuple[float, float]],
        range_m: float,
        base: Condition,
        queue: EventQueue,
        rng: random.Random,
        deliver: Deliver,
    ) -> None:
        self._places = list(places)
        self._range_m = range_m
        self._queue, self._draw, self._deliver = queue, rng.random, deliver
        self._conditions: dict[int, Condition] = {0: base}
        self._laid = 0
        self._links: list[tuple[Link, ...]] = []
        self._waiting: dict[tuple[int, int], list[bytes]] = {}
        # Frames (to one receiver) by fate.
        self.delivered = self.lost = self.duplicated = self.clogged = 0
        self._refresh()

    @property
    def range_m(self) -> float:
        """How far a frame reaches."""
        return self._range_m

    def place(self, robot: int, x: float, y: float) -> None:
        """Move a robot (m)."""
        self._places[robot] = (x, y)
        self._refresh()

    def place_all(self, places: Sequence[tuple[float, float]]) -> None:
        """Move all robots at once (m)."""
        self._places = list(places)
        self._refresh()

    def where(self, robot: int) -> tuple[float, float]:
        """Return the place of a robot."""
        return self._places[robot]

    def lay(self, condition: Condition) -> int:
        """Lay a condition on its links; returns the handle to take it off with."""
        self._laid += 1
        self._conditions[self._laid] = condition
        self._refresh()
        return self._laid

    def lift(self, handle: int) -> None:
        """Take a condition off; one that is gone already stays gone."""
        if handle and self._conditions.pop(handle, None) is not None:
            self._refresh()

    def hears(self, sender: int) -> tuple[int, ...]:
        """Return who would hear ``sender`` now, clogged links excluded."""
        return tuple(link.receiver for link in self._links[sender] if not link.clog)

    def links(self, sender: int) -> tuple[Link, ...]:
        """Return the links on which something of ``sender`` would pass now, or wait."""
        return self._links[sender]

    def send(self, sender: int, frame: bytes, now: int) -> None:
        """Broadcast a frame."""
        draw = self._draw
        for link in self._links[sender]:
            if link.clog:
                held = self._waiting.setdefault((sender, link.receiver), [])
                if len(held) < CLOGGED_MAX:
                    held.append(frame)
                self.clogged += 1
                continue
            if link.loss and draw() < link.loss:
                self.lost += 1
                continue
            self._arrive(link, frame, now)
            if link.duplicate and draw() < link.duplicate:
                self.duplicated += 1
                self._arrive(link, frame, now)

    def _arrive(self, link: Link, frame: bytes, now: int) -> None:
        delay = link.low_ns + int(link.spread_ns * self._draw())
        self.delivered += 1
        self._queue.push(now + delay, partial(self._deliver, link.receiver, frame))

    def _refresh(self) -> None:
        """Compute all links anew, and let go what waited on links that are clogged no more."""
        count = len(self._places)
        self._links = [
            tuple(
                link
                for receiver in range(count)
                if receiver != sender and (link := self._link(sender, receiver)) is not None
            )
            for sender in range(count)
        ]
        if self._waiting:
            self._release()

    def _release(self) -> None:
        now = self._queue.now
        for sender, links in enumerate(self._links):
            for link in links:
                if not link.clog:
                    for frame in self._waiting.pop((sender, link.receiver), ()):
                        self._arrive(link, frame, now)

    def _link(self, sender: int, receiver: int) -> Link | None:
        (ax, ay), (bx, by) = self._places[sender], self._places[receiver]
        if (ax - bx) ** 2 + (ay - by) ** 2 > self._range_m**2:
            return None
        loss = duplicate = 0.0
        low, high, clog = 0, 0, False
        for condition in self._conditions.values():
            if not condition.on(sender, receiver):
                continue
            if condition.cut:
                return None
            loss = max(loss, condition.loss)
            duplicate = max(duplicate, condition.duplicate)
            clog = clog or condition.clog
            if condition.delay_ns is not None:
                low, high = max(low, condition.delay_ns[0]), max(high, condition.delay_ns[1])
        return Link(receiver, loss, duplicate, low, max(0, high - low), clog)


def one_hop(delay_ms: tuple[float, float] = (1.0, 5.0), loss: float = 0.0) -> Condition:
    """Return a base condition: delay drawn between two bounds (ms), independent loss."""
    low, high = (round(delay * NS_PER_MS) for delay in delay_ms)
    return Condition(delay_ns=(low, high), loss=loss)
