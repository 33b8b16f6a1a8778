# SPDX-License-Identifier: Apache-2.0
"""Missions one after the other, each turned and shaped anew, so that ways cross in the middle."""

from __future__ import annotations

import random

from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.profiles import Profile
from swarm_coordination.campaign.schedule import FIRST_MS, Schedule
from swarm_coordination.mission.commands import StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.units import NS_PER_MS

SHAPES = ('line', 'column', 'v', 'circle')
# From one mission to the next (ms): time to come to the middle, hardly to arrive.
_EVERY_MS = (2_000, 5_000)
# Wide enough for three and five robots to pass, near enough to stay in range of each other.
_SPACING_MM = (1_200, 2_500)
_REACH_MM = 3_000
_SPEED_MM_S = 600
_TURN_MRAD = 3_100  # to either side: any heading, nearly


class FlightLoad:
    """Pushes missions into an arena's queue; drawn from the seed alone."""

    def __init__(
        self, schedule: Schedule, profile: Profile, arena: Arena, clients: Clients
    ) -> None:
        if not profile.flies:
            return
        rng = random.Random(f'{schedule.profile}/{schedule.seed}/flight')
        self._arena, self._clients = arena, clients
        at, number = FIRST_MS // 2, 0
        while at < schedule.calm_ms:
            number += 1
            self._push(at, rng.randrange(schedule.robots), _mission(rng, number))
            at += rng.randint(*_EVERY_MS)

    def _push(self, at_ms: int, robot: int, mission: StartMission) -> None:
        def submit(now: int) -> None:
            self._clients.submit(robot, mission)

        self._arena.queue.push(START_NS + at_ms * NS_PER_MS, submit)


def _mission(rng: random.Random, number: int) -> StartMission:
    formation = Formation(rng.choice(SHAPES), rng.randint(*_SPACING_MM))
    there = (rng.randint(-_REACH_MM, _REACH_MM), rng.randint(-_REACH_MM, _REACH_MM), 0)
    return StartMission(
        f'flight{number}', formation, ((0, 0, 0), there), _SPEED_MM_S,
        rng.choice((1_000, 5_000)), rng.randint(-_TURN_MRAD, _TURN_MRAD),
    )
