# SPDX-License-Identifier: Apache-2.0
"""
N coordinators in virtual time; everything a fault can do to them is one call.

    arena = Arena(5, seed=1, shape='line', base=one_hop((5.0, 5.0), loss=0.1))
    leader = arena.run_until(arena.agreed_leader, 10.0)
    arena.kill(leader)

Every source of randomness is seeded by the seed and its own purpose, and every event goes
through one queue: equal seeds give equal runs, in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import random
from typing import TypeVar

from swarm_coordination.arena.air import Air, Condition, one_hop
from swarm_coordination.arena.clock import Clock
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer, Observers
from swarm_coordination.arena.topology import places, RANGE_M
from swarm_coordination.persistence import PersistRequest, Provision, Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput, RobotStatus
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.storage.provision import make_cluster, VOTERS_DEFAULT_MAX
from swarm_coordination.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec

# Clocks of processes start well above zero, as a steady clock does.
START_NS = 1_000 * NS_PER_S
# The processes of a swarm do not start in the same instant.
START_SPREAD_NS = 200 * NS_PER_MS
# Each frame is decoded once for all its receivers; enough for all that are in the air at once.
FRAMES_CACHED = 1_024
# Own clocks lie as far apart as hosts that were booted within an hour.
ZERO_SPREAD_NS = 3_600 * NS_PER_S

_Found = TypeVar('_Found')


class Arena:
    """
    Robots 0 to ``count`` - 1, named r1 to rN, all provisioned and (but for ``absent``) started.

    Parameters
    ----------
    seed : of everything random; a text or a number.
    shape : of the topology, see ``topology.places``.
    base : lies on every link always; delay and loss of a good radio.
    settings : of every robot.
    voters : how many of them vote; the first seven by default.
    sync_ms : time that one sync of a disk takes: least and greatest.
    drift_ppm : clocks run at rates within this of true time.
    absent : robots that are provisioned and not started.
    flies : whether each runs its controller too; somebody has to move them then.

    """

    def __init__(
        self,
        count: int,
        seed: int | str,
        *,
        shape: str = 'full',
        base: Condition | None = None,
        settings: RobotSettings | None = None,
        voters: int | None = None,
        sync_ms: tuple[float, float] = (0.0, 0.0),
        drift_ppm: int = 0,
        absent: Iterable[int] = (),
        flies: bool = False,
    ) -> None:
        self.queue = EventQueue(START_NS)
        self._seed, self._flies = seed, flies
        self._observers = Observers()
        self.sync_ns = [tuple(round(ms * NS_PER_MS) for ms in sync_ms)] * count
        self.air = Air(
            places(shape, count), RANGE_M, base or one_hop(), self.queue,
            self._random('air'), self._deliver,
        )
        self.changed = False
        self._observers.add(_Outlet(self))
        names = [f'r{number + 1}' for number in range(count)]
        electors = names[: VOTERS_DEFAULT_MAX if voters is None else voters]
        provisions = make_cluster(names, self._random('provision'), electors)
        codec = WireCodec(
            provisions[0].key, provisions[0].cluster_id, 0, cache_size=FRAMES_CACHED
        )
        self.codec = codec
        clocks = self._random('clocks')
        self.nodes = tuple(
            self._make_node(number, provision, settings or RobotSettings(), codec,
                            Clock(START_NS + clocks.randrange(ZERO_SPREAD_NS),
                                  clocks.randint(-drift_ppm, drift_ppm), START_NS))
            for number, provision in enumerate(provisions)
        )
        self.numbers = {node.storage_id: node.number for node in self.nodes}
        starts, away = self._random('start'), frozenset(absent)
        for node in self.nodes:
            at = START_NS + starts.randrange(START_SPREAD_NS)
            if node.number not in away:
                self.queue.push(at, node.start)

    # ---------------------------------------------------------------- time

    @property
    def now_s(self) -> float:
        """Seconds of virtual time since the start."""
        return ns_to_seconds(self.queue.now - START_NS)

    def watch(self, observer: Observer) -> None:
        """Tell ``observer`` of everything from now on."""
        self._observers.add(observer)

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.queue.run_until(self.queue.now + seconds_to_ns(seconds))

    def run_until(
        self, condition: Callable[[], _Found | None], timeout_s: float
    ) -> _Found | None:
        """
        Run until ``condition`` gives something true, and return that; None after ``timeout_s``.

        It is asked after every event in which a robot told something or applied an entry.
        """
        end = self.queue.now + seconds_to_ns(timeout_s)
        found = condition()
        while not found and self.queue.run_next(end):
            if self.changed:
                self.changed = False
                found = condition()
        return found or None

    # ---------------------------------------------------------------- what is done to robots

    def kill(self, robot: int, survives: int = 0) -> None:
        """End a process at once; ``survives`` of its unsynced writes are durable all the same."""
        self.nodes[robot].crash(self.queue.now, survives)

    def restart(self, robot: int, *, keep_disk: bool = True) -> None:
        """Start a dead process from its disk, or from one that has lost its log."""
        node = self.nodes[robot]
        if node.core is None and not keep_disk:
            node.disk.wipe()
            self._observers.wiped(node, self.queue.now)
        node.start(self.queue.now)

    def pause(self, robot: int) -> None:
        """Let a process sleep."""
        self.nodes[robot].pause()

    def resume(self, robot: int, *, tick_first: bool = True) -> None:
        """Wake a process that sleeps."""
        self.nodes[robot].resume(self.queue.now, tick_first=tick_first)

    def leap(self, robot: int, ahead_ms: int) -> None:
        """Let the clock of a robot leap ahead."""
        self.nodes[robot].leap(ahead_ms, self.queue.now)

    def set_back(self, robot: int, back_ms: int) -> None:
        """End a process, and let its clock start from an earlier time, as after a boot."""
        self.kill(robot)
        self.nodes[robot].clock.set_back(back_ms * NS_PER_MS, self.queue.now)

    def move(self, robot: int, x: float, y: float) -> None:
        """Put a robot elsewhere (m)."""
        self.air.place(robot, x, y)
        self.nodes[robot].pose = Pose(x, y, 0.0, 0.0)

    def propose(self, robot: int, command: str, request: str = '') -> int | None:
        """Hand a command to a robot; returns its serial, None where it does not take it."""
        return self.nodes[robot].propose(command, self.queue.now, request)

    def stop(self, robot: int, level: int = 2) -> int | None:
        """Raise a safety stop at a robot; returns its counter."""
        return self.nodes[robot].stop(level, self.queue.now)

    # ---------------------------------------------------------------- what is seen

    def running(self) -> tuple[int, ...]:
        """Return the robots that live and are awake."""
        return tuple(node.number for node in self.nodes if node.runs)

    def status(self, robot: int) -> RobotStatus | None:
        """Return a robot's status at this instant; None while it is dead."""
        node = self.nodes[robot]
        now = self.queue.now
        return None if node.core is None else node.core.status(node.clock.local(now))

    def agreed_leader(self) -> Node | None:
        """Return the running leader that all running robots know of, in one term; else None."""
        views = {(core.term, core.leader) for core in self._cores()}
        leader = views.pop()[1] if len(views) == 1 else 0
        node = self.nodes[self.numbers[leader]] if leader else None
        return node if node is not None and node.runs else None

    def _cores(self) -> list[Coordinator]:
        return [node.core for node in self.nodes if node.core is not None and not node.paused]

    # ---------------------------------------------------------------- inside

    def _random(self, purpose: str) -> random.Random:
        # A text seed goes through SHA-512 (random.seed, version 2): no hash randomisation.
        return random.Random(f'{self._seed}/{purpose}')

    def _make_node(
        self,
        number: int,
        provision: Provision,
        settings: RobotSettings,
        codec: WireCodec,
        clock: Clock,
    ) -> Node:
        rng = self._random(f'disk/{number}')

        def sync_ns() -> int:
            low, high = self.sync_ns[number]
            return rng.randint(low, high)

        def durable(request: PersistRequest) -> None:
            self._observers.durable(self.nodes[number], request, self.queue.now)

        disk = VirtualDisk(provision, self.queue, sync_ns, durable)
        node = Node(
            number, provision, settings, disk, clock, codec,
            self._random(f'robot/{number}'), self.queue, self._observers, flies=self._flies,
        )
        x, y = self.air.where(number)
        node.pose = Pose(x, y, 0.0, 0.0)
        return node

    def _deliver(self, receiver: int, frame: bytes, now: int) -> None:
        self.nodes[receiver].receive(frame, now)


class _Outlet(Observer):
    """Puts frames into the air, and notes when something was said."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        self._arena.changed = True

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        if output.events or output.committed:
            self._arena.changed = True
        for frame in output.frames:
            self._arena.air.send(node.number, frame, now)
