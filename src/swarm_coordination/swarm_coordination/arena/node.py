# SPDX-License-Identifier: Apache-2.0
"""
One coordinator as a process: started, crashed, paused, resumed, on a clock and a disk of its own.

Every call into it is followed by ``_after``: hand over what came out, write what has to be
durable, and arrange for the next tick.
"""

from __future__ import annotations

import random

from swarm_coordination.arena.clock import Clock
from swarm_coordination.arena.observer import Observers
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.persistence import Provision
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import NOTHING
from swarm_coordination.robot.pilot import Pilot
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.views import Pose, VelocityCommand

# A process is not woken more often than this, whatever deadline it names.
WAKE_GAP_NS = NS_PER_MS
# What the sockets of a process that sleeps hold for it; more is dropped, as a kernel does.
INBOX_MAX = 256
_STILL = (0.0, 0.0, 0.0)


class Node:
    """
    One robot; ``core`` is None while it is dead.

    ``number`` counts from 0. ``life`` counts its starts. ``paused`` while the process sleeps:
    frames wait in a bounded queue, the disk goes on, nothing is handed out. With ``flies`` a
    controller runs in the process too, whose commands come out with the rest.
    """

    def __init__(
        self,
        number: int,
        provision: Provision,
        settings: RobotSettings,
        disk: VirtualDisk,
        clock: Clock,
        codec: FrameCodec,
        rng: random.Random,
        queue: EventQueue,
        observers: Observers,
        *,
        flies: bool = False,
    ) -> None:
        self.number = number
        self.name = provision.name
        self.storage_id = provision.storage_id
        self.disk = disk
        self.clock = clock
        self.core: Coordinator | None = None
        self.life = 0
        self.paused = False
        self.pose = Pose(0.0, 0.0, 0.0, 0.0)
        self._flies = flies
        self._pilot: Pilot | None = None
        self._command: VelocityCommand | None = None
        self._settings, self._codec, self._rng = settings, codec, rng
        self._queue, self._observers = queue, observers
        self._inbox: list[bytes] = []
        self._token = 0  # newest that the disk reported while the process slept
        self._wake_ns = 0
        self._converted = -1  # changes of the clock before ``_wake_ns`` was converted

    @property
    def runs(self) -> bool:
        """Whether the process is alive and awake."""
        return self.core is not None and not self.paused

    # ---------------------------------------------------------------- its life

    def start(self, now: int) -> None:
        """Start the process from its disk; nothing happens where it is alive."""
        if self.core is not None:
            return
        self.life += 1
        rng = random.Random(self._rng.getrandbits(64))
        recovered = self.disk.recovered()
        self.core = Coordinator(
            recovered, self._settings, self._codec, rng, self.clock.local(now)
        )
        if self._flies:
            self._pilot = Pilot(self.core, self._settings, self.clock.local(now))
        self._wake_ns = 0
        self._observers.started(self, recovered, now)
        self._wake_at(now)

    def crash(self, now: int, survives: int = 0) -> None:
        """End the process at once; of its unsynced writes the first ``survives`` are durable."""
        if self.core is None:
            return
        self.core = self._pilot = self._command = None
        self.paused = False
        self._inbox, self._token = [], 0
        self.disk.crash(survives)
        self._observers.crashed(self, now)

    def pause(self) -> None:
        """Let the process sleep."""
        self.paused = self.core is not None

    def resume(self, now: int, *, tick_first: bool) -> None:
        """Wake the process; what waited comes after its first tick, or before."""
        core = self.core
        if core is None or not self.paused:
            return
        self.paused = False
        self._observers.disturbed(self, now)
        inbox, self._inbox = self._inbox, []
        if tick_first:
            self._tick(core, now)
        local = self.clock.local(now)
        for frame in inbox:
            core.receive(frame, local)
        if self._token:
            core.persisted(self._token, local)
            self._token = 0
        self._after(core, now, local)

    def leap(self, ahead_ms: int, now: int) -> None:
        """Let its clock leap ahead."""
        self.clock.leap(ahead_ms * NS_PER_MS, now)
        self._observers.disturbed(self, now)

    # ---------------------------------------------------------------- what goes in

    def receive(self, frame: bytes, now: int) -> None:
        """Give the process a frame from the air."""
        core = self.core
        if core is None:
            return
        if self.paused:
            if len(self._inbox) < INBOX_MAX:
                self._inbox.append(frame)
            return
        local = self.clock.local(now)
        moved = core.receive(frame, local) or self._pilot is not None
        if moved or now >= self._wake_ns or self.clock.changes != self._converted:
            self._after(core, now, local)
        else:  # as most frames: nothing comes out, and the next tick stays where it is
            self._observers.after(self, core, NOTHING, now)

    def localise(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> None:
        """Give a robot that flies its pose and velocity."""
        self.pose = pose
        if self._pilot is not None and not self.paused:
            self._pilot.observe(pose, velocity, self.clock.local(now))

    def propose(self, command: str, now: int, request: str = '') -> int | None:
        """
        Hand it a command; returns its serial, None where nobody takes it or it is refused.

        ``request``: what its caller names it; asked again under that name it keeps its serial.
        """
        if self.core is None or self.paused:
            return None
        local = self.clock.local(now)
        try:
            serial = self.core.propose(command, local, request)
        except (CommandError, ProposalRefused):
            return None
        self._after(self.core, now, local)
        return serial

    def read(self, now: int) -> int | None:
        """Ask for a linearizable read; returns its serial, None where nobody takes it."""
        if self.core is None or self.paused:
            return None
        local = self.clock.local(now)
        try:
            serial = self.core.read(local)
        except ProposalRefused:
            return None
        self._after(self.core, now, local)
        return serial

    def stop(self, level: int, now: int) -> int | None:
        """Raise a safety stop; returns its counter, None where nobody does."""
        if self.core is None or self.paused:
            return None
        local = self.clock.local(now)
        counter = self.core.stop(level, local)
        self._after(self.core, now, local)
        return counter

    def persisted(self, token: int, now: int) -> None:
        """Take the disk's report that everything up to ``token`` is durable."""
        core = self.core
        if core is None:
            return
        if self.paused:
            self._token = token
            return
        local = self.clock.local(now)
        core.persisted(token, local)
        self._after(core, now, local)

    # ---------------------------------------------------------------- inside

    def _tick(self, core: Coordinator, now: int) -> None:
        local = self.clock.local(now)
        if self._pilot is None:
            core.observe(self.pose, _STILL, local)
        core.tick(local)
        if self._pilot is not None:
            self._command = self._pilot.step(local)
        self._after(core, now, local)

    def _after(self, core: Coordinator, now: int, local: int) -> None:
        output = core.poll()
        due = core.next_deadline(local)
        if self._pilot is not None:
            output = output._replace(command=self._command)
            due = min(due, self._pilot.next_deadline())
            self._command = None
        if output.persist:
            self.disk.write(output.persist, self.persisted)
        self._observers.after(self, core, output, now)
        at, soonest, self._converted = self.clock.world(due), now + WAKE_GAP_NS, self.clock.changes
        self._wake_at(at if at > soonest else soonest)

    def _wake_at(self, time_ns: int) -> None:
        """Arrange for a tick at ``time_ns``, unless one comes sooner."""
        if self._queue.now < self._wake_ns <= time_ns:
            return
        self._wake_ns = time_ns
        self._queue.push(time_ns, self._wake)

    def _wake(self, now: int) -> None:
        if now == self._wake_ns and self.core is not None and not self.paused:
            self._wake_ns = 0
            self._tick(self.core, now)
