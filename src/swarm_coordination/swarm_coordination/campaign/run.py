# SPDX-License-Identifier: Apache-2.0
"""Play one schedule under every invariant; the first one broken ends the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
import gc
import random
from typing import NamedTuple

from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign import raised
from swarm_coordination.campaign.blackboard import Blackboard
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.courses.course import Course
from swarm_coordination.campaign.courses.courses import COURSES
from swarm_coordination.campaign.coverage import Coverage
from swarm_coordination.campaign.flight import Flight
from swarm_coordination.campaign.flight_load import FlightLoad
from swarm_coordination.campaign.ghosts import Ghosts
from swarm_coordination.campaign.healing import (
    BOUND_MS,
    Healing,
    LOOK_MS,
    PROMOTED,
    STAYS,
    UNDER_WAY_MS,
    unpromoted,
)
from swarm_coordination.campaign.injector import Injector
from swarm_coordination.campaign.operator_rules import OperatorRules
from swarm_coordination.campaign.operators import Operators
from swarm_coordination.campaign.outsiders import Outsiders
from swarm_coordination.campaign.profiles import Profile, profile_named
from swarm_coordination.campaign.promises import Promises
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.read_rules import ReadRules
from swarm_coordination.campaign.schedule import late, Schedule
from swarm_coordination.campaign.session_rules import SessionRules
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.campaign.task_load import TaskLoad
from swarm_coordination.campaign.task_rules import TaskRules
from swarm_coordination.campaign.trace_lines import TraceLines
from swarm_coordination.campaign.verdicts import judges, Verdicts
from swarm_coordination.campaign.workload import Workload
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.history.operations import Event
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.membership_settings import MembershipSettings
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.simulation.trace_hash import Trace
from swarm_coordination.units import NS_PER_MS

# Own clocks run within half of what age bounds allow for (mesh.clock_drift_ppm).
DRIFT_PPM = 100


class Outcome(NamedTuple):
    """
    What became of one schedule.

    ``rule``: name of the invariant that broke, '' for none; ``text``: what contradicts it;
    ``at_ms``: when, or the end. ``healed_ms``: how long after the last fault the swarm had healed;
    None where it had not, be it that the run ended before. ``checks``: comparisons by rule.
    ``undecided``: keys of the blackboard whose history was too much to decide.
    """

    schedule: Schedule
    rule: str
    text: str
    at_ms: int
    healed_ms: int | None
    events: int
    checks: dict[str, int]
    commands: int
    faults: dict[str, int]
    states: tuple[str, ...]
    trace_hash: str
    undecided: int = 0


class Run:
    """One schedule being played; ``say`` takes a readable trace."""

    def __init__(self, schedule: Schedule, say: Callable[[str], None] | None = None) -> None:
        self._schedule, self._say = schedule, say
        profile = profile_named(schedule.profile)
        absent = late(schedule, profile)
        settings = _settings(profile, schedule.seed)
        self._voters_max = settings.membership.voters_max
        low, high = schedule.delay_ms
        self.arena = arena = Arena(
            schedule.robots,
            f'{schedule.profile}/{schedule.seed}',
            shape=schedule.shape,
            base=one_hop((low, high)),
            settings=settings,
            voters=min(profile.voters, schedule.robots - len(absent)),
            flies=profile.flies,
            sync_ms=(schedule.sync_us[0] / 1000.0, schedule.sync_us[1] / 1000.0),
            drift_ppm=DRIFT_PPM,
            absent=absent,
        )
        voters = tuple(v.storage_id for v in arena.nodes[0].disk.recovered().provision.voters)
        self._rules = RaftRules(arena.nodes, voters)
        self._promises = Promises(arena.nodes, arena.codec, self._rules)
        self._commands = CommandRules()
        self._stops = StopRules(self._rules)
        self._board = Blackboard()
        tasks = profile.tasks or profile.claims_per_s > 0
        self._tasks = TaskRules(arena.nodes) if tasks else None
        self._sessions = SessionRules(self._rules) if profile.outsiders else None
        self._reads = ReadRules(self._rules)
        self._flight = Flight(arena, RobotSettings().control) if profile.flies else None
        self._ghosts = Ghosts(arena.nodes, settings.mesh)
        self._verdicts = Verdicts(arena.nodes) if judges(schedule, profile) else None
        self._coverage = Coverage(self._rules, schedule.robots)
        self._hash = _Hash()
        lines = TraceLines(say) if say is not None else None
        for observer in (
            lines, self._rules, self._promises, self._commands, self._stops, self._ghosts,
            self._verdicts, self._board, self._reads, self._tasks, self._sessions, self._flight,
            self._coverage, self._hash,
        ):
            if observer is not None:
                arena.watch(observer)
        told = lines.note if lines is not None else _silent
        self._injector = Injector(arena, schedule, self._rules, told)
        self._clients = Clients(arena, self._board, self._reads, self._stops, self._tasks)
        Workload(arena, schedule, profile, self._clients)
        TaskLoad(arena, schedule, profile, self._clients)
        FlightLoad(schedule, profile, arena, self._clients)
        self._operators = None
        if profile.operators:
            load = Operators(arena, schedule, profile, self._clients)
            self._operators = OperatorRules(arena.nodes, load.low)
            arena.watch(load)
            arena.watch(self._operators)
        self._outsiders = None
        if self._sessions is not None:
            self._outsiders = Outsiders(
                schedule, profile.outsiders, arena, self._clients, self._sessions
            )
            arena.watch(self._outsiders)
        self._healing = Healing(arena, self._commands, self._stops, self._operators)
        self._course: Course | None = None

    @property
    def history(self) -> Sequence[Event]:
        """Return what clients asked of the blackboard and were told so far."""
        return self._board.history

    def play(self) -> Outcome:
        """Run to the end, or to the first rule that breaks."""
        rule = text = ''
        lead = COURSES.get(self._schedule.profile)
        try:
            if lead is not None:
                rng = random.Random(f'{self._schedule.profile}/{self._schedule.seed}/course')
                self._course = course = Course(self.arena, self._rules, self._clients, rng)
                lead(course)
                course.end()
            self._heal()
            self._check_end()
            self._board.finish()
        except InvariantBroken as broken:
            rule, text = broken.rule, broken.text
        except BrokenPipeError:
            raise  # whoever read the trace has gone; the core itself writes nowhere
        except Exception as error:  # noqa: BLE001 - whatever a bug may raise
            rule, text = raised.RULE, raised.told(error, self._say)
        return self._outcome(rule, text)

    def advance_to(self, end_ms: int) -> None:
        """Let virtual time pass up to ``end_ms`` from the start; raises InvariantBroken."""
        self.arena.queue.run_until(START_NS + end_ms * NS_PER_MS)

    def _heal(self) -> None:
        """Look at the swarm from the last fault to the end; raises InvariantBroken."""
        calm_ms, end_ms = self._schedule.calm_ms, self._schedule.end_ms
        self.arena.watch(self._healing)
        for at_ms in (*range(calm_ms, end_ms, LOOK_MS), end_ms):
            self.advance_to(at_ms)
            self._healing.look(at_ms - calm_ms)

    def _check_end(self) -> None:
        """Check that what had healed is whole at the end, or once what is under way is there."""
        end_ms = self._schedule.end_ms
        if end_ms < self._schedule.calm_ms + BOUND_MS:
            return
        # Leaders go on by themselves, rearranging slots for one: the end may fall between
        # an entry's first robot and its last.
        last_ms = end_ms + UNDER_WAY_MS
        while (self._healing.wrong() or self._unpromoted()) and end_ms < last_ms:
            end_ms += LOOK_MS
            self.advance_to(end_ms)
        self._healing.checks[STAYS] += 1
        if wrong := self._healing.wrong():
            raise InvariantBroken(STAYS, wrong)
        self._healing.check_stops()
        self.check_answered()
        self._healing.checks[PROMOTED] += 1
        if left := self._unpromoted():
            raise InvariantBroken(PROMOTED, left)

    def _unpromoted(self) -> str:
        return unpromoted(self.arena, self._rules.lost, self._voters_max)

    def check_answered(self) -> None:
        """Raise InvariantBroken where a client from outside still waits for an answer."""
        if self._outsiders is not None:
            self._outsiders.check_answered()

    def _outcome(self, rule: str, text: str) -> Outcome:
        watchers = (
            self._rules, self._promises, self._commands, self._stops, self._ghosts,
            self._verdicts, self._board, self._reads, self._tasks, self._sessions,
            self._operators, self._flight, self._healing, self._course,
        )
        checks: Counter[str] = Counter()
        for watcher in watchers:
            if watcher is not None:
                checks.update(watcher.checks)
        return Outcome(
            self._schedule,
            rule,
            text,
            (self.arena.queue.now - START_NS) // NS_PER_MS,
            self._healing.healed_ms,
            self.arena.queue.handled,
            dict(checks),
            self._clients.submitted,
            dict(sorted(self._injector.begun.items())),
            tuple(sorted(self._coverage.states)),
            self._hash.trace.hexdigest(),
            self._board.undecided,
        )


class _Hash(Observer):
    """Feeds the trace hash."""

    def __init__(self) -> None:
        self.trace = Trace()

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        self.trace.output(node.number, output, now)


def _settings(profile: Profile, seed: int) -> RobotSettings:
    mesh = MeshSettings(items_max=profile.items_held)
    if profile.byte_budgets_per_s:
        rng = random.Random(f'{profile.name}/{seed}/budget')
        mesh = replace(mesh, byte_budget_per_s=rng.choice(profile.byte_budgets_per_s))
    return RobotSettings(
        mesh=mesh,
        consensus=RaftSettings(snapshot_entries=profile.snapshot_entries),
        membership=MembershipSettings(voters_max=profile.voters),
    )


def _silent(text: str, now: int) -> None:
    """Say nothing."""


def play(
    schedule: Schedule,
    say: Callable[[str], None] | None = None,
    history: list[Event] | None = None,
) -> Outcome:
    """
    Play a schedule; without the collector of cycles, which finds none worth a tenth of it.

    ``history`` takes what clients asked of the blackboard and were told.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        try:
            run = Run(schedule, say)
        except Exception as error:  # noqa: BLE001 - whatever a bug may raise
            text = raised.told(error, say)
            return Outcome(schedule, raised.RULE, text, 0, None, 0, {}, 0, {}, (), '')
        outcome = run.play()
        if history is not None:
            history += run.history
        return outcome
    finally:
        if collects:
            gc.enable()
