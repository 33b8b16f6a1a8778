# SPDX-License-Identifier: Apache-2.0
"""
The links of ``map -> <robot>/odom -> <robot>/base_link`` that a robot itself says on tf.

A frame has one parent (REP-105), and a link one who says it: what a localisation or a driver
publishes already is not said again. ``publish_tf`` names what is left to us:

=================  ===============================  ===============================
``publish_tf``     map -> odom                      odom -> base_link
=================  ===============================  ===============================
``none``           somebody else's                  somebody else's
``pose``           identity, static                 the pose
``map_to_odom``    what joins pose and odometry     the driver's, as odometry has it
``odom_to_base``   somebody else's                  odometry
=================  ===============================  ===============================

With a pose from the start of the swarm file it is always the robot that says where its odometry
began. ``pose`` is for robots whose pose comes whole; with another source it adds nothing.
"""

from __future__ import annotations

from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live import transforms
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import MAP, MessageMaker, MessageRefused
from swarm_coordination.live.frames import base_frame, odom_frame, odometry_pose, origin_of
from swarm_coordination.live.quiet import Quiet
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.views import Pose

# What a robot may be told to say; the first is the default.
PUBLISHED = ('none', 'pose', 'map_to_odom', 'odom_to_base')
# Between two transforms, as often as our worlds: a motion capture says a pose ten times as often,
# and every listener of /tf hears every robot's.
TF_PERIOD_NS = 50 * NS_PER_MS
# Odometry that is older says nothing of where its frame stands: at 1 m/s it would be 0.25 m off.
TOGETHER_NS = 250 * NS_PER_MS
_ORIGIN = Pose(0.0, 0.0, 0.0, 0.0)


class OwnFrames:
    """
    Publishes on a bus what ``said`` (one of PUBLISHED) leaves to ``robot``.

    ``source``: where its pose comes from (``localisation``). Raises ConfigurationError where the
    two contradict each other, or there are no messages for transforms.
    """

    def __init__(self, bus: Bus, robot: RobotConfiguration, source: str, said: str) -> None:
        if said == 'map_to_odom' and source != 'pose':
            raise ConfigurationError(
                'parameter', 'publish_tf', said,
                f'none or odom_to_base with pose_source {source}, by which map -> odom is known',
            )
        self._bus, self._make, self._name = bus, MessageMaker(bus.types), robot.name
        self._said = said if source == 'pose' or said == 'odom_to_base' else 'none'
        self._counted: tuple[Pose, int] | None = None  # by odometry, and when
        self._next_ns = 0
        self._refusals = Quiet()
        if source == 'start' and transforms.available(bus):
            self._fix(robot.start)
        if self._said == 'none':
            return
        transforms.require(bus)
        self._publish = bus.publisher(bus.types.TFMessage, transforms.TF, profiles.TF)
        if self._said == 'pose':
            self._fix(_ORIGIN)
        else:
            bus.subscribe(bus.types.Odometry, 'odom', profiles.STATE, self._take_odometry)

    def observe(self, base: Pose) -> None:
        """Take a pose of base_link in map."""
        if self._said == 'pose':
            self._say(odom_frame(self._name), base_frame(self._name), base)
        elif self._said == 'map_to_odom' and self._counted is not None:
            counted, when_ns = self._counted
            if self._bus.clock.now() - when_ns <= TOGETHER_NS:
                self._say(MAP, odom_frame(self._name), origin_of(base, counted))

    def _take_odometry(self, message: Any) -> None:
        try:
            counted = odometry_pose(message, self._name)
        except MessageRefused as error:
            if self._refusals.over(self._bus.clock.now()):
                self._bus.say(f'no transform of it: {error}', 'error')
            return
        self._counted = counted, self._bus.clock.now()
        if self._said == 'odom_to_base':
            self._say(odom_frame(self._name), base_frame(self._name), counted)

    def _say(self, parent: str, child: str, pose: Pose) -> None:
        now = self._bus.clock.now()
        if now >= self._next_ns:
            self._next_ns = now + TF_PERIOD_NS
            self._publish(self._message(parent, child, pose))

    def _fix(self, pose: Pose) -> None:
        """Say once, to late joiners too, where the odometry frame stands in map."""
        bus = self._bus
        bus.publisher(bus.types.TFMessage, transforms.TF_STATIC, profiles.TF_STATIC)(
            self._message(MAP, odom_frame(self._name), pose)
        )

    def _message(self, parent: str, child: str, pose: Pose) -> Any:
        return self._make.transforms_to([(parent, child, pose)], self._bus.clock.stamp())
