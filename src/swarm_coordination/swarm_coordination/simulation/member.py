# SPDX-License-Identifier: Apache-2.0
"""One robot of a virtual swarm: the shell that a process is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
import random

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.control.unicycle import ahead
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.robot.outputs import RobotOutput, RobotStatus
from swarm_coordination.robot.robot import Robot
from swarm_coordination.scenario.backend import Proposal, ProposalStage
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.simulation.world import Plant
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.views import Pose

# Takes a robot's number and everything that came out of it.
Outlet = Callable[[int, RobotOutput, int], None]
# A process is not woken more often than this, whatever deadline it names.
WAKE_GAP_NS = NS_PER_MS


class Member:
    """
    A robot with its disk and plant, driven by the queue; ``robot`` is None while it is dead.

    Every call into the robot is followed by ``_after``: hand over what came out, write what has
    to be durable, and arrange for the next tick.
    """

    def __init__(
        self,
        number: int,
        configuration: RobotConfiguration,
        disk: VirtualDisk,
        plant: Plant,
        codec: FrameCodec,
        rng: random.Random,
        queue: EventQueue,
        outlet: Outlet,
    ) -> None:
        self.number = number
        self.name = configuration.name
        self.disk = disk
        self.plant = plant
        self.robot: Robot | None = None
        self.life = 0
        self.proposals: dict[int, Proposal] = {}
        self._serials: dict[int, int] = {}  # serial: ticket, not yet durable
        self._settings = configuration.settings
        self._steers = configuration.kind == 'differential'
        self._codec = codec
        self._rng = rng
        self._queue = queue
        self._outlet = outlet
        self._wake_ns = 0
        self._status: RobotStatus | None = None

    def start(self, now: int) -> None:
        """Start the process from its disk."""
        self.life += 1
        rng = random.Random(self._rng.getrandbits(64))
        self.robot = Robot(self.disk.recovered(), self._settings, self._codec, rng, now)
        self._wake_ns = 0
        self.observe(now)
        self._wake_at(now)

    def crash(self) -> None:
        """End the process at once."""
        self.robot = None
        self.disk.crash()
        self._status = None
        for ticket in self._serials.values():
            self.proposals[ticket] = Proposal(ProposalStage.LOST, text='the robot died')
        self._serials.clear()

    def receive(self, frame: bytes, now: int) -> None:
        """Give the robot a frame from the air."""
        if self.robot is not None:
            self.robot.receive(frame, now)
            self._after(now)

    def observe(self, now: int, error: tuple[float, float] = (0.0, 0.0)) -> None:
        """Give the robot its velocity, and its pose with an ``error`` in x and y (m)."""
        if self.robot is not None:
            x, y, z, yaw, vx, vy, vz = self.plant.state
            pose = Pose(x + error[0], y + error[1], z, yaw)
            self.robot.observe(ahead(pose) if self._steers else pose, (vx, vy, vz), now)

    def propose(self, command: str, ticket: int, now: int) -> None:
        """Hand a command to the robot; its answer appears under ``ticket``."""
        if self.robot is None:
            self.proposals[ticket] = Proposal(ProposalStage.LOST, text='the robot is dead')
            return
        try:
            serial = self.robot.propose(command, now)
        except (CommandError, ProposalRefused) as error:
            self.proposals[ticket] = Proposal(ProposalStage.REFUSED, text=str(error))
            return
        self.proposals[ticket] = Proposal(ProposalStage.PENDING)
        self._serials[serial] = ticket
        self._after(now)

    def stop(self, level: int, now: int) -> int | None:
        """Raise a safety stop at the robot; return its counter, None while it is dead."""
        if self.robot is None:
            return None
        counter = self.robot.stop(level, now)
        self._after(now)
        return counter

    def status(self, now: int) -> RobotStatus | None:
        """Return the robot's status at ``now``; None while it is dead."""
        if self.robot is None:
            return None
        if self._status is None or self._status.time_ns != now:
            self._status = self.robot.status(now)
        return self._status

    def _after(self, now: int) -> None:
        robot = self.robot
        if robot is None:
            return
        output = robot.poll()
        if output.persist:
            self.disk.write(output.persist, self._persisted)
        if output.command is not None:
            self.plant.command(output.command, now)
        for event in output.events:
            ticket = self._serials.pop(event.value, None) if event.kind == 'accepted' else None
            if ticket is not None:
                self.proposals[ticket] = Proposal(
                    ProposalStage.ACCEPTED, robot.storage_id, event.value
                )
        if any(output):
            self._status = None
            self._outlet(self.number, output, now)
        self._wake_at(max(robot.next_deadline(now), now + WAKE_GAP_NS))

    def _wake_at(self, time_ns: int) -> None:
        """Arrange for a tick at ``time_ns``, unless one comes sooner."""
        if self._queue.now < self._wake_ns <= time_ns:
            return
        self._wake_ns = time_ns
        self._queue.push(time_ns, self._wake)

    def _wake(self, now: int) -> None:
        if now == self._wake_ns and self.robot is not None:
            self._wake_ns = 0
            self.robot.tick(now)
            self._after(now)

    def _persisted(self, token: int, now: int) -> None:
        if self.robot is not None:
            self.robot.persisted(token, now)
            self._after(now)
