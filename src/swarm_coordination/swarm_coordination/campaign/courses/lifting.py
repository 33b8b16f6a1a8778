# SPDX-License-Identifier: Apache-2.0
"""
A stop is raised anew while the command that lifts the one before is on its way.

Either the lifting waits in an island without quorum, and the stop is raised on the other side; or
both are done at nearly the same moment, by the same robot or by two. Lifting names counters
(docs/protocol.md, Safety stop), so the newer stop must stay in force, everywhere.
"""

from __future__ import annotations

from swarm_coordination.campaign.courses.course import Course

# A lifting is committed some tens of milliseconds after it was asked for.
_RACE_S = 0.06


def lead(course: Course) -> None:
    """Race stops against their lifting, across an island and without."""
    if course.leader() is None:
        return
    island = course.rng.random() < 0.5
    for across in (island, not island):
        lifter, issuer, second, *_ = course.others()
        course.clients.stop(issuer)
        if course.rng.random() < 0.5:
            course.clients.stop(second)
        course.arena.run(0.3)
        cut = course.part([lifter]) if across else 0
        course.clients.lift(lifter)
        course.arena.run(0.5 if across else _RACE_S * course.rng.random())
        course.clients.stop(issuer)
        course.arena.run(0.3)
        course.heal(cut)
        course.arena.run(2.0)
        course.clients.lift(second)
        course.arena.run(1.0)
