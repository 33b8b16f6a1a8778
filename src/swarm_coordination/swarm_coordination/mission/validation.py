# SPDX-License-Identifier: Apache-2.0
"""Whether a mission may be flown at all: checked before its first byte is sent."""

from __future__ import annotations

import itertools
import math

from swarm_coordination.area.standing import objection
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import StartMission
from swarm_coordination.mission.formations import (
    blended,
    check_apart,
    check_offsets,
    check_slots,
    Formation,
    FormationLimits,
    PointMm,
    slot_offsets,
)
from swarm_coordination.mission.places import Places
from swarm_coordination.passing import nearest_pass, Way
from swarm_coordination.units import from_mm

# Between two formations, whether slots are joined is looked at every so many parts of the way. How
# near they come on it is computed.
WAY_STEPS = 20


def check_mission(command: StartMission, limits: FormationLimits, robots: int) -> None:
    """
    Check a mission for a swarm of ``robots``, and of every smaller number: robots get lost.

    Slots far enough apart and joined within the kept range, also on the way from one formation
    to the next, all of them within the area at every way-point, speed within its limit. Where
    the swarm is set to survive the loss of any robot, no slot may join parts of the formation,
    unless the mission lowers that. Raises CommandError with the reason.
    """
    speed = command.speed_mm_s / 1000.0
    if speed > limits.mission_speed_max_mps:
        raise CommandError(
            f'speed_mm_s: {command.speed_mm_s} is not valid: at most '
            f'{limits.mission_speed_max_mps * 1000.0:g} mm/s, so that robots can catch up'
        )
    if command.resilience == 1:
        limits = limits._replace(resilience=1)
    legs = [command.formation, *(change.formation for change in command.changes)]
    apart = limits.safety_distance_m + 2.0 * limits.stopping_distance_m + limits.margin_m
    for formation in legs:
        if formation.shape == 'groups' and formation.gap_mm < apart * 1000.0:
            raise CommandError(
                f'formation.gap_mm: {formation.gap_mm} is not valid: at least '
                f'{apart * 1000.0:g} mm: safety distance, both stopping distances and margin'
            )
    for count in range(1, robots + 1):
        for formation in legs:
            check_slots(formation, count, limits)
        for before, after in itertools.pairwise(legs):
            _check_way(before, after, count, limits)
        if not limits.area.empty:
            _check_ground(command, count, limits)


def _check_ground(command: StartMission, count: int, limits: FormationLimits) -> None:
    """Check that no slot lies outside the area where the formation is at a way-point."""
    places = Places(command, count)
    for waypoint in range(len(command.path)):
        for slot, point in enumerate(places.slots(places.path.arc_m(waypoint))):
            x, y, z = map(from_mm, point)
            bound = objection(limits.area, x, y, z, limits.obstacle_clear_m)
            if bound:
                raise CommandError(
                    f'path[{waypoint}]: slot {slot} of {count} would be at ({x:g}, {y:g}, {z:g}) '
                    f'm: {bound}'
                )
    meet = command.rendezvous
    if meet is not None:
        bound = objection(
            limits.area, from_mm(meet[0]), from_mm(meet[1]), from_mm(meet[2]),
            limits.obstacle_clear_m,
        )
        if bound:
            raise CommandError(f'rendezvous: {meet} mm is not valid: {bound}')


def _check_way(before: Formation, after: Formation, count: int, limits: FormationLimits) -> None:
    """
    Check the formations that one goes through on its way to another.

    Slots go over on straight lines, all evenly; that the whole is turned meanwhile moves none
    nearer to another.
    """
    first, last = slot_offsets(before, count), slot_offsets(after, count)
    shape = f'{before.shape} on its way to {after.shape}'
    for a, b in itertools.combinations(range(count), 2):
        begin = _from_to(first[a], first[b], limits)
        nearest = nearest_pass(begin, _from_to(last[a], last[b], limits))
        check_apart(math.hypot(*nearest), a, b, count, shape, limits)
    for step in range(1, WAY_STEPS):
        check_offsets(blended(first, last, step / WAY_STEPS), shape, limits)


def _from_to(slot: PointMm, other: PointMm, limits: FormationLimits) -> Way:
    (x, y, z), (p, q, r) = limits.flattened(slot), limits.flattened(other)
    return (p - x, q - y, r - z)
