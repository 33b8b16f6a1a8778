# SPDX-License-Identifier: Apache-2.0
"""
A leader is asked to read in the instant it wins, with a commit of its predecessor untold.

The old leader commits an entry and dies before anybody hears of that. Its successor holds the
entry, and knows that it is committed only once an entry of its own term is (Ongaro 2014, section
6.4, step 1): here the followers' disks are slow, while their echoes of its heartbeats are not.
"""

from __future__ import annotations

from swarm_coordination.arena.air import Condition
from swarm_coordination.campaign.courses.course import Course
from swarm_coordination.units import NS_PER_MS

# Many beacons: enough for a quorum of echoes, and less than a leader waits for its followers.
_SYNC_MS = (300, 500)
_READ_EVERY_S = 0.02
_READING_S = 0.6


def lead(course: Course) -> None:
    """Have a leader commit, fall silent and die twice, and ask whoever wins after it."""
    for _ in range(2):
        old = course.leader()
        if old is None or not _commit_untold(course, old):
            return
        winner = course.leader_among(course.others(old))
        if winner is None:
            return
        _read(course, winner.number, course.others(old, winner.number))
        course.arena.restart(old)
        course.arena.run(1.0)


def _commit_untold(course: Course, old: int) -> bool:
    """Have the leader write, and kill it once it has committed what nobody knows to be."""
    rules = course.rules
    others = course.others(old)
    end = len(rules.committed) + course.rng.randint(1, 3)
    for _ in range(end - len(rules.committed)):
        course.put(old)
    majority = len(course.arena.nodes) // 2

    def held() -> bool:
        return sum(len(rules.disks[other]) >= end for other in others) >= majority

    written = course.arena.run_until(held, 1.0)
    mute = course.lay(Condition(frozenset((old, other) for other in others), cut=True))
    committed = written and course.wait(lambda: len(rules.committed) >= end, 0.3)
    course.arena.kill(old)
    course.heal(mute)
    return bool(committed)


def _read(course: Course, winner: int, followers: list[int]) -> None:
    """Ask for reads while the disks of the followers are slow."""
    disks = list(course.arena.sync_ns)
    for follower in followers:
        low, high = _SYNC_MS
        course.arena.sync_ns[follower] = (low * NS_PER_MS, high * NS_PER_MS)
    asked = [winner, followers[0]] if course.rng.random() < 0.5 else [winner]
    end = course.arena.now_s + _READING_S
    while course.arena.now_s < end:
        for robot in asked:
            course.clients.read(robot, f'k{course.rng.randrange(4)}')
        course.arena.run(_READ_EVERY_S)
    course.arena.sync_ns[:] = disks
