# SPDX-License-Identifier: Apache-2.0
"""
A small closed loop around the controllers: ideal plants, lossy beacons, echo ages, relays.

Virtual time in steps of 10 ms. Every robot beacons at 20 Hz and updates at 20 Hz, each at a phase
of its own; a beacon reaches everybody in range unless it is lost, after a delay. It carries
the echoes from which ages are bounded (design of the mesh) and every row its sender knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math
import random
import time

from swarm_coordination.control import graph
from swarm_coordination.control.controller import ControlReport, FormationController
from swarm_coordination.control.halfspaces import Relaxation
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)

STEP_S = 0.01
STEP_NS = 10_000_000
STEPS_PER_PERIOD = 5  # 20 Hz beacons and updates
LINK_TIMEOUT_S = 1.5
SILENT_S = 2.5

Point = tuple[float, float]


@dataclass
class Row:
    """What a robot holds of another one's newest beacon."""

    beat: int
    position: Point
    links: tuple[int, ...]
    epoch: int
    bound_s: float  # age bound when received
    received_s: float

    def age(self, now: float) -> float:
        return self.bound_s + now - self.received_s


@dataclass
class Agent:
    """One robot of the closed loop."""

    robot: int
    place: Point
    controller: FormationController
    epoch: int = 1
    velocity: Point = (0.0, 0.0)
    yaw: float = 0.0
    alive: bool = True
    rows: dict[int, Row] = field(default_factory=dict)
    sent_s: list[float] = field(default_factory=list)  # by beat
    heard_beat: dict[int, int] = field(default_factory=dict)
    heard_s: dict[int, float] = field(default_factory=dict)
    report: ControlReport | None = None

    def links(self, now: float) -> tuple[int, ...]:
        return tuple(
            robot for robot in sorted(self.heard_s) if now - self.heard_s[robot] <= LINK_TIMEOUT_S
        )


class ClosedLoop:
    """N robots flying to slots; the measures are of true positions, every step."""

    def __init__(
        self,
        starts: list[Point],
        settings: ControlSettings,
        seed: int,
        loss: float = 0.2,
        delay_steps: int = 2,
        controllers: type[FormationController] = FormationController,
    ) -> None:
        self.settings = settings
        self.rng = random.Random(seed)
        self.loss, self.delay_steps = loss, delay_steps
        self.step_count = 0
        self.agents = {
            i + 1: Agent(i + 1, start, controllers(i + 1, settings))
            for i, start in enumerate(starts)
        }
        self.phase = {robot: self.rng.randrange(STEPS_PER_PERIOD) for robot in self.agents}
        self.air: dict[int, list[tuple[int, dict]]] = {}
        self.slots: dict[int, Point] = {}
        self.slot_velocity: Point = (0.0, 0.0)
        self.mode = Mode.FLY
        self.tables_reach = True
        self.nearest_m = math.inf
        self.split_steps = 0
        self.relaxations = 0
        self.update_s: list[float] = []

    @property
    def now(self) -> float:
        return self.step_count * STEP_S

    def alive(self) -> list[Agent]:
        return [agent for agent in self.agents.values() if agent.alive]

    def run(self, seconds: float, until_m: float | None = None) -> bool:
        """Fly; return whether all slots were reached within ``until_m`` (then stop early)."""
        for _ in range(round(seconds / STEP_S)):
            self.step()
            if until_m is not None and self.slot_error() <= until_m:
                return True
        return until_m is None

    def step(self) -> None:
        self._deliver()
        for agent in self.alive():
            if self.step_count % STEPS_PER_PERIOD == self.phase[agent.robot]:
                self._beacon(agent)
            if (self.step_count + 2) % STEPS_PER_PERIOD == self.phase[agent.robot]:
                self._update(agent)
        for agent in self.agents.values():
            vx, vy = agent.velocity
            agent.place = (agent.place[0] + vx * STEP_S, agent.place[1] + vy * STEP_S)
        vx, vy = self.slot_velocity
        self.slots = {k: (x + vx * STEP_S, y + vy * STEP_S) for k, (x, y) in self.slots.items()}
        self.step_count += 1
        self._measure()

    def slot_error(self) -> float:
        return max(math.dist(a.place, self.slots[a.robot]) for a in self.alive())

    def kill(self, robot: int) -> None:
        """Kill the process; the base stands (its last command is dropped at once)."""
        self.agents[robot].alive = False
        self.agents[robot].velocity = (0.0, 0.0)

    def connected(self) -> bool:
        places = [agent.place for agent in self.alive()]
        return graph.connected(graph.disc_graph(places, self.settings.range_m))

    def _measure(self) -> None:
        places = [agent.place for agent in self.agents.values()]
        for i, first in enumerate(places):
            for second in places[:i]:
                self.nearest_m = min(self.nearest_m, math.dist(first, second))
        self.split_steps += not self.connected()

    def _beacon(self, agent: Agent) -> None:
        now = self.now
        agent.sent_s.append(now)
        frame = {
            'sender': agent.robot,
            'beat': len(agent.sent_s) - 1,
            'position': (round(agent.place[0], 3), round(agent.place[1], 3)),
            'links': agent.links(now),
            'epoch': agent.epoch,
            'echo': dict(agent.heard_beat),
            'rows': {k: (row, row.age(now)) for k, row in agent.rows.items()},
        }
        for other in self.alive():
            in_range = math.dist(agent.place, other.place) <= self.settings.range_m
            if other is not agent and in_range and self.rng.random() >= self.loss:
                arrival = self.step_count + 1 + self.rng.randrange(2 * self.delay_steps)
                self.air.setdefault(arrival, []).append((other.robot, frame))

    def _deliver(self) -> None:
        now = self.now
        for receiver, frame in self.air.pop(self.step_count, ()):
            agent = self.agents[receiver]
            if not agent.alive:
                continue
            sender = frame['sender']
            echoed = frame['echo'].get(receiver)
            bound = math.inf if echoed is None else now - agent.sent_s[echoed]
            if frame['beat'] > agent.heard_beat.get(sender, -1):
                agent.heard_beat[sender] = frame['beat']
                agent.heard_s[sender] = now
            own = Row(
                frame['beat'], frame['position'], frame['links'], frame['epoch'], bound, now
            )
            self._merge(agent, sender, own)
            for robot, (row, age) in frame['rows'].items():
                if robot != receiver:
                    relayed = Row(
                        row.beat, row.position, row.links, row.epoch, age + bound, now
                    )
                    self._merge(agent, robot, relayed)

    def _merge(self, agent: Agent, robot: int, row: Row) -> None:
        known = agent.rows.get(robot)
        newer = known is None or row.beat > known.beat
        if newer or (row.beat == known.beat and row.age(self.now) < known.age(self.now)):
            agent.rows[robot] = row

    def _table(self, agent: Agent) -> NeighborTable:
        now = self.now
        links = agent.links(now)
        states = []
        for robot in sorted(agent.rows):
            row = agent.rows[robot]
            silent = now - row.received_s > SILENT_S
            states.append(
                NeighborState(
                    robot,
                    f'robot{robot}',
                    (row.position[0], row.position[1], 0.0),
                    (0.0, 0.0, 0.0),
                    0.0,
                    row.epoch,
                    row.age(now),
                    Liveness.SILENT if silent else Liveness.ALIVE,
                    robot in links,
                    row.links,
                    0.0,
                    row.epoch,
                    True,
                )
            )
        return NeighborTable(self.now_ns, agent.robot, agent.epoch, tuple(states))

    @property
    def now_ns(self) -> int:
        return self.step_count * STEP_NS

    def _update(self, agent: Agent) -> None:
        now = self.now_ns
        slot = self.slots.get(agent.robot, agent.place)
        x, y = agent.place
        controller = agent.controller
        controller.observe(Pose(x, y, 0.0, agent.yaw), (*agent.velocity, 0.0), now)
        if self.tables_reach:
            controller.table(self._table(agent), now)
            controller.target(
                FormationTarget(
                    now,
                    self.mode,
                    agent.epoch,
                    agent.robot,
                    len(self.agents),
                    (slot[0], slot[1], 0.0),
                    (*self.slot_velocity, 0.0),
                    0.0,
                ),
                now,
            )
        before = time.process_time()
        report = controller.update(now)
        self.update_s.append(time.process_time() - before)
        agent.report = report
        agent.velocity = (report.command.vx, report.command.vy)
        self.relaxations += report.relaxation is not Relaxation.NONE


def connected_start(rng: random.Random, count: int, range_m: float, apart_m: float) -> list[Point]:
    """Random places whose disc graph at ``range_m`` is connected, ``apart_m`` or more apart."""
    places: list[Point] = [(0.0, 0.0)]
    while len(places) < count:
        x, y = rng.choice(places)
        angle, reach = rng.uniform(0.0, math.tau), rng.uniform(apart_m, range_m)
        spot = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        if all(math.dist(spot, other) >= apart_m for other in places):
            places.append(spot)
    return places


def slots_of(shape: str, count: int, spacing_m: float) -> list[Point]:
    """Slots of a formation, neighbours ``spacing_m`` apart, around the origin."""
    if shape == 'circle':
        radius = spacing_m / (2.0 * math.sin(math.pi / count))
        turn = math.tau / count
        return [(radius * math.cos(k * turn), radius * math.sin(k * turn)) for k in range(count)]
    if shape == 'line':
        return [((k - (count - 1) / 2.0) * spacing_m, 0.0) for k in range(count)]
    arms = []
    for k in range(count):
        rank, side = (k + 1) // 2, 1.0 if k % 2 else -1.0
        arms.append((-rank * spacing_m * 0.7, side * rank * spacing_m * 0.7))
    return arms
