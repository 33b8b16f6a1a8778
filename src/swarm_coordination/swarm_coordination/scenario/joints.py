# SPDX-License-Identifier: Apache-2.0
"""Which robot joins a swarm: the one whose loss parts it and yet leaves a quorum together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from swarm_coordination.control.graph import articulation_points, components


def joining_robot(
    links: Iterable[tuple[str, str]], running: Sequence[str], robots: Sequence[str], leader: str
) -> str:
    """
    Return the articulation robot that leaves the most even parts; "" where there is none.

    One part must still be more than half of all ``robots``. Another than ``leader`` is preferred:
    who is told of a new leader, and when, is another question.
    """
    place = {name: number for number, name in enumerate(running)}
    near: list[list[int]] = [[] for _ in running]
    for one, other in links:
        if one in place and other in place:
            near[place[one]].append(place[other])
            near[place[other]].append(place[one])
    found = []
    for robot in articulation_points(near):
        rest = [[j for j in row if j != robot] for row in near]
        rest[robot] = []
        largest = max(map(len, components(rest)))
        if 2 * largest > len(robots):
            found.append((running[robot] == leader, largest, robot))
    return running[min(found)[2]] if found else ''
