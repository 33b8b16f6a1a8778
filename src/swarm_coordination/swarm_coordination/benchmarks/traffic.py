# SPDX-License-Identifier: Apache-2.0
"""Bytes that robots hand to the transport, at rest and when one dies, in virtual time."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from swarm_coordination.benchmarks.stage import Stage

# Until joins, first elections and full repeats are over.
_WARM_UP_S = 10.0


class Traffic(NamedTuple):
    """Bytes and frames per second of one robot."""

    mean_bytes: float
    leader_bytes: float
    frames: float


class Death(NamedTuple):
    """Bytes per second of one robot: before and after a death, and in the busiest second."""

    before: float
    after: float
    busiest: float


def at_rest(
    seed: int, robots: int, seconds: float = 20.0, loss: float = 0.0, shape: str = 'full'
) -> Traffic:
    """Return the traffic of robots that stand without a mission, in one hop or another shape."""
    stage = Stage(robots, f'rest/{seed}', shape=shape, loss=loss)
    leader = stage.settle()
    stage.arena.run(_WARM_UP_S)
    for sent in stage.sent:
        sent[:] = [0, 0]
    stage.arena.run(seconds)
    frames, spent = zip(*stage.sent)
    return Traffic(
        sum(spent) / robots / seconds, spent[leader] / seconds, sum(frames) / robots / seconds
    )


def around_a_death(seed: int, robots: int, seconds: int = 10) -> Death:
    """
    Return the traffic of the survivors before and after the leader dies, in one hop.

    After: suspected, declared silent, another elected, the voter evicted. The busiest second is
    that of any robot, before or after.
    """
    stage = Stage(robots, f'death/{seed}')
    stage.settle()
    stage.arena.run(_WARM_UP_S)
    before = _by_second(stage, seconds)
    dead = stage.leader()
    stage.arena.kill(dead)
    after = _by_second(stage, seconds)
    for spent in (before, after):
        del spent[dead]
    mean_before, mean_after = (
        sum(map(sum, spent)) / len(spent) / seconds for spent in (before, after)
    )
    busiest = max(max(second) for spent in (before, after) for second in spent)
    return Death(mean_before, mean_after, busiest)


def rest_sample(
    seed: int, robots: int, seconds: float = 20.0, loss: float = 0.0, shape: str = 'full'
) -> list[float]:
    """Return the numbers of ``at_rest``."""
    return list(at_rest(seed, robots, seconds, loss, shape))


def death_sample(seed: int, robots: int) -> list[float]:
    """Return the numbers of ``around_a_death``."""
    return list(around_a_death(seed, robots))


def _by_second(stage: Stage, seconds: int) -> list[list[int]]:
    """Return the bytes of each robot in each of the next seconds."""
    totals = [[sent[1] for sent in stage.sent]]
    for _ in range(seconds):
        stage.arena.run(1.0)
        totals.append([sent[1] for sent in stage.sent])
    return [
        [later[robot] - sooner[robot] for sooner, later in itertools.pairwise(totals)]
        for robot in range(len(stage.sent))
    ]
