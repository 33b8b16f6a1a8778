# SPDX-License-Identifier: Apache-2.0
"""
A quadrotor flown by PX4 through velocity set-points over its DDS bridge.

PX4 speaks NED (x north, y east, z down) and FRD; the stack ENU and FLU (REP-103). Every vehicle
counts from its own reference origin (where it was when its estimator started): positions are
shifted to the swarm's shared one. The local tangent plane is that of PX4's own map projection
(azimuthal equidistant on a sphere of 6371 km), exact to millimetres over some kilometres.

PX4 wants a heartbeat of OffboardControlMode at more than 2 Hz, already for a second before the
mode is switched; where it ends, PX4's own loss-of-set-point action follows (COM_OF_LOSS_T,
COM_OBL_RC_ACT). So a robot without commands first stands on zero velocity, then falls silent and
leaves itself to PX4.
"""

from __future__ import annotations

import enum
import math
from typing import Any, NamedTuple

from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import Pose, VelocityCommand

EARTH_RADIUS_M = 6_371_000.0
# Beyond, the plane is no longer one: the origins are wrong.
ORIGIN_APART_MAX_M = 20_000.0
HEARTBEAT_NS = 50 * NS_PER_MS
# PX4 wants the heartbeat for so long before the switch.
WARM_UP_NS = NS_PER_S
# As long as a base keeps a command (control.command_timeout_s), then zero; later silence.
STAND_AFTER_NS, SILENT_AFTER_NS = NS_PER_S // 2, 3 * NS_PER_S
# PX4 sends its status at 2 Hz at least.
STATUS_MAX_NS = 4 * STAND_AFTER_NS
# vehicle_status, VehicleCommand of px4_msgs.
NAVIGATION_OFFBOARD = 14


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


def not_ready(
    now: int, status_ns: int | None, pose_ns: int | None, refusal: str, senders: int
) -> str:
    """
    Return why a vehicle cannot be flown by set-points now; empty: it can.

    ``status_ns`` and ``pose_ns``: when the newest came; ``refusal``: why the newest position was
    refused; ``senders``: how many send positions on this vehicle's topic.
    """
    if senders > 1:
        return f'{senders} vehicles send on the same topics: give each an fmu of its own'
    if status_ns is None:
        return 'no vehicle_status has come'
    if now - status_ns > STATUS_MAX_NS:
        return 'vehicle_status is too old'
    if pose_ns is None or now - pose_ns > STAND_AFTER_NS:
        return f'no fresh vehicle_local_position{refusal and f" ({refusal})"}'
    return ''


def setpoint(command: VelocityCommand) -> Setpoint:
    """Return a command (ENU, yaw rate counter-clockwise) as PX4 takes it."""
    return Setpoint((command.vy, command.vx, -command.vz), -command.yaw_rate)


class Ask(enum.Enum):
    """What to ask PX4 for, now."""

    NOTHING = enum.auto()
    OFFBOARD = enum.auto()
    ARM = enum.auto()
    LAND = enum.auto()


class Step(NamedTuple):
    """What to send now."""

    heartbeat: bool
    setpoint: Setpoint | None
    ask: Ask


class Offboard:
    """
    Decides what PX4 is sent; call ``step`` every ``HEARTBEAT_NS``.

    It asks for offboard mode and arming only while ``fly`` holds, an operator's word, and never
    against PX4: a vehicle that left offboard mode or was disarmed by itself (a pilot's stick or
    switch, a failsafe) is not called back until ``fly`` was withdrawn and given again. One that
    was told to land is asked for nothing else.
    """

    def __init__(self) -> None:
        self._since_ns: int | None = None  # of the heartbeat
        self._was_offboard = self._was_armed = False
        self.given_up = ''  # why, in words; empty: it is not

    def step(
        self,
        now: int,
        command: tuple[VelocityCommand, int] | None,
        navigation: int,
        armed: bool,
        fly: bool,
        land: bool = False,
    ) -> Step:
        """
        Return what to send at ``now`` (ns).

        ``command``: the newest and when it came; ``navigation`` and ``armed``: PX4's own state.
        """
        offboard = navigation == NAVIGATION_OFFBOARD
        if not fly:
            self._was_offboard = self._was_armed = False
            self.given_up = ''
        # What follows from our own request to land is nobody else's word.
        if self._was_offboard and not offboard and not land:
            self.given_up = self.given_up or 'left offboard mode by itself'
        if self._was_armed and not armed and not land:
            self.given_up = self.given_up or 'was disarmed by another'
        self._was_offboard, self._was_armed = offboard, armed
        if land and offboard:
            return Step(True, setpoint(VelocityCommand(0.0, 0.0, 0.0, 0.0)), Ask.LAND)
        age = now - command[1] if command is not None else SILENT_AFTER_NS + 1
        if age > SILENT_AFTER_NS:
            self._since_ns = None
            return Step(False, None, Ask.NOTHING)
        if self._since_ns is None:
            self._since_ns = now
        assert command is not None
        still = VelocityCommand(0.0, 0.0, 0.0, 0.0)
        sent = setpoint(command[0] if age <= STAND_AFTER_NS else still)
        ask = Ask.NOTHING
        if fly and not land and not self.given_up and now - self._since_ns >= WARM_UP_NS:
            if not offboard:
                ask = Ask.OFFBOARD
            elif not armed:
                ask = Ask.ARM
        return Step(True, sent, ask)
