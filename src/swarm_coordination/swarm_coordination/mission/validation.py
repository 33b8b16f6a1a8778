# SPDX-License-Identifier: Apache-2.0
"""Whether a mission may be flown at all: checked before its first byte is sent."""

from __future__ import annotations

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import StartMission
from swarm_coordination.mission.formations import check_slots, FormationLimits


def check_mission(command: StartMission, limits: FormationLimits, robots: int) -> None:
    """
    Check a mission for a swarm of ``robots``, and of every smaller number: robots get lost.

    Slots far enough apart and joined within the kept range, speed within its limit. Raises
    CommandError with the reason.
    """
    speed = command.speed_mm_s / 1000.0
    if speed > limits.mission_speed_max_mps:
        raise CommandError(
            f'speed_mm_s: {command.speed_mm_s} is not valid: at most '
            f'{limits.mission_speed_max_mps * 1000.0:g} mm/s, so that robots can catch up'
        )
    formation = command.formation
    apart = limits.safety_distance_m + 2.0 * limits.stopping_distance_m + limits.margin_m
    if formation.shape == 'groups' and formation.gap_mm < apart * 1000.0:
        raise CommandError(
            f'formation.gap_mm: {formation.gap_mm} is not valid: at least {apart * 1000.0:g} mm: '
            'safety distance, both stopping distances and margin'
        )
    for count in range(1, robots + 1):
        check_slots(formation, count, limits)
