# SPDX-License-Identifier: Apache-2.0
"""
Hostile frames into a swarm of one's own, as a process: for scenarios and tests.

It overhears the mesh, takes the names of those it hears, and sends what ``simulation.hostile``
makes of it. Frames are forged ahead of time, into a stock that is renewed bit by bit while it
is sent, so that one process keeps its rate. Where the host is busy the same number of frames
goes out later. The last line that it prints is JSON: what was sent, and how fast.
"""

from __future__ import annotations

import argparse
from array import array
from collections import Counter
import json
import math
from pathlib import Path
import random
import sys
import time
from typing import Any

from swarm_coordination.live.ending import status_of
from swarm_coordination.live.lifetime import die_with_parent

# Between two looks at the clock: what is due then is no burst to a robot's queue.
TURN_S = 0.005
# Arrears are sent so many turns' frames at a time, with hardly a pause.
CATCH_UP, PAUSE_S = 4, 0.000_1
# Frames forged ahead: 0.2 s at 5,000/s, over a hundred of every kind.
STOCK = 1_000
# One in so many is made anew after it was sent, of what was overheard last.
RENEWED = 10
# It listens for so long from the first frame overheard on; where nobody speaks, in an empty
# domain, there is only noise to send.
LISTEN_S, SILENCE_S = 1.0, 10.0
# A host that has no time at all for this gets no more after so many times what was asked.
LATE = 4.0
# Frames left for a later run to replay.
RECORDED_MAX = 200
_LENGTH_BYTES = 2


class Attacker:
    """Overhears ``bus`` and sends a stock of hostile frames into it."""

    def __init__(
        self, bus: Any, seed: int, earlier: tuple[bytes, ...], kinds: tuple[str, ...]
    ) -> None:
        """Begin to listen."""
        from swarm_coordination.live import topics
        from swarm_coordination.simulation.hostile import Forger
        from swarm_coordination.transport import profiles

        self._rng = random.Random(seed)
        self._forger = Forger(random.Random(seed), earlier, kinds)
        self._senders = {'robot1': 0}
        self._kind = bus.types.swarm.MeshFrame
        self._stock: list[tuple[str, Any]] = []
        self.kept: list[bytes] = []
        self.sent: Counter[str] = Counter()
        bus.subscribe(self._kind, topics.MESH, profiles.MESH, self._hear)
        self._publish = bus.publisher(self._kind, topics.MESH, profiles.MESH)

    def _hear(self, message: Any) -> None:
        data = bytes(message.data)
        self._senders[message.sender] = 0
        self._forger.hear(data)
        if len(self.kept) < RECORDED_MAX:
            self.kept.append(data)

    def _forge(self) -> tuple[str, Any]:
        kind, data = self._forger.forge()
        sender = self._rng.choice(tuple(self._senders))
        return kind, _serialised_once(self._kind(sender=sender, data=array('B', data)))

    def prepare(self) -> None:
        """Forge the stock."""
        self._stock = [self._forge() for _ in range(STOCK)]

    def send(self, first: int, count: int) -> None:
        """Send frames ``first`` to ``first + count - 1`` of the attack."""
        for number in range(first, first + count):
            at = number % STOCK
            kind, message = self._stock[at]
            self._publish(message)
            self.sent[kind] += 1
            if number % RENEWED == number // STOCK % RENEWED:
                self._stock[at] = self._forge()


def _serialised_once(message: Any) -> Any:
    """Return ``message``, which keeps its bytes: they are most of the time that sending takes."""
    serialise, kept = message.serialize, list[bytes]()

    def serialize(**how: Any) -> bytes:
        if not kept:
            kept.append(serialise(**how))
        return kept[0]

    message.serialize = serialize
    return message


def main() -> int:
    """Attack until everything is sent or a signal comes; return the exit status."""
    die_with_parent()
    parser = argparse.ArgumentParser(prog='attacker', description='Hostile traffic, for tests.')
    parser.add_argument('--rate', type=float, required=True,
                        help='frames per second; 0 listens only')
    parser.add_argument('--seconds', type=float, required=True)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--record', type=Path, help='leave frames overheard here')
    parser.add_argument('--earlier', type=Path, help='replay frames recorded in another run')
    parser.add_argument('--only-earlier', action='store_true', help='send nothing but those')
    options = parser.parse_args()
    if options.only_earlier and not options.earlier:
        parser.error('--only-earlier takes --earlier FILE')
    from swarm_coordination.dds.bus import CycloneBus
    from swarm_coordination.dds.process import joined

    earlier = read_frames(options.earlier) if options.earlier else ()
    with joined(None) as loop:
        kinds = ('earlier',) if options.only_earlier else ()
        attacker = Attacker(CycloneBus(loop.participant), options.seed, earlier, kinds)
        given_up = time.monotonic() + SILENCE_S
        while not (attacker.kept or loop.stopping or time.monotonic() > given_up):
            loop.spin_until(time.monotonic() + TURN_S)
        loop.spin_until(time.monotonic() + LISTEN_S)
        attacker.prepare()
        told = attack(loop, attacker, options.rate, options.seconds)
    if options.record:
        write_frames(options.record, attacker.kept)
    print(json.dumps(told))  # noqa: T201
    return 0


def attack(loop: Any, attacker: Attacker, rate_hz: float, for_s: float) -> dict[str, Any]:
    """Send ``rate_hz * for_s`` frames, in that time or later; return what was done."""
    total, most = round(rate_hz * for_s), math.ceil(CATCH_UP * rate_hz * TURN_S)
    began, cpu_s, sent, passed = time.monotonic(), time.process_time(), 0, 0.0
    while not loop.stopping and (passed < for_s or sent < total) and passed < LATE * for_s:
        due = min(total, int(passed * rate_hz)) - sent
        attacker.send(sent, min(due, most))
        sent += max(0, min(due, most))
        loop.spin_until(time.monotonic() + (PAUSE_S if due > most else TURN_S))
        passed = time.monotonic() - began
    return {
        'frames': sent,
        'seconds': round(passed, 2),
        'per_s': round(sent / passed) if passed else 0,
        'cpu_s': round(time.process_time() - cpu_s, 2),
        'kinds': dict(sorted(attacker.sent.items())),
    }


def write_frames(path: Path, frames: list[bytes]) -> None:
    """Write frames, each after its length."""
    path.write_bytes(b''.join(len(f).to_bytes(_LENGTH_BYTES, 'big') + f for f in frames))


def read_frames(path: Path) -> tuple[bytes, ...]:
    """Return frames that ``write_frames`` has written."""
    data, found, at = path.read_bytes(), [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + _LENGTH_BYTES], 'big')
        found.append(data[at + _LENGTH_BYTES:at + _LENGTH_BYTES + size])
        at += _LENGTH_BYTES + size
    return tuple(found)


if __name__ == '__main__':
    sys.exit(status_of('attacker', main))
