# SPDX-License-Identifier: Apache-2.0
"""A bus of Cyclone DDS for a short while: what the operator's verbs talk to robots over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.bus import Bus


@contextmanager
def open_bus(domain: int) -> Iterator[tuple[Bus, Callable[[float], None]]]:
    """Give a bus in the domain, and what serves it until a time of the steady clock (s)."""
    loop = CycloneLoop(domain)
    try:
        yield CycloneBus(loop.participant), loop.spin_until
    finally:
        loop.close()
