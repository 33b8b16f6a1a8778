# SPDX-License-Identifier: Apache-2.0
"""
The course of figure 3.7 (3.8 of the dissertation) of Ongaro 2014, five robots.

S1 replicates entries to S2 alone and both die; S5 is elected by the others, writes its own entry
to its disk alone and dies; S1 or S2 comes back, is elected and replicates the old entries to S3, a
majority; before an entry of its own term is there it dies, and S5 comes back with a newer last
term. Who commits the old entries by counting sees them overwritten.
"""

from __future__ import annotations

from swarm_coordination.arena.air import Condition
from swarm_coordination.campaign.courses.course import Course
from swarm_coordination.units import NS_PER_MS

# Commands that one robot shows at once (mission.intents.HEAD_MAX).
_SHOWN = 16


def lead(course: Course) -> None:
    """Lead the robots through the figure."""
    arena, rules, rng = course.arena, course.rules, course.rng
    s1 = course.leader()
    if s1 is None:
        return
    s2, *rest = course.others(s1)
    old = _write_old_entries(course, s1, s2)
    heir = _elect_heir(course, rest) if old else None
    if heir is None:
        return
    s3, s4 = rng.sample([robot for robot in rest if robot != heir], 2)
    away = course.part([s4])
    lossy = course.lay(Condition(
        frozenset({(s1, s3), (s2, s3)}), loss=rng.choice((0.0, 0.2, 0.5))
    ))
    arena.restart(s1)
    arena.restart(s2)
    base = len(rules.disks[s3])
    if course.leader_among((s1, s2)) is not None:
        course.wait(lambda: len(rules.disks[s3]) > base, 1.0)
        arena.run(rng.choice((0.005, 0.02, 0.05)))
    arena.kill(s1)
    arena.kill(s2)
    course.heal(away, lossy)
    arena.restart(heir)
    course.leader_among((heir,))
    arena.run(1.0)


def _write_old_entries(course: Course, s1: int, s2: int) -> bool:
    """Have s1 write many entries that reach s2 alone, then kill both."""
    arena, disks = course.arena, course.rules.disks
    apart = course.part((s1, s2))
    wanted = len(disks[s1]) + _SHOWN
    for robot in (s1, s2):
        for _ in range(_SHOWN):
            course.put(robot, 'x' * course.rng.randint(0, 30))
    written = course.wait(
        lambda: len(disks[s1]) == len(disks[s2]) >= wanted and disks[s1].last == disks[s2].last,
        0.7,
    )
    arena.kill(s1)
    arena.kill(s2)
    course.heal(apart)
    return written


def _elect_heir(course: Course, others: list[int]) -> int | None:
    """Have one of the others win and write an entry that nobody hears of, then kill it."""
    arena, rules = course.arena, course.rules
    winner = course.leader_among(others)
    if winner is None or winner.core is None:
        return None
    heir, term = winner.number, winner.core.term
    arena.sync_ns[heir] = (0, NS_PER_MS)
    mute = frozenset((heir, other) for other in range(5) if other != heir)
    muted = course.lay(Condition(mute, cut=True))
    written = course.wait(lambda: rules.chains.terms[rules.disks[heir].last] == term, 0.5)
    arena.kill(heir)
    course.heal(muted)
    return heir if written else None
