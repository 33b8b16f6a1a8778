# SPDX-License-Identifier: Apache-2.0
"""
What a simulated world tells: the state of the radio, ground truth; and the cuts it is asked for.

The same radio model whoever moves the robots, the embedded world or Gazebo.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.simulation.radio import FRAME_BYTES, Radio
from swarm_coordination.simulation.world import Closest
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_S

NOTHING_CLOSE = Closest(math.inf, '', '')
# A state of the radio that does not change is told again after this long: receivers count one
# for nothing when it is a second old (``AirOptions``).
REPEATED_NS = 3 * NS_PER_S // 10


class Truth:
    """Publishes on a bus; ``on_cut`` is called when a cut has come into force."""

    def __init__(self, bus: Bus, radio: Radio, on_cut: Callable[[], None]) -> None:
        self._bus, self._radio, self._on_cut = bus, radio, on_cut
        self._revision = 0
        self._told: tuple[list[float], int] | None = None  # the state that receivers have
        self._told_ns = 0  # since then
        types = bus.types
        self._radio_topic = bus.publisher(types.swarm.RadioState, topics.RADIO, profiles.RADIO)
        self._world_topic = bus.publisher(types.swarm.WorldState, topics.WORLD, profiles.WORLD)
        bus.serve(types.services.SetPartition, topics.PARTITION_SERVICE, self._set_partition)

    def publish_radio(self, truth: dict[str, TrueState], stamp: Any, elapsed_ns: int) -> None:
        """Publish who hears whom, with robots where ``truth`` says, if that is news."""
        self._radio.place(truth)
        reception = [chance for row in self._radio.matrix() for chance in row]
        state = (reception, self._revision)
        if state == self._told and 0 <= elapsed_ns - self._told_ns < REPEATED_NS:  # of this run
            return
        self._told, self._told_ns = state, elapsed_ns
        # Losses of the disc do not depend on the size of a frame.
        reference = 0 if self._radio.settings.model == 'disc' else FRAME_BYTES
        self._radio_topic(
            self._bus.types.swarm.RadioState(
                stamp=stamp,
                elapsed_ns=elapsed_ns,
                names=list(self._radio.names),
                reception=reception,
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
        types, states = self._bus.types, list(truth.values())
        self._world_topic(
            types.swarm.WorldState(
                stamp=stamp,
                elapsed_ns=elapsed_ns,
                names=list(self._radio.names),
                positions=[types.Point(x=s.x, y=s.y, z=s.z) for s in states],
                velocities=[types.Vector3(x=s.vx, y=s.vy, z=s.vz) for s in states],
                yaws=[s.yaw for s in states],
                commanded=[age <= command_timeout_s for age in command_ages_s],
                closest_m=closest.distance_m,
                closest_first=closest.first,
                closest_second=closest.second,
                command_age_s=command_ages_s,
            )
        )

    def _set_partition(self, request: Any, answer: Callable[[Any], None]) -> None:
        response = self._bus.types.services.SetPartition.Response()
        names, numbers, known = list(request.names), list(request.groups), self._radio.names
        muted, deaf = list(request.muted), list(request.deaf)
        unknown = [name for name in (*names, *muted, *deaf) if name not in known]
        if unknown or len(set(names)) != len(names) or len(names) != len(numbers):
            response.message = f'names {names} with groups {numbers}: each robot once, one group'
        elif len(muted) != len(deaf):
            response.message = f'muted {muted}, deaf {deaf}: one for one'
        if response.message:
            response.error = response.ERROR_INVALID
            answer(response)
            return
        groups = tuple(
            tuple(name for name, group in zip(names, numbers) if group == number)
            for number in sorted(set(numbers))
        )
        if groups:  # whoever is not named is alone
            groups += tuple((name,) for name in known if name not in names)
        self._radio.cut(None)  # one-way cuts of before, too
        self._radio.cut(groups or None)
        for sender, receiver in zip(muted, deaf):
            self._radio.mute(sender, (receiver,))
        self._revision += 1
        self._on_cut()  # at once: receivers must not hear on by the old state
        response.accepted = True
        response.message = f'{len(groups)} groups' if groups else 'whole'
        if muted:
            response.message += f', {len(muted)} one-way cuts'
        self._bus.say(f'radio: {response.message}: {groups}')
        answer(response)
