# SPDX-License-Identifier: Apache-2.0
"""
Failure detection in virtual time: how soon a death is known, how often it is imagined.

Robots die one after the other in one swarm. Each was started again and is held alive by everybody
before the next one dies, a second or two later: the detector holds nothing of the death before
(suspicions are over, and nobody is evicted so soon), so every death is a sample of its own.
"""

from __future__ import annotations

from swarm_coordination.arena.arena import Arena
from swarm_coordination.benchmarks.stage import SETTLE_MOST_S, Stage
from swarm_coordination.units import ns_to_seconds

MOST_S = 30.0
# Once everybody is held alive again: links are listed, and the learnt silences are fresh ones.
_SETTLED_S = 1.0


def deaths_known(seed: int, robots: int, deaths: int = 10, loss: float = 0.01) -> list[float]:
    """Return for each death the seconds until all others, in one hop, have declared it silent."""
    stage = Stage(robots, f'death/{seed}', loss=loss)
    stage.settle()
    found = [_death_known(stage, robots)]
    for _ in range(deaths - 1):
        stage.arena.run(_SETTLED_S + stage.random.random())
        found.append(_death_known(stage, robots))
    return found


def _death_known(stage: Stage, robots: int) -> float:
    """Kill a robot; return how soon that was known, once it lives again in everybody's eyes."""
    arena = stage.arena
    stage.silent.clear()
    victim = stage.random.randrange(robots)
    at, who = arena.queue.now, arena.nodes[victim].storage_id
    arena.kill(victim)

    def knowing() -> bool:
        return len({robot for _, robot, dead in stage.silent if dead == who}) == robots - 1

    known = arena.run_until(knowing, MOST_S)
    last = max((since for since, _, dead in stage.silent if dead == who), default=at)
    arena.restart(victim)
    if not arena.run_until(lambda: _all_alive(arena), SETTLE_MOST_S):
        raise RuntimeError(f'not all alive again after {SETTLE_MOST_S:g} s')
    return ns_to_seconds(last - at) if known else MOST_S


def _all_alive(arena: Arena) -> bool:
    """Whether everybody holds everybody alive and follows the same leader."""
    if arena.agreed_leader() is None:
        return False
    count = len(arena.nodes)
    return all(
        (status := arena.status(robot)) is not None and len(status.alive) == count
        for robot in range(count)
    )


def wrongly_dead(seed: int, hours: float, robots: int = 20, loss: float = 0.2) -> list[float]:
    """Return how often a robot of a whole swarm in one hop was declared silent."""
    stage = Stage(robots, f'wrong/{seed}', loss=loss)
    stage.settle()
    stage.silent.clear()
    stage.arena.run(hours * 3600.0)
    return [float(len(stage.silent))]
