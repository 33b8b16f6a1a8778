# SPDX-License-Identifier: Apache-2.0
"""
Elections in virtual time: how long a swarm is without a leader, and how often for no reason.

A leader is killed at a random instant of its heartbeat period; a run ends when every survivor
knows the leader of a newer term. One seed is one run.
"""

from __future__ import annotations

from swarm_coordination.benchmarks.stage import Stage
from swarm_coordination.mission.commands import encode_command, TransferLeadership
from swarm_coordination.units import ns_to_seconds

# A swarm without a leader by then is counted with this time, far beyond every bound.
MOST_S = 30.0
# A leadership that was not handed over by then is asked for once more.
_HAND_OVER_S = 6.0
_HAND_OVERS_MAX = 20


def leader_killed(seed: int, robots: int = 5) -> list[float]:
    """Return the seconds until all survivors, in one hop, know the next leader."""
    stage = Stage(robots, f'leader/{seed}')
    return [_killed(stage, stage.settle())]


def line_killed(seed: int, robots: int = 7, loss: float = 0.1) -> list[float]:
    """Return the same for a line of voters, each hearing only the next, led from one end."""
    return [_killed(end_led_line(f'line/{seed}', robots, loss), 0)]


def end_led_line(seed: str, robots: int, loss: float) -> Stage:
    """Return a settled line that its first robot leads, to which leadership was handed over."""
    stage = Stage(robots, seed, shape='line', loss=loss)
    arena = stage.arena
    end = arena.nodes[0].storage_id
    for _ in range(_HAND_OVERS_MAX):
        leader = stage.settle()
        if leader == 0:
            return stage
        arena.propose(leader, encode_command(TransferLeadership(end)).decode())
        arena.run_until(lambda: arena.agreed_leader() is arena.nodes[0], _HAND_OVER_S)
    raise RuntimeError(f'the end of the line does not lead after {_HAND_OVERS_MAX} attempts')


def _killed(stage: Stage, leader: int) -> float:
    arena = stage.arena
    before, at = stage.leader_known[leader][0], arena.queue.now
    arena.kill(leader)
    survivors = arena.running()

    def known() -> bool:
        terms = {stage.leader_known[robot][0] for robot in survivors}
        return len(terms) == 1 and min(terms) > before

    if not arena.run_until(known, MOST_S):
        return MOST_S
    return ns_to_seconds(max(stage.leader_known[robot][1] for robot in survivors) - at)


def false_elections(
    seed: int, hours: float, robots: int = 10, loss: float = 0.1
) -> list[float]:
    """Return how many terms began in one hop with no robot lost."""
    stage = Stage(robots, f'false/{seed}', loss=loss)
    stage.settle()
    before = len(stage.terms)
    stage.arena.run(hours * 3600.0)
    return [float(len(stage.terms) - before)]
