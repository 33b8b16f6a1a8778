# SPDX-License-Identifier: Apache-2.0
"""
A deposed leader and its follower bring a tail of uncommitted entries into the next term.

The old leader and one follower, cut off, write entries that no majority holds, and acknowledge
them in the old term. The three others elect a leader. Then it meets the two,

- either with a longer, committed log: what is committed there must not commit their tail, which
  only has the same indices;
- or alone, cut off from its own voters just before, with entries that nobody else holds: their
  acknowledgements of the old term must not count for these.
"""

from __future__ import annotations

from swarm_coordination.arena.air import Condition
from swarm_coordination.campaign.courses.course import Course

# Fewer than a leader in an island can append before it steps down.
_TAIL_MAX = 6
_SPEAK_S = 0.1  # two beacons


def lead(course: Course) -> None:
    """Lead the robots through it; which of the two ends, the seed decides."""
    rules, rng = course.rules, course.rng
    old = course.leader()
    if old is None:
        return
    mate, *rest = course.others(old)
    cut = course.part((old, mate))
    tail = rng.randint(2, _TAIL_MAX)
    end = len(rules.disks[old]) + tail
    for _ in range(tail):
        course.put(old)
    if not course.wait(lambda: len(rules.disks[mate]) >= end, 0.7):
        return
    winner = course.leader_among(rest)
    if winner is None or not course.wait(lambda: _commits_its_own(course, winner.number), 1.0):
        return
    new = winner.number
    alone = rng.random() < 0.5
    if alone:
        apart = course.part((old, mate), [new])
        course.heal(cut)
        cut = apart
    end = len(rules.disks[mate])  # by now: the old leader may have appended more
    for _ in range(end - len(rules.logs[new]) + 1):
        course.put(new)
    course.wait(lambda: len(rules.disks[new]) > end, 0.3)
    if alone:
        meeting = course.part([r for r in rest if r != new])
        # The two speak first: before they hear of the new term.
        mute = course.lay(Condition(frozenset({(new, old), (new, mate)}), cut=True))
        course.heal(cut)
        course.arena.run(_SPEAK_S)
        course.heal(mute)
        course.arena.run(1.0)
        course.heal(meeting)
    else:
        course.wait(lambda: len(rules.committed) > end, 1.0)
        course.heal(cut)
    course.arena.run(1.0)


def _commits_its_own(course: Course, robot: int) -> bool:
    """Whether the newest entry committed is of the term that this robot leads."""
    core, rules = course.arena.nodes[robot].core, course.rules
    return core is not None and rules.chains.terms[rules.committed[-1]] == core.term
