# SPDX-License-Identifier: Apache-2.0
"""
Bounded cache of log items: pushed when new, served when wanted, by leader and relays alike.

Items are immutable under (leader term, index), so any copy is as good as the leader's. A new
item is pushed once; whoever misses it keeps asking for what follows k (``Want``) and is served
from k + 1, by the leader always, by others with a probability that makes one of them answer on
average. An item that was just sent or heard is not sent again at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from swarm_coordination.mesh.rows import LogItem, Want
from swarm_coordination.units import NS_PER_S

# Items served to one want: about a frame's worth of small commands.
SERVE_AHEAD = 64
# A want not repeated for this long is void: its robot left, or follows another leader.
_WANT_VALID_NS = NS_PER_S


@dataclass(slots=True, eq=False)
class _Held:
    item: LogItem
    own: bool  # pushed by this robot: as the leader it always answers
    aired_ns: int  # when last sent or heard


class _Asked(NamedTuple):
    want: Want
    at_ns: int
    willing: bool


class ItemCache:
    """Items to push and to serve; evicts the oldest when full."""

    def __init__(self, items_max: int, repeat_ns: int) -> None:
        self._items_max, self._repeat_ns = items_max, repeat_ns
        self._held: dict[tuple[int, int], _Held] = {}
        self._push: dict[tuple[int, int], None] = {}
        self._asked: dict[int, _Asked] = {}

    @property
    def pushing(self) -> bool:
        """Whether new items wait to be sent."""
        return bool(self._push)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be pushed and nobody wants anything."""
        return not (self._push or self._asked)

    def offer(self, item: LogItem, now: int, *, push: bool) -> None:
        """Take an item from the caller's own log; one that is not here yet may be pushed."""
        key = (item.leader_term, item.index)
        if key in self._held:
            return
        self._add(key, _Held(item, push, now - self._repeat_ns))
        if push:
            self._push[key] = None

    def hear(self, item: LogItem, now: int, *, relay: bool) -> bool:
        """Take an item from a frame; return whether it was new here."""
        key = (item.leader_term, item.index)
        held = self._held.get(key)
        if held is not None:
            held.aired_ns = now
            return False
        self._add(key, _Held(item, False, now))
        if relay:
            self._push[key] = None
        return True

    def want(self, robot: int, want: Want, now: int, *, willing: bool) -> None:
        """Note what a robot that is heard directly wants."""
        self._asked[robot] = _Asked(want, now, willing)

    def wanted(self, now: int) -> tuple[Want, ...]:
        """Wants of others whose next item is not here, for the caller to offer from its log."""
        if not self._asked:
            return ()
        self._forget(now)
        missing = {
            asked.want
            for asked in self._asked.values()
            if (asked.want.leader_term, asked.want.index + 1) not in self._held
        }
        return tuple(sorted(missing))

    def get(self, leader_term: int, index: int) -> LogItem | None:
        """Return one item where it is held."""
        held = self._held.get((leader_term, index))
        return None if held is None else held.item

    def select(self, now: int) -> Iterator[LogItem]:
        """Yield items worth sending now, pushes first."""
        for key in tuple(self._push):
            yield self._held[key].item
        self._forget(now)
        for _, asked in sorted(self._asked.items()):
            term, verified = asked.want
            for index in range(verified + 1, verified + 1 + SERVE_AHEAD):
                held = self._held.get((term, index))
                if held is None:
                    break
                due = now - held.aired_ns >= self._repeat_ns
                if due and (held.own or asked.willing) and (term, index) not in self._push:
                    yield held.item

    def sent(self, item: LogItem, now: int) -> None:
        """Note that the item is in the frame that leaves now."""
        key = (item.leader_term, item.index)
        self._push.pop(key, None)
        self._held[key].aired_ns = now

    def _add(self, key: tuple[int, int], held: _Held) -> None:
        if len(self._held) >= self._items_max:
            oldest = next(iter(self._held))
            del self._held[oldest]
            self._push.pop(oldest, None)
        self._held[key] = held

    def _forget(self, now: int) -> None:
        for robot, asked in tuple(self._asked.items()):
            if now - asked.at_ns > _WANT_VALID_NS:
                del self._asked[robot]
