# SPDX-License-Identifier: Apache-2.0
"""The director's hands: find the robots an action means, perform it, follow the answers."""

from __future__ import annotations

from collections.abc import Callable
import random

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.mission.commands import (
    Abort,
    Command,
    encode_command,
    Hold,
    LiftStop,
    Put,
    Resume,
)
from swarm_coordination.mission.formations import minority_size
from swarm_coordination.scenario.backend import Backend, Groups, ProposalStage
from swarm_coordination.scenario.conditions import common_leader, Situation
from swarm_coordination.scenario.joints import joining_robot
from swarm_coordination.scenario.missions import mission_command
from swarm_coordination.scenario.record import Accepted, ActionTaken
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.schema import Action, ActionKind

_BARE: dict[ActionKind, Command] = {
    ActionKind.HOLD: Hold(),
    ActionKind.RESUME: Resume(),
    ActionKind.ABORT: Abort(),
}


class Stage:
    """What the director can see of a swarm and do to it."""

    def __init__(
        self,
        backend: Backend,
        recorder: Recorder,
        rng: random.Random,
        source: str,
        swarm: SwarmFile | None,
    ) -> None:
        """Look at the swarm once."""
        self._backend = backend
        self._swarm = swarm
        self._recorder = recorder
        self._rng = rng
        self._source = source
        self._pending: dict[int, tuple[str, str, str]] = {}  # ticket: robot, command, side
        self._accepted: list[tuple[int, int]] = []
        self._owners: dict[int, str] = {}
        self._killed: list[str] = []
        self._revived: list[str] = []
        self._stops = 0  # raised so far
        self._puts_done = 0
        self._next_put_s = 0.0
        self._groups: Groups = ()
        self.phase = ''
        self.seen = self._situation()

    @property
    def busy(self) -> str:
        """Return what a phase has begun and not ended yet; empty: nothing."""
        if self._pending:
            return 'an answer to what was submitted'
        return 'the end of the attack' if self._backend.attacking() else ''

    def look(self, now_s: float) -> None:
        """Take in the swarm's present state and the answers that have come."""
        for ticket, (robot, command, side) in tuple(self._pending.items()):
            answer = self._backend.proposal(ticket)
            if answer.stage is ProposalStage.PENDING:
                continue
            del self._pending[ticket]
            if answer.stage is ProposalStage.ACCEPTED:
                self._accepted.append((answer.session, answer.serial))
                self._recorder.accepted(
                    Accepted(now_s, robot, answer.session, answer.serial, command, side)
                )
            else:
                self._recorder.refused(f'{robot}: {answer.stage.value}: {answer.text}')
        self._recorder.sample(now_s, self._backend)
        self.seen = self._situation()

    def sample(self, now_s: float) -> None:
        """Take a sample now, whatever the sampling rate: the end of a phase."""
        self._recorder.take(now_s, self._backend)

    def finish(self, now_s: float) -> None:
        """Take the last look."""
        self._recorder.finish(now_s, self._backend)

    def group(self, name: str) -> tuple[str, ...]:
        """Return the running robots that a group's name means now."""
        running = self.seen.running
        if name == 'running':
            return running
        if name in ('minority', 'majority'):
            sides = self._groups or self._sides()
            chosen = sides[0] if name == 'minority' else sides[-1]
            return tuple(robot for robot in running if robot in chosen)
        if name == 'revived':
            return tuple(robot for robot in running if robot in self._revived[-1:])
        if name == 'leader':
            leader = self._leader()
            return (leader,) if leader else ()
        return (name,) if name in running else ()

    def begin_next(self) -> None:
        """Forget what only concerned the action that has been performed or given up."""
        self._puts_done = 0

    def perform(self, action: Action, now_s: float) -> bool:
        """Perform ``action``; False where no robot fits it yet, or more of it is to come."""
        return _PERFORM[action.do](self, action, now_s)

    def _situation(self) -> Situation:
        running = self._backend.running()
        statuses = self._backend.statuses()
        for name, status in statuses.items():
            self._owners[status.storage_id] = name
        known = {name: statuses[name] for name in running if name in statuses}
        return Situation(
            self._backend.robots,
            running,
            known,
            self._backend.truth(),
            self._recorder.formation,
            self._recorder.applied,
            tuple(self._accepted),
            self._owners,
            frozenset(robot for robot, _, _ in self._pending.values()),
        )

    def _leader(self) -> str:
        """Name of the leader that the running robots follow: in a split, those of the majority."""
        majority = (self._groups or (self.seen.robots,))[-1]
        group = tuple(n for n in self.seen.running if n in majority and n in self.seen.statuses)
        return common_leader(group, self.seen) if group else ''

    def _sides(self) -> Groups:
        """Minority and majority of the running robots: by slot, as ``groups`` lays them out."""
        last = len(self.seen.robots)
        slots = {n: s.slot if s.slot >= 0 else last for n, s in self.seen.statuses.items()}
        ordered = sorted(self.seen.running, key=lambda n: (slots.get(n, last), n))
        few = minority_size(len(ordered))
        return self._by_votes((tuple(ordered[:few]), tuple(ordered[few:])))

    def _by_votes(self, groups: Groups) -> Groups:
        """
        Return groups in ascending order of their voters: the last is the majority.

        Seven robots vote, in a larger swarm too, and who was lost and came back may not do so
        any more: more robots are not always more votes.
        """
        known = self.seen.statuses.values()
        newest = max(known, key=lambda status: (status.term, status.commit), default=None)
        voters = frozenset(newest.voters if newest else ())
        return tuple(sorted(groups, key=lambda group: (len(voters & set(group)), len(group))))

    def _target(self, wanted: str) -> str:
        """Name of the robot that ``wanted`` means now; "" where there is none."""
        running = self.seen.running
        if wanted == 'killed':
            return self._killed[-1] if self._killed else ''
        if wanted == 'leader':
            return self._leader()
        if wanted == 'any':
            return self._leader() or (running[0] if running else '')
        if wanted == 'articulation':
            return joining_robot(self._backend.links(), running, self.seen.robots, self._leader())
        if wanted == 'random':
            return self._rng.choice(running) if running else ''
        group = self.group(wanted)
        return group[-1] if group else ''

    def _side(self, robot: str) -> str:
        if not self._groups:
            return ''
        return 'majority' if robot in self._groups[-1] else 'minority'

    def _note(
        self, now_s: float, action: Action, robots: tuple[str, ...], text: str, frames: int = 0
    ) -> None:
        self._recorder.action(
            ActionTaken(now_s, self.phase, action.do.value, robots, text, self._groups, frames)
        )

    def _propose(self, action: Action, now_s: float, command: Command, text: str) -> bool:
        robot = self._target(action.target)
        if not robot:
            return False
        data = encode_command(command).decode()
        ticket = self._backend.propose(robot, data)
        self._pending[ticket] = (robot, data, self._side(robot))
        self.seen = self.seen._replace(asked=self.seen.asked | {robot})
        self._note(now_s, action, (robot,), text)
        return True

    def submit(self, action: Action, now_s: float) -> bool:
        """Submit a mission, its way-points moved to the centroid of ``around``."""
        centre = (0.0, 0.0, 0.0)
        if action.around:
            group = self.group(action.around)
            if not group:
                return False
            states = [self.seen.truth[name] for name in group]
            count = len(states)
            centre = (
                sum(state.x for state in states) / count,
                sum(state.y for state in states) / count,
                sum(state.z for state in states) / count,
            )
        command = mission_command(
            action.mission, self._source, swarm=self._swarm, around=centre
        )
        return self._propose(action, now_s, command, f'mission {command.name}')

    def put(self, action: Action, now_s: float) -> bool:
        """Put numbered values, one every ``every_s`` seconds, without waiting for answers."""
        if self._puts_done and now_s < self._next_put_s:
            return False
        number = f'.{self._puts_done + 1}' if action.times > 1 else ''
        command = Put(action.key + number, action.value + number)
        if not self._propose(action, now_s, command, f'put {command.key}'):
            return False
        self._puts_done += 1
        self._next_put_s = now_s + action.every_s
        return self._puts_done >= action.times

    def bare(self, action: Action, now_s: float) -> bool:
        """Hold, resume or abort."""
        return self._propose(action, now_s, _BARE[action.do], action.do.value)

    def lift(self, action: Action, now_s: float) -> bool:
        """Lift the stops that this scenario has raised."""
        owners = {name: storage_id for storage_id, name in self._owners.items()}
        raised = self._backend.stops()
        if not raised or len(raised) < self._stops:
            return False  # a robot has still to say under which counter
        newest = {name: max(c for robot, c in raised if robot == name) for name, _ in raised}
        counters = tuple((owners[name], counter) for name, counter in sorted(newest.items()))
        return self._propose(action, now_s, LiftStop(counters), 'lift stops')

    def kill(self, action: Action, now_s: float) -> bool:
        """Kill a running robot."""
        robot = self._target(action.target)
        if not robot or robot not in self.seen.running:
            return False
        self._note(now_s, action, (robot,), f'kill {robot}')
        self._backend.kill(robot)
        self._killed.append(robot)
        self.look(now_s)
        return True

    def restart(self, action: Action, now_s: float) -> bool:
        """Start a killed robot again."""
        robot = self._target(action.target)
        if not robot or robot in self.seen.running:
            return False
        disk = 'with' if action.keep_disk else 'without'
        self._note(now_s, action, (robot,), f'restart {robot} {disk} its disk')
        self._backend.restart(robot, keep_disk=action.keep_disk)
        if robot in self._killed:
            self._killed.remove(robot)
        self._revived.append(robot)
        return True

    def split(self, action: Action, now_s: float) -> bool:
        """Cut the radio between groups."""
        groups = action.groups or self._sides()
        if any(not group for group in groups):
            return False
        dead = tuple(name for name in self.seen.robots if not any(name in g for g in groups))
        if dead:  # a robot that nobody placed stays with the largest group
            at = max(range(len(groups)), key=lambda number: len(groups[number]))
            groups = tuple(
                (*group, *dead) if number == at else group for number, group in enumerate(groups)
            )
        groups = self._by_votes(groups)
        self._groups = self._recorder.groups = groups
        self._backend.set_partition(groups)
        self._note(now_s, action, (), ' | '.join(' '.join(group) for group in groups))
        return True

    def mute(self, action: Action, now_s: float) -> bool:
        """Let others no longer hear a robot, until the next heal."""
        robot = self._target(action.target)
        if not robot:
            return False
        others = action.to or self.seen.robots
        deaf = tuple(name for name in others if name != robot)
        self._note(now_s, action, (robot,), f'{" ".join(deaf)} no longer hear {robot}')
        self._backend.mute(robot, deaf)
        return True

    def heal(self, action: Action, now_s: float) -> bool:
        """End every imposed cut."""
        self._note(now_s, action, (), 'heal')
        self._groups = self._recorder.groups = ()
        self._backend.set_partition(None)
        return True

    def stop(self, action: Action, now_s: float) -> bool:
        """Raise a safety stop."""
        robot = self._target(action.target)
        if not robot:
            return False
        self._note(now_s, action, (robot,), f'safety stop by {robot}')
        self._backend.stop(robot, action.level)
        self._stops += 1
        return True

    def attack(self, action: Action, now_s: float) -> bool:
        """Let somebody without the key send hostile frames."""
        text = f'{action.rate_hz:g} hostile frames/s, {action.for_s:g} s'
        self._note(now_s, action, (), text, round(action.rate_hz * action.for_s))
        self._backend.attack(action.rate_hz, action.for_s)
        return True

    def note(self, action: Action, now_s: float) -> bool:
        """Write a line into the record."""
        self._note(now_s, action, (), action.text)
        return True


_PERFORM: dict[ActionKind, Callable[[Stage, Action, float], bool]] = {
    ActionKind.SUBMIT: Stage.submit,
    ActionKind.PUT: Stage.put,
    ActionKind.HOLD: Stage.bare,
    ActionKind.RESUME: Stage.bare,
    ActionKind.ABORT: Stage.bare,
    ActionKind.LIFT: Stage.lift,
    ActionKind.KILL: Stage.kill,
    ActionKind.RESTART: Stage.restart,
    ActionKind.SPLIT: Stage.split,
    ActionKind.MUTE: Stage.mute,
    ActionKind.HEAL: Stage.heal,
    ActionKind.STOP: Stage.stop,
    ActionKind.ATTACK: Stage.attack,
    ActionKind.NOTE: Stage.note,
}
