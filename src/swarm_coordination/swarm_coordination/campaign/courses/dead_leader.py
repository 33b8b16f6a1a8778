# SPDX-License-Identifier: Apache-2.0
"""
Leaders die for good, one after the other, while everybody else goes on talking.

A dead leader's last heartbeats are still being told around by those that followed it. Only a newer
one may put an election off (``consensus/state.py``), else all wait for each other: so while a
majority hears each other, there has to be another leader.
"""

from __future__ import annotations

from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.courses.course import Course, ELECTION_S


def lead(course: Course) -> None:
    """Kill two of five leaders, and wait for the next each time."""
    for _ in range(2):
        dead = course.leader()
        if dead is None:
            return
        course.arena.kill(dead)
        if course.leader_among(course.others(dead)) is None:
            raise InvariantBroken(
                'A dead leader is replaced',
                f'{course.arena.nodes[dead].name} died {ELECTION_S:g} s ago, and nobody leads',
            )
