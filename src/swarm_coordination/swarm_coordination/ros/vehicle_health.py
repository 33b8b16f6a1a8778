# SPDX-License-Identifier: Apache-2.0
"""What the adapters report: how the flight stands, and what it lacks (pure functions)."""

from __future__ import annotations

from collections.abc import Mapping

from swarm_coordination.ros.health import Level, Report
from swarm_coordination.units import NS_PER_S, ns_to_seconds
from swarm_coordination.vehicles.crazyflie import Flight, fresh, Phase
from swarm_coordination.vehicles.offboard import (
    LAND_TRIES,
    NAVIGATION_OFFBOARD,
    Offboard,
    STAND_AFTER_NS,
    STATUS_MAX_NS,
)
from swarm_coordination.vehicles.safety import SafetyOptions

# Ten of PX4's messages, which are among the rarest.
BATTERY_MAX_NS = 10 * NS_PER_S
Seen = tuple[object, int] | None


def crazyflie_health(
    flight: Flight, now: int, command: Seen, pose: Seen, ready: bool, refused: int
) -> Report:
    """
    Return the health of a robot of Crazyswarm2.

    ``command``, ``pose``: the newest and when it came (ns); ``ready``: both services of a landing
    are there; ``refused`` counts unusable messages.
    """
    values = {
        'phase': flight.phase.name.lower(),
        'request_tries': flight.tries,
        'services_ready': ready,
        **_ages(now, command_age_s=command, pose_age_s=pose),
        'messages_refused': refused,
    }
    level, text = Level.OK, flight.phase.value
    if flight.phase is Phase.FAILED:
        level = Level.ERROR
    elif not ready:
        level, text = Level.ERROR, f'{text}; no service to land by: is crazyflie_server running?'
    elif flight.phase in (Phase.HOLDING, Phase.DESCENDING) or flight.tries > 1:
        level = Level.WARN
    elif not fresh(pose, now):
        level, text = Level.STALE, f'{text}; no fresh pose'
    return Report('crazyflie', level, text, values)


def px4_health(
    core: Offboard, now: int, command: Seen, pose: Seen, status: tuple[int, bool, int] | None,
    refused: int,
) -> Report:
    """
    Return the health of a PX4 quadrotor; ``status``: navigation state, armed, when it came (ns).

    Else as ``crazyflie_health``.
    """
    navigation, armed, came_ns = status or (0, False, now)
    offboard = navigation == NAVIGATION_OFFBOARD
    values = {
        'offboard': offboard,
        'armed': armed,
        'given_up': core.given_up,
        'land_tries': core.tries,
        **_ages(now, command_age_s=command, pose_age_s=pose),
        'messages_refused': refused,
    }
    level, text = Level.OK, 'flying' if offboard and armed else 'not flown by us'
    if status is None or now - came_ns > STATUS_MAX_NS:
        level, text = Level.STALE, 'no vehicle_status: is the bridge running?'
    elif core.tries > LAND_TRIES:
        level, text = Level.ERROR, 'does not land: the heartbeat has ended'
    elif core.tries:
        level, text = Level.OK if core.tries == 1 else Level.WARN, 'asks PX4 to land'
    elif core.given_up:
        level, text = Level.WARN, core.given_up
    elif pose is None or now - pose[1] > STAND_AFTER_NS:
        level, text = Level.STALE, f'{text}; no valid vehicle_local_position'
    return Report('px4', level, text, values)


def battery_health(now: int, charge: tuple[float, int] | None, limits: SafetyOptions) -> Report:
    """Return whether the limits of the battery can be obeyed; ``charge``: 0 to 1, when it came."""
    values = {
        'charge': 'none' if charge is None else round(charge[0], 3),
        **_ages(now, age_s=charge),
        'battery_leave': limits.battery_leave,
        'battery_land': limits.battery_land,
    }
    if not limits.battery_leave:  # battery_land is at most that
        return Report('battery', Level.OK, 'not watched', values)
    if charge is None:
        told = 'no battery_state: battery_leave and battery_land do nothing'
        return Report('battery', Level.WARN, told, values)
    if now - charge[1] > BATTERY_MAX_NS:
        return Report('battery', Level.STALE, 'battery_state is too old', values)
    level, text = Level.OK, f'{100.0 * charge[0]:.0f} %'
    for bound, worse in (('battery_leave', Level.WARN), ('battery_land', Level.ERROR)):
        if charge[0] < getattr(limits, bound):
            level, text = worse, f'{100.0 * charge[0]:.0f} %, below {bound}'
    return Report('battery', level, text, values)


def _ages(now: int, **seen: Seen) -> Mapping[str, object]:
    return {
        name: 'none' if one is None else round(ns_to_seconds(now - one[1]), 3)
        for name, one in seen.items()
    }
