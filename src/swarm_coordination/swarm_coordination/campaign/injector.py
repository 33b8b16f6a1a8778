# SPDX-License-Identifier: Apache-2.0
"""Does to an arena what a schedule says, and ends all of it when the calm begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from swarm_coordination.arena.air import Condition, Pairs
from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.campaign.faults import Fault, LEADER
from swarm_coordination.campaign.profiles import profile_named
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.consensus.messages import Role
from swarm_coordination.units import from_mm, NS_PER_MS

# A robot that moves is put on this often: far more often than a link time-out.
MOVE_STEP_MS = 200
# How often a disk that is held is looked at: far more often than a beacon.
HELD_STEP_MS = 5
# Kind: what its faults hold a robot in. Who started anew is awake, and alive.
_HELD = {'crash': 'dead', 'wipe': 'dead', 'pause': 'asleep', 'slow_disk': 'disk', 'drift': 'clock'}
_OF_A_LIFE = ('dead', 'asleep')


class _Hold(NamedTuple):
    """What a robot is held in: several faults may do so, and it lasts as long as any of them."""

    what: str
    robot: int
    life: int  # of the process where it ends with that, else 0


class _Drive(NamedTuple):
    """A robot under way, by the ms of the start and the end."""

    start_ms: int
    end_ms: int
    start: tuple[float, float]
    end: tuple[float, float]


class _Doomed(NamedTuple):
    """A robot that is to die in the life ``life``, at ``latest`` (ns), once enough is unsynced."""

    number: int  # of the fault
    robot: int
    life: int
    latest: int
    fault: Fault


class Injector:
    """
    Pushes the faults of a schedule into an arena's queue.

    ``rules`` know whose disks must not be lost; ``told`` hears of each fault.
    """

    def __init__(
        self,
        arena: Arena,
        schedule: Schedule,
        rules: RaftRules,
        told: Callable[[str, int], None],
    ) -> None:
        self._arena, self._schedule, self._rules, self._told = arena, schedule, rules, told
        self._homes = [arena.air.where(node.number) for node in arena.nodes]
        self._laid: dict[int, int] = {}  # number of the fault: handle
        self._holding: dict[int, list[_Hold]] = {}  # by number of the fault
        self._holds: dict[_Hold, dict[int, Fault]] = {}  # by number, the newest begun last
        self._drives: dict[int, _Drive] = {}
        self._jams: dict[int, Fault] = {}  # under way, by number of the fault
        self._doomed: list[_Doomed] = []
        self._disks = list(arena.sync_ns)
        self._rates = [node.clock.rate_ppm for node in arena.nodes]
        self._wiped: set[int] = set()
        self._moved: set[int] = set()
        self.begun: dict[str, int] = {}
        for number, fault in enumerate(schedule.faults):
            if fault.at_ms < schedule.calm_ms:
                self._push(fault.at_ms, self._begin, number, fault)
                end = min(fault.at_ms + fault.for_ms, schedule.calm_ms)
                self._push(end, self._end, number, fault)
        arena.queue.push(START_NS + schedule.calm_ms * NS_PER_MS, self._calm)

    def _push(
        self, at_ms: int, act: Callable[[int, Fault, int], None], number: int, fault: Fault
    ) -> None:
        self._arena.queue.push(
            START_NS + at_ms * NS_PER_MS, lambda now: act(number, fault, now)
        )

    # ---------------------------------------------------------------- one fault

    def _begin(self, number: int, fault: Fault, now: int) -> None:
        robots = tuple(self._resolve(robot) for robot in fault.robots)
        hit = ','.join(f'r{robot + 1}' for robot in robots)
        told = f'fault: {fault.what()}{f" (hits {hit})" if hit else ""}'
        if fault.kind == 'wipe' and not self._rules.may_lose(*robots, *self._wiped):
            fault = fault._replace(kind='crash', values=(0,))
            told += ': disks are kept, or no majority would; it is a crash'
        self._told(told, now)
        self.begun[fault.kind] = self.begun.get(fault.kind, 0) + 1
        condition = self._condition(fault, robots)
        if condition is not None:
            self._laid[number] = self._arena.air.lay(condition)
            if fault.kind == 'jam':
                self._jams[number] = fault
                if profile_named(self._schedule.profile).flies:
                    self._follow(number, now)
            return
        for robot in dict.fromkeys(robots):  # once each: one may be the leader, too
            waits = fault.kind == 'crash' and fault.value(1)  # its time begins when it has died
            if fault.kind in _HELD and not waits:
                self._holding.setdefault(number, []).append(self._hold(number, fault, robot))
            self._hit_one(number, fault, robot, now)

    def _condition(self, fault: Fault, robots: tuple[int, ...]) -> Condition | None:
        """Return what the fault lays on links; None where it does something else."""
        kind, values = fault.kind, fault.values
        if kind == 'loss':
            return Condition(loss=values[0] / 100.0)
        if kind == 'duplicate':
            return Condition(duplicate=values[0] / 100.0)
        if kind == 'delay':
            return Condition(delay_ns=(values[0] * NS_PER_MS, values[1] * NS_PER_MS))
        if kind in ('clog', 'swizzle'):
            return Condition(self._links(lambda a, b: a in robots or b in robots), clog=True)
        if kind == 'island':
            links = self._links(lambda a, b: (a in robots) != (b in robots))
            return Condition(links, cut=True)
        if kind == 'one_way':
            deaf = robots[1:] or range(len(self._homes))
            return Condition(self._links(lambda a, b: a == robots[0] and b in deaf), cut=True)
        if kind == 'jam':
            x, y, radius = (from_mm(value) for value in values)
            inside = [
                n for n, (px, py) in enumerate(map(self._arena.air.where, range(len(self._homes))))
                if (px - x) ** 2 + (py - y) ** 2 <= radius**2
            ]
            return Condition(self._links(lambda a, b: b in inside), cut=True)
        return None

    def _hold(self, number: int, fault: Fault, robot: int) -> _Hold:
        """Note that a fault holds a robot until it is released."""
        what = _HELD[fault.kind]
        life = self._arena.nodes[robot].life if what in _OF_A_LIFE else 0
        hold = _Hold(what, robot, life)
        self._holds.setdefault(hold, {})[number] = fault
        return hold

    def _hit_one(self, number: int, fault: Fault, robot: int, now: int) -> None:
        arena = self._arena
        match fault.kind:
            case 'crash' if fault.value(1):
                self._doom(number, fault, robot, now)
            case 'crash':
                arena.kill(robot, fault.values[0])
            case 'wipe':
                arena.kill(robot)
                self._wiped.add(robot)
            case 'pause':
                arena.pause(robot)
            case 'slow_disk' | 'drift':
                self._set(fault, robot, now)
            case 'leap':
                arena.leap(robot, fault.values[0])
            case 'leap_back':
                arena.set_back(robot, fault.value(0))
                self._restart(robot)
            case 'move':
                x, y = (from_mm(value) for value in fault.values)
                start_ms = (now - START_NS) // NS_PER_MS
                end_ms = min(start_ms + max(1, fault.for_ms), self._schedule.calm_ms)
                where = arena.air.where(robot)
                self._moved.add(robot)
                self._drives[robot] = _Drive(start_ms, end_ms, where, (x, y))
                self._drive(robot, now)

    def _set(self, fault: Fault, robot: int, now: int) -> None:
        """Give a disk or a clock the values of a fault."""
        if fault.kind == 'drift':
            self._arena.nodes[robot].clock.set_rate(fault.values[0], now)
        else:
            low, high = (value * NS_PER_MS for value in fault.values)
            self._arena.sync_ns[robot] = (low, high)

    def _end(self, number: int, fault: Fault, now: int) -> None:
        """End a fault: in its time, or just before the calm."""
        self._jams.pop(number, None)
        self._arena.air.lift(self._laid.pop(number, 0))
        for hold in self._holding.pop(number, ()):
            self._release(hold, number, now)

    def _release(self, hold: _Hold, number: int, now: int) -> None:
        """End what a fault does to a robot, as far as no other does the same to it."""
        left = self._holds[hold]
        fault = left.pop(number)
        if not left:
            del self._holds[hold]
            self._spare(hold, fault, now)
        elif hold.what not in _OF_A_LIFE:
            self._set(next(reversed(left.values())), hold.robot, now)

    def _spare(self, hold: _Hold, fault: Fault, now: int) -> None:
        """End what no fault holds a robot in any more; ``fault`` was the last."""
        arena, robot = self._arena, hold.robot
        if hold.what in _OF_A_LIFE and hold.life != arena.nodes[robot].life:
            return  # it started anew meanwhile
        match hold.what:
            case 'dead':
                self._restart(robot)
            case 'asleep':
                arena.resume(robot, tick_first=bool(fault.values[0]))
            case 'disk':
                arena.sync_ns[robot] = self._disks[robot]
            case 'clock':
                arena.nodes[robot].clock.set_rate(self._rates[robot], now)

    def _doom(self, number: int, fault: Fault, robot: int, now: int) -> None:
        """Hold the disk of a robot, and kill it once more is unsynced than is to survive."""
        node = self._arena.nodes[robot]
        latest = now + fault.value(1) * NS_PER_MS
        doomed = _Doomed(number, robot, node.life, latest, fault)
        self._doomed.append(doomed)
        if node.core is not None:
            node.disk.hold()
        self._look_at_disk(doomed, now)

    def _look_at_disk(self, doomed: _Doomed, now: int) -> None:
        if doomed not in self._doomed:
            return
        node = self._arena.nodes[doomed.robot]
        if node.life != doomed.life or node.core is None:  # another fault was faster
            self._fell(doomed, now)
        elif node.disk.unsynced > doomed.fault.values[0] or now >= doomed.latest:
            self._arena.kill(doomed.robot, doomed.fault.values[0])
            self._fell(doomed, now)
        else:
            step = HELD_STEP_MS * NS_PER_MS
            self._arena.queue.push(now + step, lambda at: self._look_at_disk(doomed, at))

    def _fell(self, doomed: _Doomed, now: int) -> None:
        """Have a robot that was to die start again in time."""
        self._doomed.remove(doomed)
        if self._arena.nodes[doomed.robot].core is not None:
            return  # it has died and started again meanwhile
        hold = self._hold(doomed.number, doomed.fault, doomed.robot)
        calm = START_NS + self._schedule.calm_ms * NS_PER_MS
        at = min(now + doomed.fault.for_ms * NS_PER_MS, calm)
        self._arena.queue.push(at, lambda now: self._release(hold, doomed.number, now))

    def _restart(self, robot: int) -> None:
        keep = robot not in self._wiped
        if self._arena.nodes[robot].core is None:
            self._wiped.discard(robot)
            self._arena.restart(robot, keep_disk=keep)

    def _drive(self, robot: int, now: int) -> None:
        drive = self._drives.get(robot)
        if drive is None:
            return
        now_ms = (now - START_NS) // NS_PER_MS
        share = min(1.0, (now_ms - drive.start_ms) / max(1, drive.end_ms - drive.start_ms))
        x, y = (a + share * (b - a) for a, b in zip(drive.start, drive.end))
        self._arena.move(robot, round(x, 3), round(y, 3))
        self._jam_anew()
        if share < 1.0:
            self._arena.queue.push(
                now + MOVE_STEP_MS * NS_PER_MS, lambda at: self._drive(robot, at)
            )
        else:
            del self._drives[robot]

    def _follow(self, number: int, now: int) -> None:
        """Have a jam hit whoever flies into its zone, as long as it is under way."""
        if number in self._jams:
            self._jam_anew()
            step = MOVE_STEP_MS * NS_PER_MS
            self._arena.queue.push(now + step, lambda at: self._follow(number, at))

    def _jam_anew(self) -> None:
        """Have jams that are under way hit whoever is in their zones now."""
        air = self._arena.air
        for number, fault in self._jams.items():
            condition, before = self._condition(fault, ()), self._laid[number]
            assert condition is not None
            self._laid[number] = air.lay(condition)
            air.lift(before)  # only now: nothing is let through between the two

    def _calm(self, now: int) -> None:
        """End what has not ended by itself: all links are good, all at home, awake and alive."""
        self._told('calm: all faults end', now)
        arena = self._arena
        for handle in self._laid.values():
            arena.air.lift(handle)
        self._laid.clear()
        self._jams.clear()
        self._drives.clear()
        for doomed in self._doomed:
            arena.kill(doomed.robot, doomed.fault.values[0])
        self._doomed.clear()
        for robot, (x, y) in enumerate(self._homes):
            if robot in self._moved:
                arena.move(robot, x, y)
            arena.resume(robot)
            self._restart(robot)

    # ---------------------------------------------------------------- who and where

    def _links(self, choose: Callable[[int, int], bool]) -> Pairs:
        count = range(len(self._homes))
        return frozenset((a, b) for a in count for b in count if a != b and choose(a, b))

    def _resolve(self, robot: int) -> int:
        """Return whom a fault hits: for LEADER the leader of the highest term, else robot 0."""
        if robot != LEADER:
            return robot
        leaders = [
            (node.core.term, node.number) for node in self._arena.nodes
            if node.core is not None and node.core.role == Role.LEADER
        ]
        return max(leaders, default=(0, 0))[1]
