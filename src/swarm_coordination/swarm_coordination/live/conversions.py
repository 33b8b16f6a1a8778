# SPDX-License-Identifier: Apache-2.0
"""
Messages to values of the core and back, one pair for each message, whatever carries them.

``MessageMaker`` fills messages of the classes it is given, rclpy's or Cyclone DDS's: both have the
fields of one definition. Conventions: REP-103 (SI units, radians, x forward, ENU), REP-105
(``map``, ``base_link``). What cannot be used raises MessageRefused; who reads counts it and goes
on.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import Any

from swarm_coordination.bounds import COORDINATE_MAX_MM, SPEED_MAX_MM_S
from swarm_coordination.consensus.messages import Role
from swarm_coordination.errors import SwarmError
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.units import from_mm, to_mm
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
    VelocityCommand,
)

MAP = 'map'
# A quaternion this far from unit length is no rotation but a default or a mistake.
NORM_TOLERANCE = 0.01
# Bounds of the message types. A list that is longer cannot be serialised: nothing would be sent.
NEIGHBORS_MAX = 64
LINKS_MAX = 24
NAMES_MAX = 64
# As far and as fast as a frame can say; a metre less, so that the point ahead of an axle fits.
POSITION_MAX_M = from_mm(COORDINATE_MAX_MM) - 1.0
SPEED_MAX_MPS = from_mm(SPEED_MAX_MM_S)
# 16 turns a second: more than any base here can do, and far from where a product overflows.
YAW_RATE_MAX_RAD_S = 100.0


class MessageRefused(SwarmError):
    """A message that cannot be used, with a reason to count it by and words for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(f'{reason}: {detail}')


def position_from(at: Any) -> tuple[float, float, float]:
    """Return x, y and z (m) of a Point or Vector3 that is a place; raises MessageRefused."""
    values = (at.x, at.y, at.z)
    require(values, POSITION_MAX_M, 'position', values)
    return values


def velocity_from(linear: Any) -> tuple[float, float, float]:
    """Return x, y and z (m/s) of a Vector3 that is a velocity; raises MessageRefused."""
    values = (linear.x, linear.y, linear.z)
    # However it is turned about z, it has to fit.
    require((math.hypot(linear.x, linear.y), linear.z), SPEED_MAX_MPS, 'velocity', values)
    return values


def require(numbers: Iterable[float], most: float, what: str, told: object) -> None:
    """Raise MessageRefused where one is not finite, or greater than ``most`` either way."""
    for number in numbers:
        if not math.isfinite(number):
            raise MessageRefused('not_finite', f'{what} {told}')
        if abs(number) > most:
            raise MessageRefused('out_of_bounds', f'{what} {told}: at most {most:g}')


def quaternion_to_yaw(quaternion: Any) -> float:
    """Return the yaw (rad, -pi to pi) of a unit quaternion; raises MessageRefused."""
    x, y, z, w = quaternion.x, quaternion.y, quaternion.z, quaternion.w
    norm = x * x + y * y + z * z + w * w
    if not abs(norm - 1.0) <= 2.0 * NORM_TOLERANCE:  # NaN fails too
        raise MessageRefused('bad_orientation', f'a unit quaternion is needed, not {x, y, z, w}')
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def to_base(vx: float, vy: float, yaw: float) -> tuple[float, float]:
    """Rotate a vector of ``map`` into the base_link of a robot at ``yaw``."""
    cosine, sine = math.cos(yaw), math.sin(yaw)
    return cosine * vx + sine * vy, -sine * vx + cosine * vy


def to_map(vx: float, vy: float, yaw: float) -> tuple[float, float]:
    """Rotate a vector of the base_link of a robot at ``yaw`` into ``map``."""
    cosine, sine = math.cos(yaw), math.sin(yaw)
    return cosine * vx - sine * vy, sine * vx + cosine * vy


def pose_from(message: Any) -> Pose:
    """Return the pose of a PoseStamped in ``map``; raises MessageRefused on any other frame."""
    frame = message.header.frame_id
    if frame != MAP:
        raise MessageRefused('wrong_frame', f"pose in frame '{frame}': only '{MAP}' is accepted")
    at = position_from(message.pose.position)
    return Pose(*at, quaternion_to_yaw(message.pose.orientation))


def base_velocity_from(message: Any, base_frame: str) -> tuple[float, float, float]:
    """
    Return the linear velocity (m/s, in base_link) of an Odometry; raises MessageRefused.

    ``base_frame`` is the robot's own frame; the plain name ``base_link`` is accepted too.
    """
    frame = message.child_frame_id
    if frame not in (base_frame, 'base_link'):
        raise MessageRefused(
            'wrong_frame', f"odometry of frame '{frame}': only '{base_frame}' is accepted"
        )
    return velocity_from(message.twist.twist.linear)


def command_from(twist: Any, yaw: float) -> VelocityCommand:
    """Return a Twist of base_link as a command in ``map``; raises MessageRefused."""
    x, y, z = velocity_from(twist.linear)
    yaw_rate = twist.angular.z
    require((yaw_rate,), YAW_RATE_MAX_RAD_S, 'yaw rate', yaw_rate)
    return VelocityCommand(*to_map(x, y, yaw), z, yaw_rate)


def table_from(message: Any) -> NeighborTable:
    """Return the table of a NeighborTable message; raises MessageRefused."""
    rows = []
    for row in message.neighbors:
        try:
            liveness = Liveness(row.liveness)
        except ValueError:
            raise MessageRefused('bad_value', f'liveness {row.liveness}') from None
        rows.append(
            NeighborState(
                robot=row.storage_id,
                name=row.name,
                position=position_from(row.position),
                velocity=velocity_from(row.velocity),
                yaw=_number_from(row.yaw, 'yaw'),
                epoch=row.epoch,
                age_s=row.age_bound_s,
                liveness=liveness,
                heard=row.heard,
                links=tuple(int(link) for link in row.links),
                progress_m=_number_from(row.progress_m, 'way'),
                mission_epoch=row.mission_epoch,
                same_configuration=row.same_configuration,
                slot=_point_from(row.slot),
                goal=_point_from(row.goal),
            )
        )
    return NeighborTable(message.monotonic_ns, message.storage_id, message.epoch, tuple(rows))


def target_from(message: Any) -> FormationTarget:
    """Return the target of a FormationTarget message; raises MessageRefused."""
    if message.header.frame_id != MAP:
        raise MessageRefused(
            'wrong_frame', f"target in frame '{message.header.frame_id}': only '{MAP}' is accepted"
        )
    return FormationTarget(
        stamp_ns=message.monotonic_ns,
        mode=_mode_from(message.mode),
        epoch=message.epoch,
        slot=message.slot,
        slots=message.slot_count,
        position=position_from(message.position),
        velocity=velocity_from(message.velocity),
        yaw=_number_from(message.yaw, 'yaw'),
        goal=_point_from(message.goal),
        resilience=message.resilience,
    )


def _mode_from(number: int) -> Mode:
    try:
        return Mode(number)
    except ValueError:
        raise MessageRefused('bad_value', f'mode {number}') from None


def _role_from(number: int) -> int:
    try:
        return Role(number).value
    except ValueError:
        raise MessageRefused('bad_value', f'role {number}') from None


def status_from(message: Any) -> RobotStatus:
    """Return the status of a RobotStatus message; raises MessageRefused."""
    return RobotStatus(
        time_ns=message.monotonic_ns,
        name=message.name,
        storage_id=message.storage_id,
        incarnation=message.incarnation,
        role=_role_from(message.role),
        term=message.term,
        leader=message.leader_id,
        leader_name=message.leader_name,
        quorum=message.quorum,
        commit=message.commit_index,
        applied=message.applied_index,
        last_index=message.last_index,
        state_hash=message.state_hash,
        mode=_mode_from(message.mode),
        mission=message.mission,
        epoch=message.epoch,
        slot=message.slot,
        slots=message.slot_count,
        progress_m=from_mm(message.progress_mm),
        alive=tuple(message.alive),
        pending_intents=message.pending_intents,
        frames_sent=message.frames_sent,
        frames_received=message.frames_received,
        frames_rejected=message.frames_rejected,
        bytes_sent=message.bytes_sent,
        may_vote=message.may_vote,
        voters=tuple(message.voters),
        learners=tuple(message.learners),
        configuration=message.configuration_index,
        first_index=message.first_index,
        snapshot_index=message.snapshot_index,
    )


def truth_from(message: Any) -> dict[str, TrueState]:
    """Return where a WorldState message has every robot, by name; raises MessageRefused."""
    return {
        name: TrueState(*position_from(at), _number_from(yaw, 'yaw'), *velocity_from(velocity))
        for name, at, velocity, yaw in zip(
            message.names, message.positions, message.velocities, message.yaws
        )
    }


def entry_from(message: Any) -> CommittedEntry:
    """Return the entry of a LogEntry message."""
    return CommittedEntry(
        index=message.index,
        term=message.term,
        session=message.session,
        serial=message.serial,
        stamp_ms=message.log_time_ms,
        command=message.command,
        applied=message.applied,
        result=message.result,
    )


def event_from(message: Any) -> RobotEvent:
    """Return the event of a MissionEvent message."""
    return RobotEvent(message.monotonic_ns, message.kind, message.text, message.value)


def _point_from(points: Any) -> tuple[float, float, float] | None:
    """Return the point of a list of at most one; raises MessageRefused."""
    return position_from(points[0]) if points else None


def _number_from(number: float, what: str) -> float:
    # The bound of a length holds a yaw, too: any number of turns that is none of a mistake.
    require((number,), POSITION_MAX_M, what, number)
    return number


def _xyz(values: tuple[float, float, float]) -> dict[str, float]:
    return {'x': values[0], 'y': values[1], 'z': values[2]}


class MessageMaker:
    """Fills messages of the classes in ``types``: ``Point``, ..., ``swarm.RobotStatus``."""

    def __init__(self, types: Any) -> None:
        self._types = types

    def yaw_to_quaternion(self, yaw: float) -> Any:
        """Return the rotation by ``yaw`` (rad) about z."""
        return self._types.Quaternion(x=0.0, y=0.0, z=math.sin(yaw / 2.0), w=math.cos(yaw / 2.0))

    def pose_to(self, pose: Pose, stamp: Any) -> Any:
        """Return ``pose`` as a PoseStamped in ``map``."""
        message = self._types.PoseStamped()
        message.header.frame_id = MAP
        message.header.stamp = stamp
        message.pose.position = self._types.Point(x=pose.x, y=pose.y, z=pose.z)
        message.pose.orientation = self.yaw_to_quaternion(pose.yaw)
        return message

    def odometry_to(
        self, pose: Pose, velocity: tuple[float, float, float], robot: str, stamp: Any
    ) -> Any:
        """Return an Odometry; ``velocity`` is in ``map``, the message's twist in base_link."""
        message = self._types.Odometry()
        message.header.stamp = stamp
        message.header.frame_id = f'{robot}/odom'
        message.child_frame_id = f'{robot}/base_link'
        message.pose.pose = self.pose_to(pose, stamp).pose
        x, y = to_base(velocity[0], velocity[1], pose.yaw)
        message.twist.twist.linear = self._types.Vector3(x=x, y=y, z=velocity[2])
        return message

    def transforms_to(self, links: Iterable[tuple[str, str, Pose]], stamp: Any) -> Any:
        """Return a TFMessage; each link is (parent, child, where the child stands in it)."""
        return self._types.TFMessage(transforms=[
            self._link(parent, child, pose, self.yaw_to_quaternion(pose.yaw), stamp)
            for parent, child, pose in links
        ])

    def odometry_as_transform(
        self, odometry: Any, parent: str, child: str, stamp: Any
    ) -> Any:
        """Return a TFMessage of the link that an Odometry with a usable pose tells, tilt too."""
        pose = odometry.pose.pose
        turned = (pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w)
        # A listener of tf is stricter than we are about the length.
        x, y, z, w = (value / math.hypot(*turned) for value in turned)
        rotation = self._types.Quaternion(x=x, y=y, z=z, w=w)
        return self._types.TFMessage(
            transforms=[self._link(parent, child, pose.position, rotation, stamp)]
        )

    def _link(self, parent: str, child: str, at: Any, rotation: Any, stamp: Any) -> Any:
        made = self._types.TransformStamped(
            child_frame_id=child,
            transform=self._types.Transform(
                translation=self._types.Vector3(x=at.x, y=at.y, z=at.z), rotation=rotation
            ),
        )
        made.header.frame_id, made.header.stamp = parent, stamp
        return made

    def twist_to(self, command: VelocityCommand, yaw: float) -> Any:
        """Return ``command`` (in ``map``) for the base of a robot at ``yaw``."""
        x, y = to_base(command.vx, command.vy, yaw)
        return self._types.Twist(
            linear=self._types.Vector3(x=x, y=y, z=command.vz),
            angular=self._types.Vector3(z=float(command.yaw_rate)),
        )

    def stamped(self, twist: Any, base_frame: str, stamp: Any) -> Any:
        """Return ``twist`` with time and frame."""
        message = self._types.TwistStamped(twist=twist)
        message.header.stamp = stamp
        message.header.frame_id = base_frame
        return message

    def table_to(self, table: NeighborTable, stamp: Any) -> Any:
        """
        Return a NeighborTable message.

        Where there are more rows than it holds, silent ones go first, then those of greatest age;
        of a robot's links those of lowest id stay (fewer links certify less, never too much).
        """
        rows = sorted(
            table.neighbors,
            key=lambda row: (row.liveness is Liveness.SILENT, row.age_s, row.robot),
        )[:NEIGHBORS_MAX]
        neighbors = [
            self._types.swarm.NeighborState(
                storage_id=row.robot,
                name=row.name,
                position=self._types.Point(**_xyz(row.position)),
                velocity=self._types.Vector3(**_xyz(row.velocity)),
                yaw=row.yaw,
                epoch=row.epoch,
                age_bound_s=row.age_s,
                liveness=int(row.liveness),
                heard=row.heard,
                links=sorted(row.links)[:LINKS_MAX],
                progress_m=row.progress_m,
                mission_epoch=row.mission_epoch,
                same_configuration=row.same_configuration,
                slot=self._points(row.slot),
                goal=self._points(row.goal),
            )
            for row in sorted(rows, key=lambda row: row.robot)
        ]
        return self._types.swarm.NeighborTable(
            stamp=stamp,
            monotonic_ns=table.stamp_ns,
            storage_id=table.robot,
            epoch=table.epoch,
            neighbors=neighbors,
        )

    def target_to(self, target: FormationTarget, stamp: Any) -> Any:
        """Return a FormationTarget message."""
        message = self._types.swarm.FormationTarget(
            monotonic_ns=target.stamp_ns,
            mode=int(target.mode),
            epoch=target.epoch,
            slot=target.slot,
            slot_count=target.slots,
            position=self._types.Point(**_xyz(target.position)),
            velocity=self._types.Vector3(**_xyz(target.velocity)),
            yaw=target.yaw,
            goal=self._points(target.goal),
            resilience=target.resilience,
        )
        message.header.frame_id = MAP
        message.header.stamp = stamp
        return message

    def _points(self, point: tuple[float, float, float] | None) -> list[Any]:
        """Return a list of at most one."""
        return [] if point is None else [self._types.Point(**_xyz(point))]

    def status_to(
        self,
        status: RobotStatus,
        stamp: Any,
        *,
        heard: list[str],
        formation_error_m: float,
        process_nonce: int,
    ) -> Any:
        """Return a RobotStatus message; the keywords are what the node adds."""
        return self._types.swarm.RobotStatus(
            stamp=stamp,
            monotonic_ns=status.time_ns,
            name=status.name,
            storage_id=status.storage_id,
            incarnation=status.incarnation,
            process_nonce=process_nonce,
            role=status.role,
            term=status.term,
            leader_id=status.leader,
            leader_name=status.leader_name,
            quorum=status.quorum,
            may_vote=status.may_vote,
            commit_index=status.commit,
            applied_index=status.applied,
            last_index=status.last_index,
            first_index=status.first_index,
            snapshot_index=status.snapshot_index,
            voters=list(status.voters[:NAMES_MAX]),
            learners=list(status.learners[:NAMES_MAX]),
            configuration_index=status.configuration,
            state_hash=status.state_hash,
            mode=int(status.mode),
            mission=status.mission,
            epoch=status.epoch,
            slot=status.slot,
            slot_count=status.slots,
            progress_mm=to_mm(status.progress_m),
            alive=list(status.alive[:NAMES_MAX]),
            heard=heard[:NAMES_MAX],
            formation_error_m=formation_error_m,
            pending_intents=status.pending_intents,
            frames_sent=status.frames_sent,
            frames_received=status.frames_received,
            frames_rejected=status.frames_rejected,
            bytes_sent=status.bytes_sent,
        )

    def entry_to(self, entry: CommittedEntry) -> Any:
        """Return a LogEntry message."""
        return self._types.swarm.LogEntry(
            index=entry.index,
            term=entry.term,
            session=entry.session,
            serial=entry.serial,
            log_time_ms=entry.stamp_ms,
            command=entry.command,
            applied=entry.applied,
            result=entry.result,
        )

    def event_to(self, event: RobotEvent, robot: str, stamp: Any) -> Any:
        """Return a MissionEvent message."""
        return self._types.swarm.MissionEvent(
            stamp=stamp,
            monotonic_ns=event.time_ns,
            robot=robot,
            kind=event.kind,
            text=event.text,
            value=event.value,
        )
