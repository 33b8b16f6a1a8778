# SPDX-License-Identifier: Apache-2.0
"""What one robot offers its neighbours: its own slot for one of theirs (``swaps``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from swarm_coordination.mission.aim import in_m
from swarm_coordination.mission.paths import Vector
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.swaps import best_partner, consenting
from swarm_coordination.units import to_mm
from swarm_coordination.views import Liveness, NeighborState


class Offer(NamedTuple):
    """For which slot a robot would give its own under the assignment of ``epoch``; -1: none."""

    epoch: int = 0
    slot: int = -1


def offered(
    robot: int,
    position: Vector,
    state: MissionState,
    neighbors: Iterable[NeighborState],
    progress_m: float,
) -> int:
    """
    Return for which slot ``robot`` would give its own, by its own table; -1: for none.

    Only of a robot that hears it and is heard by it: who is too far for that has the way of the
    formation between.
    """
    mission, places, own = state.mission, state.places(), state.slot_of(robot)
    if mission is None or places is None or own < 0 or not mission.command.rearrange:
        return -1
    near = {
        n.robot: n.position
        for n in neighbors
        if n.heard and robot in n.links and n.liveness is Liveness.ALIVE and n.same_configuration
        # Who flies another assignment cannot agree, and would be waited for in vain.
        and n.mission_epoch == state.epoch
    }
    slots = [r for r in state.slots if r in near]
    if not slots:
        return -1
    # As the others have it: of equals all choose the same.
    near[robot] = in_m((to_mm(position[0]), to_mm(position[1]), to_mm(position[2])))
    robots = sorted((robot, *slots))  # of equals every robot takes the same
    held = {r: slot for slot, r in enumerate(state.slots)}
    there = places.slots(progress_m)
    partner = best_partner(
        robots.index(robot), [near[r] for r in robots], [in_m(there[held[r]]) for r in robots]
    )
    return -1 if partner < 0 else held[robots[partner]]


def exchanged(state: MissionState, offers: dict[int, Offer]) -> tuple[int, ...] | None:
    """
    Return the slots with every exchange made to which both ends agree; None: there is none.

    ``offers`` by storage id. One made under another assignment than the one in force is void:
    what it says of slots holds no more.
    """
    none = Offer()
    made = [offers.get(robot, none) if robot else none for robot in state.slots]
    pairs = consenting([offer.slot if offer.epoch == state.epoch else -1 for offer in made])
    slots = list(state.slots)
    for one, other in pairs:
        slots[one], slots[other] = slots[other], slots[one]
    return tuple(slots) if pairs else None
