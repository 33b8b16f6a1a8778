# SPDX-License-Identifier: Apache-2.0
"""
A leader that is cut off is asked to read, while the other side elects another and commits.

For a while it still believes that it leads (CheckQuorum takes up to 0.8 s). Who answers a read
without asking a majority (Ongaro 2014, section 6.4) tells its clients what is no longer so.
"""

from __future__ import annotations

from swarm_coordination.campaign.courses.course import Course

# Longer than an isolated leader goes on leading; reads and writes come in turns meanwhile.
_ISLAND_S = 1.5
_READ_EVERY_S = 0.02


def lead(course: Course) -> None:
    """Cut the leader off twice, with a follower or alone."""
    for _ in range(2):
        old = course.leader()
        if old is None:
            return
        rest = course.others(old)
        mates = rest[: course.rng.randint(0, (len(rest) - 1) // 2)]
        course.put(old)
        cut = course.part((old, *mates))
        end = course.arena.now_s + _ISLAND_S
        while course.arena.now_s < end:
            course.clients.read(old, f'k{course.rng.randrange(4)}')
            for mate in mates:
                course.clients.read(mate, f'k{course.rng.randrange(4)}')
            course.put(rest[-1])
            course.arena.run(_READ_EVERY_S)
        course.heal(cut)
