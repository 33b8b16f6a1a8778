# SPDX-License-Identifier: Apache-2.0
"""
Leaders die for good, one after the other, while everybody else goes on talking.

A dead leader's last heartbeats are still being told around by those that followed it. Only a newer
one may put an election off (``consensus/state.py``), else all wait for each other: so while a
majority hears each other, there has to be another leader. Then they stay dead until nobody may
hold them alive any more (``ghosts.py``), and the leader has had the time to take a vote from one.
"""

from __future__ import annotations

from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.courses.course import Course, ELECTION_S
from swarm_coordination.campaign.ghosts import LOOK_NS, silent_ns, SLACK_NS
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import ns_to_seconds

REPLACED, UNVOTED = 'A dead leader is replaced', 'The dead lose their vote'


def lead(course: Course) -> None:
    """Kill two of five leaders, wait for the next each time, and leave the two dead."""
    course.checks.update(tally(REPLACED, UNVOTED))
    killed: list[int] = []
    for _ in range(2):
        dead = course.leader()
        if dead is None:
            return
        killed.append(dead)
        course.arena.kill(dead)
        course.checks[REPLACED] += 1
        if course.leader_among(course.others(dead)) is None:
            raise InvariantBroken(
                REPLACED,
                f'{course.arena.nodes[dead].name} died {ELECTION_S:g} s ago, and nobody leads',
            )
    course.arena.run(ns_to_seconds(silent_ns(MeshSettings()) + SLACK_NS + 2 * LOOK_NS))
    _check_votes(course, killed)


def _check_votes(course: Course, killed: list[int]) -> None:
    """
    Check that the third leader has taken the vote from one of the two dead.

    It may evict ``evict_interval_s`` after its election, which is less than the wait before.
    """
    leader = course.leader_among(course.others(*killed))
    status = course.arena.status(leader.number) if leader is not None else None
    names = {course.arena.nodes[robot].name for robot in killed}
    if status is None:
        return
    course.checks[UNVOTED] += 1
    if names.issubset(status.voters):
        raise InvariantBroken(
            UNVOTED,
            f'{status.name} leads term {status.term} and still counts {sorted(names)} in',
        )
