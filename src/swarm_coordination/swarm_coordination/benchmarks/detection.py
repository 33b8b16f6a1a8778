# SPDX-License-Identifier: Apache-2.0
"""Failure detection in virtual time: how soon a death is known, how often it is imagined."""

from __future__ import annotations

from swarm_coordination.benchmarks.stage import Stage
from swarm_coordination.units import ns_to_seconds

MOST_S = 30.0


def death_known(seed: int, robots: int, loss: float = 0.01) -> float:
    """Return the seconds until every other robot, in one hop, has declared a killed one silent."""
    stage = Stage(robots, f'death/{seed}', loss=loss)
    stage.settle()
    arena = stage.arena
    victim = stage.random.randrange(robots)
    at, who = arena.queue.now, arena.nodes[victim].storage_id
    arena.kill(victim)

    def knowing() -> set[int]:
        return {robot for since, robot, dead in stage.silent if dead == who and since >= at}

    if not arena.run_until(lambda: len(knowing()) == robots - 1, MOST_S):
        return MOST_S
    return ns_to_seconds(max(since for since, _, dead in stage.silent if dead == who) - at)


def wrongly_dead(seed: int, hours: float, robots: int = 20, loss: float = 0.2) -> int:
    """Return how often a robot of a whole swarm in one hop was declared silent."""
    stage = Stage(robots, f'wrong/{seed}', loss=loss)
    stage.settle()
    stage.silent.clear()
    stage.arena.run(hours * 3600.0)
    return len(stage.silent)
