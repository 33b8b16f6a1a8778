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

A link is stamped as what it is from. A pose is planar (x, y, z and yaw), and so is what comes of
it; odometry is passed on as it is.
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
from swarm_coordination.live.stamps import stamp_of, time_of
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS, ns_to_seconds
from swarm_coordination.views import Pose

# What a robot may be told to say; the first is the default.
PUBLISHED = ('none', 'pose', 'map_to_odom', 'odom_to_base')
# Between two transforms, as often as our worlds: a motion capture says a pose ten times as often,
# and every listener of /tf hears every robot's.
TF_PERIOD_NS = 50 * NS_PER_MS
# A pose and odometry further apart say nothing of where the odometry's frame stands: at 1 m/s it
# would be 0.25 m off.
TOGETHER_NS = 250 * NS_PER_MS
# Without odometry for longer than any driver's period it is called missing.
ODOMETRY_WAIT_NS = 1500 * NS_PER_MS
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
        # By odometry, with its own time in the core's clock, and when the newest came.
        self._counted: tuple[Pose, int] | None = None
        self._taken_ns: int | None = None
        self._apart_ns = 0  # the newest pose from the newest odometry
        self._next_ns = 0
        self._refusal, self._refusal_ns = '', 0  # the newest, in words
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

    def observe(self, base: Pose, time_ns: int, stamp: Any) -> None:
        """Take a pose of base_link in map; ``time_ns`` in the core's clock, ``stamp`` as sent."""
        odom = odom_frame(self._name)
        if self._said == 'pose':
            if self._turn():
                link = odom, base_frame(self._name), base
                self._publish(self._make.transforms_to([link], stamp))
        elif self._said == 'map_to_odom' and self._counted is not None:
            counted, counted_ns = self._counted
            self._apart_ns = abs(time_ns - counted_ns)
            if self._apart_ns <= TOGETHER_NS and self._turn():
                link = MAP, odom, origin_of(base, counted)
                self._publish(self._make.transforms_to([link], stamp))

    def trouble(self, now: int) -> str | None:
        """Return why odometry gives no link at ``now``; empty: it does, None: none is needed."""
        if self._said not in ('map_to_odom', 'odom_to_base'):
            return None
        if self._refusal and now - self._refusal_ns <= ODOMETRY_WAIT_NS:
            return self._refusal
        if self._taken_ns is None or now - self._taken_ns > ODOMETRY_WAIT_NS:
            return f'no odometry on `odom`, which publish_tf {self._said} needs'
        if self._apart_ns > TOGETHER_NS:
            apart_s = ns_to_seconds(self._apart_ns)
            return f'pose and odometry are stamped {apart_s:.3f} s apart: map -> odom is not said'
        return ''

    def _take_odometry(self, message: Any) -> None:
        clock = self._bus.clock
        now = clock.now()
        try:
            if self._said == 'map_to_odom':
                self._require_joint(message)
            counted = odometry_pose(message, self._name)
            self._counted = counted, time_of(clock, message.header.stamp)
        except MessageRefused as error:
            self._refusal, self._refusal_ns = str(error), now
            if self._refusals.over(now):
                self._bus.say(f'no transform of it: {error}', 'error')
            return
        self._taken_ns = now
        if self._said == 'odom_to_base' and self._turn():
            self._publish(self._make.odometry_as_transform(
                message, odom_frame(self._name), base_frame(self._name),
                stamp_of(clock, message.header.stamp),
            ))

    def _require_joint(self, message: Any) -> None:
        """Raise MessageRefused where the driver's link, named as its odometry, is not ours."""
        parent, child = odom_frame(self._name), base_frame(self._name)
        if (message.header.frame_id, message.child_frame_id) != (parent, child):
            raise MessageRefused(
                'wrong_frame',
                f"odometry of '{message.header.frame_id}' -> '{message.child_frame_id}': with "
                f"publish_tf map_to_odom the driver's frames have to be '{parent}' -> '{child}'",
            )

    def _turn(self) -> bool:
        """Whether a transform may be said now; the next one then waits."""
        now = self._bus.clock.now()
        if now < self._next_ns:
            return False
        self._next_ns = now + TF_PERIOD_NS
        return True

    def _fix(self, pose: Pose) -> None:
        """Say once, to late joiners too, where the odometry frame stands in map."""
        bus = self._bus
        link = MAP, odom_frame(self._name), pose
        bus.publisher(bus.types.TFMessage, transforms.TF_STATIC, profiles.TF_STATIC)(
            self._make.transforms_to([link], bus.clock.stamp())
        )
