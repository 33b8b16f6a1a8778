# SPDX-License-Identifier: Apache-2.0
"""
A robot's own pose in ``map`` and velocity, the one way to read them whatever carries them.

The pose comes from the topic ``pose``, or is composed: the pose of ``odom`` in the robot's odom
frame, and where that stands in map, by tf or by the start pose (``live.frames``). A wrong frame is
refused, counted and said. The velocity comes with ``odom`` in base_link and is turned by the pose.

A message is as old as its header's stamp says (``live.stamps``), so what has waited while the
process was paused is known to be old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.control.unicycle import ahead
from swarm_coordination.live import transforms
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import (
    base_velocity_from,
    MessageRefused,
    pose_from,
    to_map,
)
from swarm_coordination.live.frames import base_frame, MapToOdom, odometry_pose
from swarm_coordination.live.quiet import Quiet
from swarm_coordination.live.stamps import stamp_of, time_of
from swarm_coordination.transport.profiles import STATE
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose

# Where a robot has its pose from: the first is the default.
POSE_SOURCES = ('pose', 'tf', 'start')
# A velocity older than this says nothing about the pose beside it: half of a base's command
# time-out.
ODOM_AGE_MAX_NS = NS_PER_S // 4
# As long as a message at 1 Hz that is refused again and again.
REFUSAL_FRESH_NS = NS_PER_S
# Takes a pose, a velocity (both in map) and the time of the pose.
OnPose = Callable[[Pose, tuple[float, float, float], int], None]


def localise(
    bus: Bus, robot: RobotConfiguration, source: str, on_pose: OnPose
) -> Localisation:
    """
    Return the localisation that ``source`` (one of POSE_SOURCES) asks for.

    A differential robot is told where the point ahead of its axle is (``control.unicycle``).

    Raises
    ------
    ConfigurationError where transforms are needed and there are no messages for them.

    """
    taken = _of_axle(on_pose) if robot.kind == 'differential' else on_pose
    if source == 'pose':
        return Localisation(bus, robot.name, taken)
    if source == 'start':
        return Localisation(bus, robot.name, taken, MapToOdom(robot.name, robot.start))
    transforms.require(bus)
    made = Localisation(bus, robot.name, taken, MapToOdom(robot.name))
    transforms.listen(bus, made.take_transforms)
    return made


def _of_axle(on_pose: OnPose) -> OnPose:
    def taken(pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        on_pose(ahead(pose), velocity, time_ns)

    return taken


class Localisation:
    """
    Subscribes on a bus; ``on_pose(pose, velocity, time)`` is called with each usable pose.

    ``time`` is that of the pose in the core's clock; it never goes back. ``pose`` is the newest,
    of the axle where a robot has one, ``stamp`` its header's, or that of its receipt.
    """

    def __init__(
        self, bus: Bus, robot: str, on_pose: OnPose, link: MapToOdom | None = None
    ) -> None:
        """``link``: compose poses from ``odom`` by it; None: take them from ``pose``."""
        self._bus, self._clock, self._on_pose = bus, bus.clock, on_pose
        self._robot, self._link = robot, link
        self._base_frame = base_frame(robot)
        self._velocity = (0.0, 0.0, 0.0)
        self._velocity_ns: int | None = None
        self.pose: Pose | None = None
        self.stamp: Any = None
        self._pose_ns: int | None = None
        self.refused: Counter[str] = Counter()
        self._refusal, self._refusal_ns = '', 0  # the newest, in words
        self._refusals = Quiet()
        if link is None:
            bus.subscribe(bus.types.PoseStamped, 'pose', STATE, self._take_pose)
        bus.subscribe(bus.types.Odometry, 'odom', STATE, self._take_odometry)

    def age_ns(self, now: int) -> int | None:
        """Age of the newest usable pose at ``now`` of the core's clock; None: none came."""
        return None if self._pose_ns is None else now - self._pose_ns

    def fresh_refusal(self, now: int) -> str:
        """Return why a message of the last second was refused; empty: none was."""
        return self._refusal if now - self._refusal_ns <= REFUSAL_FRESH_NS else ''

    def take_transforms(self, transforms: Any) -> None:
        """Take where the odom frame stands, from tf."""
        assert self._link is not None
        try:
            self._link.take(transforms)
        except MessageRefused as error:
            self._refuse(error)

    def _take_pose(self, message: Any) -> None:
        self._take(message, pose_from)

    def _take(self, message: Any, read: Callable[[Any], Pose]) -> None:
        try:
            pose = read(message)
            time_ns = time_of(self._clock, message.header.stamp)
            if self._pose_ns is not None and time_ns < self._pose_ns:
                raise MessageRefused('late', 'a newer pose came before it')
        except MessageRefused as error:
            self._refuse(error)
            return
        self.pose, self._pose_ns = pose, time_ns
        self.stamp = stamp_of(self._clock, message.header.stamp)
        velocity = (0.0, 0.0, 0.0)
        if self._velocity_ns is not None and time_ns - self._velocity_ns <= ODOM_AGE_MAX_NS:
            x, y = to_map(self._velocity[0], self._velocity[1], pose.yaw)
            velocity = (x, y, self._velocity[2])
        self._on_pose(pose, velocity, time_ns)

    def _take_odometry(self, message: Any) -> None:
        try:
            velocity = base_velocity_from(message, self._base_frame)
            time_ns = time_of(self._clock, message.header.stamp)
        except MessageRefused as error:
            self._refuse(error)
            return
        self._velocity, self._velocity_ns = velocity, time_ns
        link = self._link
        if link is not None:
            self._take(message, lambda got: link.place(odometry_pose(got, self._robot)))

    def _refuse(self, error: MessageRefused) -> None:
        self.refused[error.reason] += 1
        if error.reason != 'late':  # the order of arrival is the network's, no fault
            self._refusal, self._refusal_ns = str(error), int(self._clock.now())
        if self._refusals.over(self._clock.now()):
            self._bus.say(
                f'localisation refused: {error} ({self.refused[error.reason]} so far)', 'error'
            )
