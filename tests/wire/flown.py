# SPDX-License-Identifier: Apache-2.0
"""Twenty seconds of a few robots, in virtual time: every frame and record that they made."""

from __future__ import annotations

from functools import cache
import random
from typing import NamedTuple

from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mission.commands import (
    encode_command,
    Put,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim
from swarm_coordination.persistence import PersistRequest, Provision, Record, Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.settings import RobotSettings
from wire.by_the_page import frames

COUNT = 6
# Of three that vote; the last two come late, and get a snapshot over two hops.
LATE = (4, 5)
MISSION = StartMission('row', Formation('line', 3000), ((0, 0, 0), (6000, 0, 0)), 400, 60_000)


class Flown(NamedTuple):
    """What came out of a run: frames in the order in which they were sent, by whom; records."""

    provisions: dict[int, Provision]
    frames: list[tuple[int, bytes]]
    records: list[list[Record]]


class Tap(Observer):
    """Keeps everything."""

    def __init__(self, count: int) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.records: list[list[Record]] = [[] for _ in range(count)]
        self.provisions: dict[int, Provision] = {}

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Take who a robot is."""
        self.provisions[node.number] = recovered.provision

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Take the frames that a robot sends."""
        self.frames += [(node.number, frame) for frame in output.frames]

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Take the records that are on its disk."""
        self.records[node.number] += request.records


@cache
def fly(seed: int = 1) -> Flown:
    """
    Return what six robots in a line, of which three vote, said in twenty seconds.

    In it: an election, a mission with slots, robots that change places, commands over hops,
    leadership handed over, a read, a stop raised and lifted, a death, two that join late and
    need a snapshot, a disk that is lost.
    """
    settings = RobotSettings(consensus=RaftSettings(snapshot_entries=8))
    arena = Arena(COUNT, seed, shape='line', base=one_hop((1.0, 5.0), loss=0.1),
                  settings=settings, voters=3, absent=LATE)
    tap = Tap(COUNT)
    arena.watch(tap)
    arena.run(3.0)
    arena.propose(3, encode_command(MISSION).decode())
    rng = random.Random(seed)
    for number in range(8):
        value = ''.join(rng.choices('aé"\\\n\x7f𝄞xyz0123456789', k=60))
        arena.propose(number % 4, encode_command(Put(f'key{number}', value)).decode(), f'{number}')
    arena.propose(2, encode_command(TaskAdd('scan', 5_000, 'far')).decode())
    arena.propose(2, encode_command(TaskClaim('scan')).decode())
    arena.run(1.0)
    first, second = arena.air.where(0), arena.air.where(1)
    arena.move(0, *second)
    arena.move(1, *first)
    arena.run(1.0)
    leader = arena.agreed_leader()
    assert leader is not None
    follower, other = [node for node in arena.nodes[:3] if node is not leader]
    follower.read(arena.queue.now)
    arena.run(0.5)
    to = TransferLeadership(follower.storage_id)
    arena.propose(3, encode_command(to).decode())
    arena.stop(3)
    arena.run(1.5)
    arena.propose(0, arena.nodes[0].core.lift_command())
    for round_ in range(12):
        arena.propose(round_ % 3, encode_command(Put('again', str(round_))).decode())
        arena.run(0.2)
    arena.kill(other.number)
    arena.run(3.0)
    for number in LATE:
        arena.nodes[number].start(arena.queue.now)
    arena.run(3.0)
    arena.restart(other.number, keep_disk=False)
    arena.run(3.0)
    return Flown(tap.provisions, tap.frames, tap.records)


@cache
def told() -> list[tuple[bytes, frames.Frame]]:
    """Return all frames of the run, and what docs/wire.md makes of them."""
    mine = fly().provisions[0]
    return [(data, frames.read(data, mine.key, mine.cluster_id)) for _, data in fly().frames]
