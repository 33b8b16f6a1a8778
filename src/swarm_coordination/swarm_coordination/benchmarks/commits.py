# SPDX-License-Identifier: Apache-2.0
"""
Commit latency in virtual time: from a command handed to the leader until the leader applied it.

Disks sync in no time, so what is left is the radio and our own waiting. Latencies are given in
units of the delay across the swarm: one hop, or all hops of a line.
"""

from __future__ import annotations

from swarm_coordination.benchmarks.elections import end_led_line
from swarm_coordination.benchmarks.stage import HOP_MS, Stage
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.units import NS_PER_MS

# Between two commands, so that each is alone: several times any latency, no multiple of a beacon.
_PAUSE_S = 0.23
_MOST_S = 10.0


def one_hop(seed: int, commands: int, robots: int = 5) -> list[float]:
    """Return latencies in one-way delays; robots hear each other without loss."""
    stage = Stage(robots, f'commit/{seed}')
    stage.settle()
    return _latencies(stage, commands, HOP_MS)


def line(seed: int, commands: int, robots: int = 7, loss: float = 0.1) -> list[float]:
    """Return latencies in end-to-end delays of a line that its end leads."""
    stage = end_led_line(f'commit-line/{seed}', robots, loss)
    return _latencies(stage, commands, HOP_MS * (robots - 1))


def _latencies(stage: Stage, commands: int, unit_ms: float) -> list[float]:
    arena, found = stage.arena, []
    for number in range(commands):
        arena.run(_PAUSE_S + 0.05 * stage.random.random())
        leader = stage.leader()
        at = arena.queue.now
        serial = arena.propose(leader, encode_command(Put('bench', str(number))).decode())
        key = (arena.nodes[leader].storage_id, serial or 0)
        applied = stage.applied[leader]
        arena.run_until(lambda: key in applied, _MOST_S)  # noqa: B023 (called at once)
        found.append((applied.get(key, arena.queue.now) - at) / (unit_ms * NS_PER_MS))
    return found
