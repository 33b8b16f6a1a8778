# SPDX-License-Identifier: Apache-2.0
"""A few robots on one perfect radio, in virtual time, with disks that the test lets sync."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import random

from swarm_coordination.mesh.rows import Frame, FrameHeader, Identity, StopFlag
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.persistence import (
    EntryRecord,
    fresh,
    IncarnationRecord,
    PersistRequest,
    Provision,
    Record,
    Recovered,
    Voter,
)
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.robot.robot import Robot
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.watches import WatchEvent
from swarm_coordination.storage.replay import Replay
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec

KEY = b'k' * 32
CLUSTER_ID = 99
CONFIG_HASH = 7
MS = 1_000_000
STEP_NS = 10 * MS


def provision(count: int, at: int) -> Provision:
    """Return what robot number ``at`` of ``count`` voters was provisioned with."""
    voters = tuple(Voter(f'robot{k + 1}', 1000 + k) for k in range(count))
    return Provision(voters[at].name, voters[at].storage_id, CLUSTER_ID, voters, KEY)


class Disk:
    """Records written, and those of them that are synced."""

    def __init__(self, held: Recovered) -> None:
        self._held = held
        records: list[Record] = [held.hard_state, IncarnationRecord(held.incarnation)]
        records += [*held.stops, *held.intents, *([held.snapshot] if held.snapshot else [])]
        self._synced = Replay([*records, *map(EntryRecord, held.entries)])
        self.waiting: list[PersistRequest] = []

    @property
    def held(self) -> Recovered:
        """Return what a robot that starts now gets."""
        return self._synced.recovered(self._held.provision, self._held.reason)

    def sync(self) -> list[int]:
        """Make everything written durable; return the tokens."""
        requests, self.waiting = self.waiting, []
        for request in requests:
            for record in request.records:
                self._synced.apply(record)
        return [request.token for request in requests]


class RobotsOnOneRadio:
    """
    Robots ``apart_m`` apart in a row; whoever is in ``cut`` hears and is heard by nobody.

    They stand whatever they are told, by a localisation with a noise of a micrometre: a pose that
    did not change at all would be a frozen one.
    """

    def __init__(
        self, count: int, settings: RobotSettings | None = None, apart_m: float = 3.0
    ) -> None:
        self.now = 0
        self.apart_m = apart_m
        self.settings = replace(settings or RobotSettings(), config_hash=CONFIG_HASH)
        self.codec = WireCodec(KEY, CLUSTER_ID, CONFIG_HASH, cache_size=16)
        self.disks = [Disk(fresh(provision(count, at))) for at in range(count)]
        self.robots: list[Robot | None] = []
        self.events: list[list[RobotEvent]] = [[] for _ in range(count)]
        self.committed: list[list[CommittedEntry]] = [[] for _ in range(count)]
        self.sent: list[list[bytes]] = [[] for _ in range(count)]
        self.watched: list[list[WatchEvent]] = [[] for _ in range(count)]
        self.syncing = [True] * count
        self.cut: set[int] = set()
        self.island: set[int] = set()  # hears, and is heard by, itself only
        self.blind: set[int] = set()  # without localisation
        self.frozen: set[int] = set()  # whose localisation repeats itself
        self.off_m: dict[int, float] = {}  # whose localisation is so far off in x
        self._generation = 0
        for at in range(count):
            self.robots.append(None)
            self.start(at)

    def add(self, at: int) -> None:
        """Start one more robot, number ``at``, whose disk has been appended."""
        for things in (self.events, self.committed, self.sent, self.watched):
            things.append([])
        self.syncing.append(True)
        self.robots.append(None)
        self.start(at)

    def frame_of_a_stranger(self, stops: tuple[StopFlag, ...]) -> bytes:
        """Return a frame of a robot that nobody has heard of, with safety stops."""
        header = FrameHeader(CLUSTER_ID, CONFIG_HASH, Identity('stranger', 5000, 1), 1)
        return self.codec.encode(Frame(header, stops=stops))

    def start(self, at: int) -> None:
        """Start robot ``at`` from what its disk holds."""
        self._generation += 1
        rng = random.Random(100 * self._generation + at)
        self.disks[at].waiting = []
        self.robots[at] = Robot(self.disks[at].held, self.settings, self.codec, rng, self.now)

    def kill(self, at: int) -> None:
        """Stop robot ``at``; what was not synced is lost."""
        self.robots[at] = None
        self.disks[at].waiting = []

    def run(self, seconds: float) -> None:
        """Let virtual time pass in steps of 10 ms."""
        end = self.now + round(seconds * 1e9)
        while self.now < end:
            self.now += STEP_NS
            for at, robot in enumerate(self.robots):
                if robot is not None:
                    if at not in self.blind:
                        noise_m = 0.0 if at in self.frozen else 1e-6 * (self.now // STEP_NS % 2)
                        x = self.apart_m * at + self.off_m.get(at, 0.0)
                        pose = Pose(x, noise_m, 0.0, 0.0)
                        robot.observe(pose, (0.0, 0.0, 0.0), self.now)
                    robot.tick(self.now)
            for at, robot in enumerate(self.robots):
                if robot is not None:
                    self._exchange(at, robot)

    def _exchange(self, at: int, robot: Robot) -> None:
        if self.syncing[at]:
            for token in self.disks[at].sync():
                robot.persisted(token, self.now)
        output = robot.poll()
        self.disks[at].waiting.extend(output.persist)
        self.events[at].extend(output.events)
        self.committed[at].extend(output.committed)
        self.sent[at].extend(output.frames)
        self.watched[at].extend(output.watched)
        for other, receiver in enumerate(self.robots):
            apart = {at, other} & self.cut or (at in self.island) != (other in self.island)
            if other != at and receiver is not None and not apart:
                for frame in output.frames:
                    receiver.receive(frame, self.now)

    def robot(self, at: int) -> Robot:
        """Return robot ``at``, which must be running."""
        robot = self.robots[at]
        assert robot is not None
        return robot

    def status(self, at: int) -> RobotStatus:
        """Return the status of robot ``at``."""
        return self.robot(at).status(self.now)

    def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until ``holds``, at most so long; return whether it does."""
        end = self.now + round(seconds * 1e9)
        while not holds() and self.now < end:
            self.run(0.1)
        return holds()

    def living(self) -> list[int]:
        """Return the numbers of the running robots."""
        return [at for at, robot in enumerate(self.robots) if robot is not None]

    def leader(self) -> int:
        """Return the number of the robot that all running robots call their leader."""
        leaders = {r.status(self.now).leader for r in self.robots if r is not None}
        assert len(leaders) == 1 and 0 not in leaders, leaders
        return leaders.pop() - 1000

    def kinds(self, at: int) -> list[str]:
        """Return the kinds of all events of robot ``at``."""
        return [event.kind for event in self.events[at]]

    def values_put(self, at: int) -> list[tuple[str, bool]]:
        """Return the puts that robot ``at`` applied, with whether they took effect."""
        return [(c.command, c.applied) for c in self.committed[at] if '"put"' in c.command]


def put(key: str, value: str) -> str:
    """Return the JSON of a put."""
    return encode_command(Put(key, value)).decode()
