# SPDX-License-Identifier: Apache-2.0
"""
Two robots stand for election in one term, and ask the same voters.

Candidates take turns (``consensus/patience.py``), so that two hardly ever stand at once. Here the
leader dies while two of its followers sleep; they wake together, their time-outs long over,
and do not hear each other. Each voter is asked by both, a moment apart: it has one vote in a term.
"""

from __future__ import annotations

from swarm_coordination.arena.air import Condition
from swarm_coordination.campaign.courses.course import Course
from swarm_coordination.units import NS_PER_MS

# The second asks while voters answer the first: a few one-way delays.
_LAG_MAX_MS = 12


def lead(course: Course) -> None:
    """Kill a leader several times, with two candidates each time."""
    for _ in range(4):
        if not _once(course):
            return


def _once(course: Course) -> bool:
    arena, rng = course.arena, course.rng
    dead = course.leader()
    if dead is None:
        return False
    first, second, *voters = course.others(dead)
    for sleeper in (first, second):
        arena.pause(sleeper)
    arena.kill(dead)
    arena.run(0.3 + 0.5 * rng.random())
    deaf = course.lay(Condition(frozenset({(first, second), (second, first)}), cut=True))
    lag = rng.randint(1, _LAG_MAX_MS) * NS_PER_MS
    late = course.lay(
        Condition(frozenset((second, voter) for voter in voters), delay_ns=(lag, lag))
    )
    for sleeper in (first, second):
        arena.resume(sleeper)
    course.leader_among((first, second, *voters))
    course.heal(deaf, late)
    arena.restart(dead)
    arena.run(1.0)
    return True
