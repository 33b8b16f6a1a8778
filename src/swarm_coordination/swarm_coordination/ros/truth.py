# SPDX-License-Identifier: Apache-2.0
"""
What a simulated world tells: the state of the radio, ground truth; and the cuts it is asked for.

The same radio model whoever moves the robots, the embedded world or Gazebo.
"""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import Point, Vector3
from swarm_coordination.live import topics
from swarm_coordination.ros import qos
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.simulation.radio import FRAME_BYTES, Radio
from swarm_coordination.simulation.world import Closest
from swarm_msgs import msg as swarm
from swarm_msgs.srv import SetPartition

NOTHING_CLOSE = Closest(math.inf, '', '')


class Truth:
    """Publishes for a node; ``on_cut`` is called when a cut has come into force."""

    def __init__(self, node: Any, radio: Radio, on_cut: Any) -> None:
        self._node, self._radio, self._on_cut = node, radio, on_cut
        self._revision = 0
        self._radio_topic = node.create_publisher(swarm.RadioState, topics.RADIO, qos.RADIO)
        self._world_topic = node.create_publisher(swarm.WorldState, topics.WORLD, qos.WORLD)
        node.create_service(SetPartition, topics.PARTITION_SERVICE, self._set_partition)

    def publish_radio(self, truth: dict[str, TrueState], stamp: Any, elapsed_ns: int) -> None:
        """Publish who hears whom, with robots where ``truth`` says."""
        self._radio.place(truth)
        # Losses of the disc do not depend on the size of a frame.
        reference = 0 if self._radio.settings.model == 'disc' else FRAME_BYTES
        self._radio_topic.publish(
            swarm.RadioState(
                stamp=stamp,
                elapsed_ns=elapsed_ns,
                names=list(self._radio.names),
                reception=[chance for row in self._radio.matrix() for chance in row],
                reference_bytes=reference,
                revision=self._revision,
            )
        )

    def publish_world(
        self,
        truth: dict[str, TrueState],
        stamp: Any,
        elapsed_ns: int,
        closest: Closest,
        command_ages_s: list[float],
        command_timeout_s: float,
    ) -> None:
        """Publish where everybody is; ages of commands are infinite where none came."""
        states = list(truth.values())
        self._world_topic.publish(
            swarm.WorldState(
                stamp=stamp,
                elapsed_ns=elapsed_ns,
                names=list(self._radio.names),
                positions=[Point(x=s.x, y=s.y, z=s.z) for s in states],
                velocities=[Vector3(x=s.vx, y=s.vy, z=s.vz) for s in states],
                yaws=[s.yaw for s in states],
                commanded=[age <= command_timeout_s for age in command_ages_s],
                closest_m=closest.distance_m,
                closest_first=closest.first,
                closest_second=closest.second,
                command_age_s=command_ages_s,
            )
        )

    def _set_partition(self, request: Any, response: Any) -> Any:
        names, numbers, known = list(request.names), list(request.groups), self._radio.names
        unknown = [name for name in names if name not in known]
        if unknown or len(set(names)) != len(names) or len(names) != len(numbers):
            response.error = response.ERROR_INVALID
            response.message = f'names {names} with groups {numbers}: each robot once, one group'
            return response
        groups = tuple(
            tuple(name for name, group in zip(names, numbers) if group == number)
            for number in sorted(set(numbers))
        )
        if groups:  # whoever is not named is alone
            groups += tuple((name,) for name in known if name not in names)
        self._radio.cut(groups or None)
        self._revision += 1
        self._on_cut()  # at once: receivers must not hear on by the old state
        response.accepted = True
        response.message = f'{len(groups)} groups' if groups else 'whole'
        self._node.get_logger().info(f'radio: {response.message}: {groups}')
        return response
