# SPDX-License-Identifier: Apache-2.0
"""
A robot that lost its disk, and with it the count of its stops, raises a stop.

Its life before raised stops that were lifted, so by number the new one would be lifted too. It is
raised among the others, before they can have told the robot of its past, or in an island; once the
robot knows, it raises it anew (docs/protocol.md, Safety stop), and everybody has to stand.
"""

from __future__ import annotations

from swarm_coordination.campaign.courses.course import Course

# A robot has heard the others by then, or not yet; and is under way to a higher incarnation.
_BEFORE_S = 0.2


def lead(course: Course) -> None:
    """Let two robots stop the swarm, lose their disks, and stop it again."""
    if course.leader() is None:
        return
    issuers = course.others()
    for across, issuer in enumerate(issuers[:2]):
        lifter = issuers[2]
        for _ in range(course.rng.randrange(3)):  # so many lives more than the one to come
            course.arena.kill(issuer)
            course.arena.restart(issuer)
            course.arena.run(0.5)
        course.clients.stop(issuer)
        course.arena.run(0.3)
        course.clients.lift(lifter)
        course.arena.run(0.5)
        course.arena.kill(issuer)
        if not course.rules.may_lose(issuer):
            return
        cut = course.part([issuer]) if across else 0
        course.arena.restart(issuer, keep_disk=False)
        course.arena.run(_BEFORE_S * course.rng.random())
        course.clients.stop(issuer)
        course.arena.run(1.0 if across else 0.0)
        course.heal(cut)
        course.arena.run(1.5)
