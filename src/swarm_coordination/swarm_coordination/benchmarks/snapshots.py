# SPDX-License-Identifier: Apache-2.0
"""
A snapshot over three hops in virtual time, while commands go on being committed.

Six robots in a line, each hearing only its next. The first three vote and start from a snapshot
on their disks whose log is gone; the last three are new. From their start it is measured until
the last of them, three hops from the nearest snapshot, flies by the snapshot's state. What has to
cross the air has 64 kB as it is sent: the state is filled with noise, which does not compress.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import random
import string
from typing import NamedTuple

from swarm_coordination.benchmarks.figures import percentile
from swarm_coordination.benchmarks.stage import shipped_settings, Stage
from swarm_coordination.bounds import LIFTED_MAX
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.messages import Role
from swarm_coordination.errors import UsageError
from swarm_coordination.mission.blackboard import BLACKBOARD_MAX, BoardValue, BoardValues
from swarm_coordination.mission.commands import encode_command, Put, VALUE_CHARS_MAX
from swarm_coordination.mission.sessions import (
    Client,
    CLIENTS_MAX,
    RESULT_CHARS_MAX,
    Session,
    SESSIONS_MAX,
    WINDOW,
)
from swarm_coordination.mission.snapshot import encode_state, StateValues
from swarm_coordination.mission.task_commands import DETAIL_CHARS_MAX, TASK_RESULT_CHARS_MAX
from swarm_coordination.mission.tasks import Task, TASKS_MAX
from swarm_coordination.persistence import HardState, PersistRequest, SnapshotRecord
from swarm_coordination.robot.snapshots import pack
from swarm_coordination.units import NS_PER_S

SNAPSHOT_BYTES = 65_536
INDEX, TERM = 5_000, 3
VOTERS, NEWCOMERS = 3, 3
_COMMANDS_NS = NS_PER_S // 4
_LOOK_S = 0.05
_COMMIT_MOST_S = 5.0
_MOST_S = 300.0
_LETTERS = string.ascii_letters + string.digits + '-_.:;,!?+*/()[]{}<>@#%&=~^|$ '


class Crossing(NamedTuple):
    """Seconds until the last robot had it, commit latency meanwhile and before (s, median)."""

    seconds: float
    latency_s: float
    latency_before_s: float


def three_hops(
    seed: int, size: int = SNAPSHOT_BYTES, loss: float = 0.1, budget: int = 20_000
) -> Crossing:
    """Let a snapshot of ``size`` bytes cross three hops; ``budget`` in bytes/s of each robot."""
    shipped = shipped_settings()
    settings = dataclasses.replace(
        shipped, mesh=dataclasses.replace(shipped.mesh, byte_budget_per_s=budget)
    )
    count = VOTERS + NEWCOMERS
    stage = Stage(
        count, f'snapshot/{seed}', shape='line', loss=loss, settings=settings, voters=VOTERS,
        absent=range(count),
    )
    arena = stage.arena
    record = _record(stage, size)
    for node in arena.nodes[:VOTERS]:
        request = PersistRequest(1, (HardState(TERM, 0), record))
        node.disk.write((request,), lambda token, now: None)
    arena.run(0.01)
    for robot in range(VOTERS):
        arena.restart(robot)
    stage.settle()
    before = _commits(stage, 10.0, lambda: False)
    started = arena.queue.now
    for robot in range(VOTERS, count):
        arena.restart(robot)
    latencies = _commits(stage, _MOST_S, lambda: _has_jumped(stage, count - 1))
    seconds = (arena.queue.now - started) / NS_PER_S
    return Crossing(seconds, percentile(latencies, 0.5), percentile(before, 0.5))


def crossing_sample(seed: int) -> list[float]:
    """Return the numbers of ``three_hops``."""
    return list(three_hops(seed))


def _has_jumped(stage: Stage, robot: int) -> bool:
    status = stage.arena.status(robot)
    return status is not None and status.applied >= INDEX


def _commits(stage: Stage, seconds: float, until: Callable[[], bool]) -> list[float]:
    """Hand commands to the leader at a steady pace; return their latencies there in s."""
    arena, latencies = stage.arena, []
    end = arena.queue.now + round(seconds * NS_PER_S)
    while arena.queue.now < end and not until():
        at = arena.queue.now
        latency = _commit(stage)
        if latency is not None:
            latencies.append(latency)
        while arena.queue.now < at + _COMMANDS_NS and not until():
            arena.run(_LOOK_S)
    return latencies


def _commit(stage: Stage) -> float | None:
    """Have a command committed; return how long its leader took, None where nobody leads."""
    arena = stage.arena
    leading = (n for n in arena.nodes if n.core is not None and n.core.role is Role.LEADER)
    leader = next(leading, None)
    if leader is None:
        return None
    at = arena.queue.now
    command = encode_command(Put('k000', f'{at:0100d}')).decode()
    key = (leader.storage_id, arena.propose(leader.number, command) or 0)
    applied = stage.applied[leader.number]
    arena.run_until(lambda: key in applied, _COMMIT_MOST_S)
    return (applied.get(key, arena.queue.now) - at) / NS_PER_S


def _record(stage: Stage, size: int) -> SnapshotRecord:
    """Return a snapshot that has ``size`` bytes on its way, or up to one part more."""
    voters = [node.storage_id for node in stage.arena.nodes[:VOTERS]]
    configuration = configuration_bytes(Configuration.provisioned(voters))
    for parts in range(1, 2 * TASKS_MAX):
        state = encode_state(_noise(stage.random, voters, parts))
        record = SnapshotRecord(INDEX, TERM, configuration, state)
        if len(pack(record, TERM)) >= size:
            return record
    raise UsageError(f'no state has {size} bytes on its way')


def _noise(rng: random.Random, voters: list[int], parts: int) -> StateValues:
    """Return a state of random content; it grows with ``parts``."""

    def text(length: int) -> str:
        return ''.join(rng.choices(_LETTERS, k=length))

    def session() -> Session:
        return Session(WINDOW, rng.getrandbits(WINDOW), text(RESULT_CHARS_MAX))

    few, tasks = min(parts, SESSIONS_MAX), max(0, min(parts, TASKS_MAX))
    strangers = sorted(rng.sample(range(10**17, 10**18), few))
    board = [(f'k{n:03d}', BoardValue(text(VALUE_CHARS_MAX), 1)) for n in range(BLACKBOARD_MAX)]
    lifted = sorted(rng.sample(range(10**17, 10**18), min(parts * 4, LIFTED_MAX)))
    return StateValues(
        index=INDEX,
        term=TERM,
        log_time_ms=10**6,
        sessions=tuple((robot, session()) for robot in strangers[: SESSIONS_MAX - len(voters)]),
        clients=tuple(
            (number, Client(session(), 60_000, 10**6)) for number in range(1, CLIENTS_MAX)
        )[:few],
        board=BoardValues(tuple(board)),
        tasks=tuple(
            (f't{n:03d}', Task(60_000, text(DETAIL_CHARS_MAX), done=True,
                               result=text(TASK_RESULT_CHARS_MAX)))
            for n in range(tasks)
        ),
        lifted=tuple((issuer, rng.getrandbits(53)) for issuer in lifted),
    )
