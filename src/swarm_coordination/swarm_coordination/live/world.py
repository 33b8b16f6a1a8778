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
from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import command_from, MessageMaker, MessageRefused
from swarm_coordination.live.quiet import Quiet
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.simulation.radio import FRAME_BYTES, Radio
from swarm_coordination.simulation.world import Closest, World
from swarm_coordination.transport import profiles
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Pose

_NOTHING_CLOSE = Closest(math.inf, '', '')


@dataclass(frozen=True, slots=True)
class WorldPeriods:
    """Times between two messages of a kind, in seconds."""

    odom_s: float = 0.05
    radio_s: float = 0.1
    world_s: float = 0.05


class LiveWorld:
    """Plants and radio of a whole swarm; call ``step`` at ``next_ns`` of the bus's clock."""

    def __init__(
        self,
        bus: Bus,
        robots: Sequence[RobotConfiguration],
        radio: RadioSettings,
        plants: WorldSettings,
        seed: int,
        periods: WorldPeriods,
    ) -> None:
        self._bus, self._make, self._periods = bus, MessageMaker(bus.types), periods
        self._robots, self._plants, self._seed = robots, plants, seed
        self._names = tuple(robot.name for robot in robots)
        self._radio = Radio(radio, robots[0].settings.control.range_m, self._names)
        self._revision = 0
        self._command_timeout_ns = seconds_to_ns(plants.command_timeout_s)
        self._refusals = Quiet()
        self.begin()
        self._create_topics()

    def begin(self) -> None:
        """Put every plant to its start; the world's time begins now."""
        self._start_ns = self._now_ns = self._bus.clock.now()
        self._rng = random.Random(self._seed)
        self._world = World(
            ((robot.name, robot.start) for robot in self._robots), self._plants, self._now_ns
        )
        self._closest = _NOTHING_CLOSE
        self._commanded_ns: dict[str, int] = {}
        self._due = {'odom': 0, 'radio': 0, 'world': 0}

    @property
    def next_ns(self) -> int:
        """Time of the next step."""
        return self._now_ns + self._world.step_ns

    def _create_topics(self) -> None:
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
        self._radio_topic = bus.publisher(types.swarm.RadioState, topics.RADIO, profiles.RADIO)
        self._world_topic = bus.publisher(types.swarm.WorldState, topics.WORLD, profiles.WORLD)
        bus.serve(types.services.SetPartition, topics.PARTITION_SERVICE, self._set_partition)

    def _subscribe(self, name: str) -> None:
        def command(message: Any) -> None:
            plant = self._world.plants[name]
            try:
                velocity = command_from(message, plant.state.yaw)
            except MessageRefused as error:
                if self._refusals.over(self._bus.clock.now()):
                    self._bus.say(f'{name}: {error}', 'error')
                return
            self._commanded_ns[name] = now = self._bus.clock.now()
            plant.command(velocity, now)

        self._bus.subscribe(
            self._bus.types.Twist, f'/{name}/cmd_vel', profiles.COMMAND, command
        )

    def step(self) -> None:
        """Move everything on to the present, and publish what is due."""
        now = self._bus.clock.now()
        while self.next_ns <= now:
            self._now_ns = self.next_ns
            closest = self._world.step(self._now_ns)
            if closest.distance_m < self._closest.distance_m:
                self._closest = closest
        truth, stamp = self._world.truth(), self._bus.clock.stamp()
        self._publish_localisation(truth, stamp, now)
        if self._is_due('radio', self._periods.radio_s, now):
            self._publish_radio(truth, stamp)
        if self._is_due('world', self._periods.world_s, now):
            self._publish_world(truth, stamp, now)

    def _is_due(self, what: str, period_s: float, now: int) -> bool:
        if now < self._due[what]:
            return False
        self._due[what] = max(self._due[what] + seconds_to_ns(period_s), now)
        return True

    def _publish_localisation(self, truth: dict[str, TrueState], stamp: Any, now: int) -> None:
        odometry = self._is_due('odom', self._periods.odom_s, now)
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

    def _publish_radio(self, truth: dict[str, TrueState], stamp: Any) -> None:
        self._radio.place(truth)
        # Losses of the disc do not depend on the size of a frame.
        reference = 0 if self._radio.settings.model == 'disc' else FRAME_BYTES
        self._radio_topic(
            self._bus.types.swarm.RadioState(
                stamp=stamp,
                elapsed_ns=self._now_ns - self._start_ns,
                names=list(self._names),
                reception=[chance for row in self._radio.matrix() for chance in row],
                reference_bytes=reference,
                revision=self._revision,
            )
        )

    def _publish_world(self, truth: dict[str, TrueState], stamp: Any, now: int) -> None:
        types = self._bus.types
        states = list(truth.values())
        ages = [now - self._commanded_ns.get(name, -(2**62)) for name in self._names]
        known = [name in self._commanded_ns for name in self._names]
        self._world_topic(
            types.swarm.WorldState(
                stamp=stamp,
                elapsed_ns=self._now_ns - self._start_ns,
                names=list(self._names),
                positions=[types.Point(x=s.x, y=s.y, z=s.z) for s in states],
                velocities=[types.Vector3(x=s.vx, y=s.vy, z=s.vz) for s in states],
                yaws=[s.yaw for s in states],
                commanded=[age <= self._command_timeout_ns for age in ages],
                closest_m=self._closest.distance_m,
                closest_first=self._closest.first,
                closest_second=self._closest.second,
                command_age_s=[
                    ns_to_seconds(age) if sure else math.inf for age, sure in zip(ages, known)
                ],
            )
        )
        self._closest = _NOTHING_CLOSE

    def _set_partition(self, request: Any, answer: Any) -> None:
        response = self._bus.types.services.SetPartition.Response()
        names, numbers = list(request.names), list(request.groups)
        unknown = [name for name in names if name not in self._names]
        if unknown or len(set(names)) != len(names) or len(names) != len(numbers):
            response.error = response.ERROR_INVALID
            response.message = f'names {names} with groups {numbers}: each robot once, one group'
            answer(response)
            return
        groups = tuple(
            tuple(name for name, group in zip(names, numbers) if group == number)
            for number in sorted(set(numbers))
        )
        if groups:  # whoever is not named is alone
            groups += tuple((name,) for name in self._names if name not in names)
        self._radio.cut(groups or None)
        self._revision += 1
        self._due['radio'] = 0  # at once: receivers must not hear on by the old state
        response.accepted = True
        response.message = f'{len(groups)} groups' if groups else 'whole'
        self._bus.say(f'radio: {response.message}: {groups}')
        answer(response)
