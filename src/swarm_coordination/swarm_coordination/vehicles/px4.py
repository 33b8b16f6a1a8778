# SPDX-License-Identifier: Apache-2.0
"""
What PX4 says and is told over its DDS bridge, in the stack's own frames and units.

PX4 speaks NED (x north, y east, z down) and FRD; the stack ENU and FLU (REP-103). Every vehicle
counts from its own reference origin (where it was when its estimator started): positions are
shifted to the swarm's shared one. The local tangent plane is that of PX4's own map projection
(azimuthal equidistant on a sphere of 6371 km), exact to millimetres over some kilometres.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.views import Pose, VelocityCommand

EARTH_RADIUS_M = 6_371_000.0
# Beyond, the plane is no longer one: the origins are wrong.
ORIGIN_APART_MAX_M = 20_000.0


class Origin(NamedTuple):
    """A reference point; degrees, metres above mean sea level."""

    latitude: float
    longitude: float
    altitude: float


class Setpoint(NamedTuple):
    """A TrajectorySetpoint: velocity in NED (m/s), yaw rate clockwise from above (rad/s)."""

    velocity: tuple[float, float, float]
    yawspeed: float


def topic(name: str, version: int) -> str:
    """
    Return PX4's topic of that name: ``vehicle_local_position`` -> ``/fmu/out/..._v1``.

    Since 1.16 a message whose definition has changed carries its version; 0 has no suffix.
    """
    direction = 'in' if name in _INPUTS else 'out'
    suffix = f'_v{version}' if version else ''
    return f'fmu/{direction}/{name}{suffix}'


_INPUTS = frozenset(('offboard_control_mode', 'trajectory_setpoint', 'vehicle_command'))


def shift(own: Origin, shared: Origin) -> tuple[float, float, float]:
    """
    Return where the vehicle's own origin lies in the shared frame: east, north, up (m).

    Raises MessageRefused where they are too far apart to be of one field.
    """
    lat, lat0 = math.radians(own.latitude), math.radians(shared.latitude)
    d_lon = math.radians(own.longitude - shared.longitude)
    cosine = math.sin(lat0) * math.sin(lat) + math.cos(lat0) * math.cos(lat) * math.cos(d_lon)
    angle = math.acos(min(1.0, max(-1.0, cosine)))
    scale = angle / math.sin(angle) if angle > 1e-9 else 1.0
    north = scale * (
        math.cos(lat0) * math.sin(lat) - math.sin(lat0) * math.cos(lat) * math.cos(d_lon)
    ) * EARTH_RADIUS_M
    east = scale * math.cos(lat) * math.sin(d_lon) * EARTH_RADIUS_M
    if not math.hypot(east, north) <= ORIGIN_APART_MAX_M:  # NaN too
        raise MessageRefused(
            'other_origin',
            f'{own} is not within {ORIGIN_APART_MAX_M / 1000:g} km of the shared {shared}',
        )
    return east, north, own.altitude - shared.altitude


def pose_from_ned(
    position: tuple[float, float, float], heading: float, own: tuple[float, float, float]
) -> Pose:
    """Return the pose in map of a NED position and heading; ``own`` is ``shift``'s answer."""
    north, east, down = position
    yaw = math.remainder(math.pi / 2.0 - heading, math.tau)
    return Pose(own[0] + east, own[1] + north, own[2] - down, yaw)


def velocity_from_ned(velocity: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a NED velocity in ENU."""
    north, east, down = velocity
    return east, north, -down


def local_position(message: Any, shared: Origin) -> tuple[Pose, tuple[float, float, float]]:
    """
    Return pose and velocity (m/s) in map of a VehicleLocalPosition; ``shared``: map's origin.

    Raises MessageRefused where PX4 itself does not vouch for them, or they are no numbers: a
    heading that is none would turn every command into none.
    """
    lacking = [name for name in _VOUCHED if not getattr(message, name)]
    if lacking:
        raise MessageRefused('not_valid', f'{" and ".join(lacking)} of PX4: false')
    own = Origin(message.ref_lat, message.ref_lon, message.ref_alt)
    at = (message.x, message.y, message.z)
    velocity = (message.vx, message.vy, message.vz)
    if not all(map(math.isfinite, (*own, *at, *velocity, message.heading))):
        raise MessageRefused(
            'not_finite', f'position {at}, heading {message.heading}, velocity {velocity}, {own}'
        )
    pose = pose_from_ned(at, message.heading, shift(own, shared))
    return pose, velocity_from_ned(velocity)


_VOUCHED = ('xy_valid', 'z_valid', 'xy_global', 'heading_good_for_control')


class Battery(NamedTuple):
    """A battery as sensor_msgs has it; NaN: not known. Current (A) is negative in discharge."""

    charge: float
    voltage: float
    current: float


def battery(message: Any) -> Battery:
    """Return a BatteryStatus, whose unknown values are -1, 0 V or those of no battery."""
    charge, current = message.remaining, message.current_a
    known = message.connected and 0.0 <= charge <= 1.0  # NaN: not known either
    return Battery(
        charge if known else math.nan,
        message.voltage_v if message.voltage_v > 0.0 else math.nan,
        -current if current >= 0.0 else math.nan,
    )


def setpoint(command: VelocityCommand) -> Setpoint:
    """Return a command (ENU, yaw rate counter-clockwise) as PX4 takes it."""
    return Setpoint((command.vy, command.vx, -command.vz), -command.yaw_rate)
