# SPDX-License-Identifier: Apache-2.0
"""
Carries a robot's core between bus, disk and operator: all that is not core, whatever the bus.

The loop calls at the core's next deadline. Every callback ends in ``pump``, which takes what came
out of the core: frames to the air, records to the writer thread, entries and events to their
topics. The disk is touched by that thread only; its results come back through the loop. A failed
sync ends the process: a robot without a disk must not go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import StorageError
from swarm_coordination.live.air import Air, AirOptions, Mesh
from swarm_coordination.live.bus import Bus, Turns
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.localisation import localise, POSE_SOURCES
from swarm_coordination.live.operator_services import OperatorServices
from swarm_coordination.live.own_frames import OwnFrames, PUBLISHED
from swarm_coordination.live.safety_guard import SafetyGuard
from swarm_coordination.live.telling import Telling
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.robot import Robot
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS, seconds_to_ns
from swarm_coordination.vehicles.safety import SafetyOptions
from swarm_coordination.views import Pose

# Ticks keep this distance, whatever deadline the core names: one costs 0.15 ms, half a millisecond
# at worst, so they never take more than half of a processor, and hold up a commit for one at most.
TICK_GAP_NS = NS_PER_MS


@dataclass(frozen=True, slots=True)
class CarrierOptions:
    """
    What a process is told beside the swarm file.

    For ``pose_source`` see ``localisation``, for ``publish_tf`` ``own_frames``.
    """

    air: AirOptions = field(default_factory=AirOptions)
    safety: SafetyOptions = field(default_factory=SafetyOptions)
    pose_source: str = POSE_SOURCES[0]
    publish_tf: str = PUBLISHED[0]
    status_period_s: float = 0.1
    propose_timeout_s: float = 5.0


class Carrier:
    """
    One life of ``core`` on a bus, from its making to ``close``.

    ``core`` is a whole Robot, or the Coordinator of one whose controller runs elsewhere; the
    storage is closed by us. ``observe(pose, velocity, time)`` takes what localisation says on
    the core's behalf and returns whether it is believed; ``pose`` is the newest that was.
    ``nonce`` tells processes of one name apart. ``carry_out(output, now)`` gets all that came out
    of the core, for what only one kind of process does with it. ``options`` may be replaced at
    any time: periods and time-outs follow. Raises ConfigurationError where the pose's source or
    transforms cannot be had.
    """

    def __init__(
        self,
        bus: Bus,
        loop: Turns,
        robot: RobotConfiguration,
        core: Robot | Coordinator,
        observe: Callable[[Pose, tuple[float, float, float], int], bool],
        storage: Storage,
        nonce: int,
        options: CarrierOptions,
        carry_out: Callable[[RobotOutput, int], None],
        mesh: Mesh | None = None,
    ) -> None:
        self._bus, self._loop, self._clock = bus, loop, bus.clock
        self._core, self._observe, self._carry_out = core, observe, carry_out
        coordinator = core.coordinator if isinstance(core, Robot) else core
        self.options = options
        self.pose: Pose | None = None
        self._make = MessageMaker(bus.types)
        self._air = Air(bus, loop, robot.name, options.air, self._take_frame, mesh)
        self.told = Telling(bus, coordinator, nonce)
        self._operators = OperatorServices(
            bus, coordinator, self._pump_soon, self.told.entries,
            lambda: seconds_to_ns(self.options.propose_timeout_s),
        )
        self._guard = SafetyGuard(bus, loop, coordinator, self.pump, options.safety)
        # A pose that is composed here, for those who watch.
        composed = options.pose_source != POSE_SOURCES[0]
        self._show_pose = (
            bus.publisher(bus.types.PoseStamped, 'pose', profiles.STATE_OFFERED)
            if composed else None
        )
        self.frames = OwnFrames(bus, robot, options.pose_source, options.publish_tf)
        self._localisation = localise(bus, robot, options.pose_source, self._on_pose)
        self._next_status = 0
        self._deadline_ns = self._ticked_ns = self._clock.now()
        loop.at(lambda: self._clock.due_ns(self._deadline_ns), self._on_deadline)
        # Last: from here on the disk is the writer's.
        self._writer: StorageWriter | None = StorageWriter(
            storage, self._on_durable, self._on_disk_failure
        )

    def resume(self) -> None:
        """Go on after a pause of the bus, which the core sees as a gap in its time."""
        self._deadline_ns = self._clock.now()

    def give_up(self) -> None:
        """Answer operators who wait: the outcome of theirs is unknown."""
        self._operators.give_up()

    def close(self) -> None:
        """Sync what is queued and close the disk."""
        writer, self._writer = self._writer, None
        self.give_up()
        try:
            if writer is not None:
                writer.close()
        except StorageError as error:
            self._bus.say(f'disk: {error}', 'error')

    # ---------------------------------------------------------------- what comes in

    def _take_frame(self, data: bytes, now: int) -> None:
        if self._core.receive(data, now):  # of most nothing comes, and the next tick stays
            self._pump_soon(now)

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        believed = self._observe(pose, velocity, time_ns)
        if believed:
            self.pose = pose
        self._guard.observe(pose, self._clock.now(), believed=believed)
        # Of the axle, where the core has the point ahead of it.
        base, stamp = self._localisation.pose, self._localisation.stamp
        if base is None:
            return
        if self._show_pose is not None:
            self._show_pose(self._make.pose_to(base, stamp))
        self.frames.observe(base, time_ns, stamp)

    def _on_deadline(self) -> None:
        self.pump(self._clock.now())

    def _pump_soon(self, now: int) -> None:
        """
        Pump at the end of this turn of the loop.

        Once for all that has come in together: acknowledgements of several robots make one
        commit, commands of several callers one record batch, entries of several frames one
        sync.
        """
        self._deadline_ns = min(self._deadline_ns, now)

    # ---------------------------------------------------------------- what goes out

    def pump(self, now: int) -> None:
        """Carry out everything the core has to say, and note what it waits for."""
        if now >= self._due(now):
            # At once, before anything is published: others wait for what has just come in.
            self._ticked_ns = now
            self._core.tick(now)
        out = self._core.poll()
        for request in out.persist:  # first of all: the disk takes longest
            assert self._writer is not None
            self._writer.submit(request)
            self._loop.hurry()  # who keeps something is waited for, or waits for what comes of it
        for frame in out.frames:
            self._air.send(frame)
        if self.told.take(out):
            self._next_status = now
        if out.events:
            self._operators.on_events(out.events)
            self._guard.look(now)
        self._carry_out(out, now)
        if now >= self._next_status:
            self._next_status = now + seconds_to_ns(self.options.status_period_s)
            self._operators.expire(now)
            self.told.status(self.pose, now)
        self._deadline_ns = min(self._due(now), self._next_status)

    def _due(self, now: int) -> int:
        """Return when the core is to be ticked next."""
        return max(self._core.next_deadline(now), self._ticked_ns + TICK_GAP_NS)

    # ---------------------------------------------------------------- the disk

    def _on_durable(self, tokens: tuple[int, ...]) -> None:
        """Hand tokens over from the writer's thread."""
        self._loop.post(lambda: self._release(tokens[-1]))

    def _release(self, token: int) -> None:
        if self._writer is None:
            return  # closed meanwhile
        now = self._clock.now()
        self._core.persisted(token, now)
        self._pump_soon(now)

    def _on_disk_failure(self, error: StorageError) -> None:
        """End what runs (called in the writer's thread)."""
        self._loop.fail(error)
