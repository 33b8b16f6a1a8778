# SPDX-License-Identifier: Apache-2.0
"""
The embedded world in real time, for robots that have no bodies.

It integrates one plant for each robot of the swarm file from that robot's ``cmd_vel``, publishes
localisation in each robot's namespace, the state of the radio for the receivers' filters, and
ground truth for whoever judges. It knows nothing of the robots' processes: a plant whose robot is
dead brakes and stands, an obstacle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
import random
from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.live import transforms
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import (
    command_from,
    MAP,
    MessageMaker,
    MessageRefused,
)
from swarm_coordination.live.frames import base_frame, odom_frame
from swarm_coordination.live.quiet import Quiet
from swarm_coordination.live.truth import NOTHING_CLOSE, Truth
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.simulation.world import World
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Pose

# What a busy host owes the world is made up for, at most so much. Over a longer gap (a process
# that was stopped, a clock set ahead) the world stands still: caught up with in one go it would
# keep everybody waiting for longer still, and nobody has steered meanwhile.
CATCH_UP_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class WorldPeriods:
    """Times between two messages of a kind, in seconds."""

    odom_s: float = 0.05
    radio_s: float = 0.1
    world_s: float = 0.05


class LiveWorld:
    """
    Plants and radio of a whole swarm; call ``step`` at ``next_ns`` of the bus's clock.

    ``tf``: publish map -> <robot>/odom -> <robot>/base_link, too, where there are messages for it.
    """

    def __init__(
        self,
        bus: Bus,
        robots: Sequence[RobotConfiguration],
        radio: RadioSettings,
        plants: WorldSettings,
        seed: int,
        periods: WorldPeriods,
        *,
        tf: bool = False,
    ) -> None:
        self._bus, self._make, self._periods = bus, MessageMaker(bus.types), periods
        self._robots, self._plants, self._seed = robots, plants, seed
        self._names = tuple(robot.name for robot in robots)
        self._radio = Radio(radio, robots[0].settings.control.range_m, self._names)
        self._refusals = Quiet()
        self.begin()
        self._create_topics(tf)

    def begin(self) -> None:
        """Put every plant to its start; the world's time begins now."""
        self._start_ns = self._now_ns = self._bus.clock.now()
        self._rng = random.Random(self._seed)
        self._world = World(
            ((robot.name, robot.start) for robot in self._robots), self._plants, self._now_ns
        )
        self._closest = NOTHING_CLOSE
        self._commanded_ns: dict[str, int] = {}
        self._due = {'odom': 0, 'radio': 0, 'world': 0}

    @property
    def next_ns(self) -> int:
        """Time of the next step."""
        return self._now_ns + self._world.step_ns

    def _create_topics(self, tf: bool) -> None:
        bus, types = self._bus, self._bus.types
        self._poses, self._odometry = {}, {}
        for name in self._names:
            self._poses[name] = bus.publisher(
                types.PoseStamped, f'/{name}/pose', profiles.STATE_OFFERED
            )
            self._odometry[name] = bus.publisher(
                types.Odometry, f'/{name}/odom', profiles.STATE_OFFERED
            )
            self._subscribe(name)
        self._transforms = None
        if tf and transforms.available(bus):
            kind = types.TFMessage
            self._transforms = bus.publisher(kind, transforms.TF, profiles.TF)
            here = Pose(0.0, 0.0, 0.0, 0.0)  # this world's odometry does not drift: it is in map
            bus.publisher(kind, transforms.TF_STATIC, profiles.TF_STATIC)(
                self._make.transforms_to(
                    ((MAP, odom_frame(name), here) for name in self._names), bus.clock.stamp()
                )
            )
        self._truth = Truth(bus, self._radio, lambda: self._due.update(radio=0))

    def _subscribe(self, name: str) -> None:
        def command(message: Any) -> None:
            plant = self._world.plants[name]
            try:
                velocity = command_from(message, plant.state.yaw)
            except MessageRefused as error:
                if self._refusals.over(self._now_ns):
                    self._bus.say(f'{name}: {error}', 'error')
                return
            # In force from where the world stands: a step behind the clock, or where it stopped.
            self._commanded_ns[name] = self._now_ns
            plant.command(velocity, self._now_ns)

        self._bus.subscribe(
            self._bus.types.Twist, f'/{name}/cmd_vel', profiles.COMMAND, command
        )

    def step(self) -> None:
        """Move everything on to the present, and publish what is due."""
        now = self._bus.clock.now()
        if not self._now_ns:  # simulated time has only now begun
            self.begin()
        if now - self._now_ns > CATCH_UP_NS:
            gap_s = ns_to_seconds(now - self._now_ns - CATCH_UP_NS)
            self._bus.say(f'the world stood still for {gap_s:.3f} s', 'warning')
            self._now_ns = now - CATCH_UP_NS
        while self.next_ns <= now:
            self._now_ns = self.next_ns
            closest = self._world.step(self._now_ns)
            if closest.distance_m < self._closest.distance_m:
                self._closest = closest
        truth, stamp = self._world.truth(), self._bus.clock.stamp()
        self._publish_localisation(truth, stamp, now)
        elapsed_ns = self._now_ns - self._start_ns
        if self._is_due('radio', self._periods.radio_s, now):
            self._truth.publish_radio(truth, stamp, elapsed_ns)
        if self._is_due('world', self._periods.world_s, now):
            ages = [
                ns_to_seconds(now - self._commanded_ns[name])
                if name in self._commanded_ns else math.inf for name in self._names
            ]
            self._truth.publish_world(
                truth, stamp, elapsed_ns, self._closest, ages, self._plants.command_timeout_s
            )
            self._closest = NOTHING_CLOSE

    def _is_due(self, what: str, period_s: float, now: int) -> bool:
        if now < self._due[what]:
            return False
        self._due[what] = max(self._due[what] + seconds_to_ns(period_s), now)
        return True

    def _publish_localisation(self, truth: dict[str, TrueState], stamp: Any, now: int) -> None:
        odometry = self._is_due('odom', self._periods.odom_s, now)
        if odometry and self._transforms is not None:
            self._transforms(self._make.transforms_to(
                (
                    (odom_frame(name), base_frame(name), Pose(*state[:4]))
                    for name, state in truth.items()
                ),
                stamp,
            ))
        noise_m = self._plants.pose_noise_m
        for name, state in truth.items():
            pose = Pose(*state[:4])
            if noise_m:
                noise = self._rng.gauss
                pose = pose._replace(
                    x=pose.x + noise(0.0, noise_m), y=pose.y + noise(0.0, noise_m)
                )
            self._poses[name](self._make.pose_to(pose, stamp))
            if odometry:
                self._odometry[name](self._make.odometry_to(pose, state[4:], name, stamp))
