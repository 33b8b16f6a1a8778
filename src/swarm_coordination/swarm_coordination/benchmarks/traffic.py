# SPDX-License-Identifier: Apache-2.0
"""Bytes that robots at rest hand to the transport, in virtual time."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.benchmarks.stage import Stage

# Until joins, first elections and full repeats are over.
_WARM_UP_S = 10.0


class Traffic(NamedTuple):
    """Bytes and frames per second of one robot."""

    mean_bytes: float
    leader_bytes: float
    frames: float


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
