# SPDX-License-Identifier: Apache-2.0
"""
Hostile frames into a swarm of one's own, as a process: for scenarios and tests.

It overhears the mesh, takes the names of those it hears, and sends what ``simulation.hostile``
makes of it, until it is ended.
"""

from __future__ import annotations

import argparse
from array import array
from pathlib import Path
import random
import sys
import time
from typing import Any

from swarm_coordination.live.lifetime import die_with_parent

# Frames sent at one turn of the loop: those of 10 ms.
TURN_S = 0.01
# Frames left for a later run to replay.
RECORDED_MAX = 200
_LENGTH_BYTES = 2


def main() -> int:
    """Attack until ended; return the exit status."""
    die_with_parent()
    parser = argparse.ArgumentParser(prog='attacker', description='Hostile traffic, for tests.')
    parser.add_argument('--rate', type=float, required=True, help='frames per second')
    parser.add_argument('--seconds', type=float, required=True)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--record', type=Path, help='leave frames overheard here')
    parser.add_argument('--earlier', type=Path, help='replay frames recorded in another run')
    options = parser.parse_args()
    from swarm_coordination.dds.bus import CycloneBus
    from swarm_coordination.dds.process import joined
    from swarm_coordination.live import topics
    from swarm_coordination.simulation.hostile import Forger
    from swarm_coordination.transport import profiles

    earlier = read_frames(options.earlier) if options.earlier else ()
    forger = Forger(random.Random(options.seed), earlier)
    rng, senders, kept = random.Random(options.seed), {'robot1': 0}, list[bytes]()
    with joined(None) as loop:
        bus = CycloneBus(loop.participant)
        kind = bus.types.swarm.MeshFrame

        def hear(message: Any) -> None:
            data = bytes(message.data)
            senders[message.sender] = 0
            forger.hear(data)
            if len(kept) < RECORDED_MAX:
                kept.append(data)

        bus.subscribe(kind, topics.MESH, profiles.MESH, hear)
        send = bus.publisher(kind, topics.MESH, profiles.MESH)
        began = time.monotonic()
        sent = 0
        while not loop.stopping and (passed := time.monotonic() - began) < options.seconds:
            # A host that is busy gets fewer frames, not a burst of them afterwards.
            for _ in range(min(int(passed * options.rate) - sent, int(options.rate * TURN_S) + 1)):
                sent += 1
                send(kind(sender=rng.choice(tuple(senders)), data=array('B', forger.forge())))
            loop.spin_until(time.monotonic() + TURN_S / 4)
    if options.record:
        write_frames(options.record, kept)
    print(f'{sum(forger.made.values())} frames: {dict(forger.made)}')  # noqa: T201
    return 0


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
    sys.exit(main())
