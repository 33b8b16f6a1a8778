# SPDX-License-Identifier: Apache-2.0
"""
A safety stop reaches everybody, and is lifted only under the counters that a command named.

A stop is certain once it is on a disk, for as long as anybody knows it: one whose issuer died
before may be forgotten, and so may one whose every copy was on disks that are lost. Who has heard
of a stop obeys it until its own log lifts that counter: checked whenever something is lifted, and
once all have healed for all that is certain.

Counters alone do not say which stop is meant: a robot whose disk was lost may give one again, or a
lower one. So each raising is followed on its own, too, with the counters under which its issuer
raised it anew: until a command that is committed later names one of them it is in force.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mission.commands import decode_command, LiftStop
from swarm_coordination.persistence import PersistRequest, Recovered, StopRecord
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput

RULE = 'Safety stop delivered'


class _Raising(NamedTuple):
    """A stop as its issuer raised it, with every counter that it has had."""

    counters: tuple[int, ...]
    durable: bool


class StopRules(Observer):
    """Follows every stop from its first disk to its lifting; told of events after ``rules``."""

    def __init__(self, rules: RaftRules) -> None:
        self.checks = tally(RULE)
        self._rules = rules
        self._raised: dict[int, int] = {}  # issuer: highest counter that is certain
        self._lifted: dict[int, int] = {}
        self._lifts: list[tuple[int, int, int]] = []  # (index, issuer, counter), ascending
        self._judged = 0
        self._on_disk: dict[int, dict[int, int]] = {}  # by robot: issuer: highest counter
        self._heard: dict[int, dict[int, int]] = {}  # the same, in memory of this life
        self._raisings: dict[int, list[_Raising]] = {}  # by issuer, oldest first: not lifted yet

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Begin a life with what the disk gave back."""
        self._heard[node.number] = dict(self._on_disk.get(node.number, {}))

    def crashed(self, node: Node, now: int) -> None:
        """Forget what was heard and not written."""
        self._heard[node.number] = dict(self._on_disk.get(node.number, {}))
        kept = [raising for raising in self._raisings.get(node.storage_id, ()) if raising.durable]
        self._raisings[node.storage_id] = kept

    def wiped(self, node: Node, now: int) -> None:
        """Forget what a disk held, and what nobody else knows."""
        self._on_disk.pop(node.number, None)
        self._heard.pop(node.number, None)  # it is dead
        self._raisings.pop(node.storage_id, None)  # from now on as certain as others know it
        known = [*self._on_disk.values(), *self._heard.values()]
        for issuer, counter in self._raised.items():
            still = max((held.get(issuer, 0) for held in known), default=0)
            self._raised[issuer] = min(counter, still)

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Note the stops that are on a disk."""
        for record in request.records:
            if isinstance(record, StopRecord):
                for known in (self._raised, self._on_disk.setdefault(node.number, {})):
                    known[record.issuer] = max(known.get(record.issuer, 0), record.counter)
                if record.issuer == node.storage_id:
                    self._raisings[record.issuer] = [
                        raising._replace(durable=raising.durable or record.counter in raising[0])
                        for raising in self._raisings.get(record.issuer, ())
                    ]

    def raised(self, node: Node, core: Coordinator, counter: int) -> None:
        """Follow a stop that ``node`` has just been asked to raise; it must be in force there."""
        raising = _Raising((counter,), durable=False)
        self._raisings.setdefault(node.storage_id, []).append(raising)
        self._check_raised(node, core)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note what is heard, and what committed commands lift; check who has just lifted."""
        heard = self._heard[node.number]
        for request in output.persist:
            for record in request.records:
                if isinstance(record, StopRecord):
                    if record.issuer == node.storage_id:
                        self._note_anew(record)
                    heard[record.issuer] = max(heard.get(record.issuer, 0), record.counter)
        self._judge(output)
        if any(event.kind in ('stop_lifted', 'snapshot_installed') for event in output.events):
            self._check_heard(node, core)
            self._check_raised(node, core)

    def _note_anew(self, record: StopRecord) -> None:
        """Note the counter under which an issuer has raised its stop anew: nobody knew it yet."""
        raisings = self._raisings.get(record.issuer)
        known = any(
            held.get(record.issuer) == record.counter
            for held in (*self._on_disk.values(), *self._heard.values())
        )
        if raisings and not known:
            newest = raisings[-1]
            raisings[-1] = newest._replace(counters=(*newest.counters, record.counter))

    def _judge(self, output: RobotOutput) -> None:
        for entry in output.committed:
            if entry.index <= self._judged:
                continue
            self._judged = entry.index
            if entry.applied and entry.command:
                command = decode_command(entry.command.encode())
                if isinstance(command, LiftStop):
                    for issuer, counter in command.counters:
                        self._lifted[issuer] = max(counter, self._lifted.get(issuer, 0))
                        self._lifts.append((entry.index, issuer, counter))
                        self._lift_raising(issuer, counter)

    def _lift_raising(self, issuer: int, counter: int) -> None:
        """End the raising that has this counter, and those before it."""
        raisings = self._raisings.get(issuer, [])
        ended = [at for at, raising in enumerate(raisings, 1) if counter in raising.counters]
        del raisings[:max(ended, default=0)]

    def _check_raised(self, node: Node, core: Coordinator) -> None:
        """Check that an issuer obeys the stop that it raised and that nobody has lifted."""
        raisings = self._raisings.get(node.storage_id)
        if not raisings:
            return
        self.checks[RULE] += 1
        if node.storage_id not in _obeyed(core):
            raise InvariantBroken(
                RULE,
                f'{node.name} has raised stop {raisings[-1].counters} and does not obey it; '
                'no lifting names it',
            )

    def _check_heard(self, node: Node, core: Coordinator) -> None:
        """Check that a robot obeys what it has heard and its own log has not lifted."""
        applied = self._rules.applied(node.number)
        lifted: dict[int, int] = {}
        for index, issuer, counter in self._lifts:
            if index <= applied:
                lifted[issuer] = max(counter, lifted.get(issuer, 0))
        obeyed = _obeyed(core)
        for issuer, counter in self._heard[node.number].items():
            if counter <= lifted.get(issuer, 0):
                continue
            self.checks[RULE] += 1
            if obeyed.get(issuer, 0) < counter:
                raise InvariantBroken(
                    RULE,
                    f'{node.name} does not obey stop {counter} of {issuer}; its log has lifted '
                    f'{lifted.get(issuer, 0)}',
                )

    def in_force(self) -> dict[int, int]:
        """Return (issuer: counter) of the stops that must be in force everywhere."""
        return {i: c for i, c in sorted(self._raised.items()) if c > self._lifted.get(i, 0)}

    def check(self, node: Node, core: Coordinator) -> None:
        """Check that a robot that has applied all obeys exactly the stops in force."""
        obeyed = _obeyed(core)
        if self._raised or obeyed:  # where nobody ever raised one there is nothing to obey
            self.checks[RULE] += 1
        for issuer, raisings in sorted(self._raisings.items()):
            if any(raising.durable for raising in raisings) and issuer not in obeyed:
                raise InvariantBroken(
                    RULE,
                    f'{node.name} does not obey stop {raisings[-1].counters} of {issuer}, '
                    'which no lifting names',
                )
        if obeyed != self.in_force():
            raise InvariantBroken(
                RULE,
                f'{node.name} obeys {obeyed}, in force are {self.in_force()}',
            )


def _obeyed(core: Coordinator) -> dict[int, int]:
    """Return (issuer: counter) of the stops that a robot obeys."""
    text = core.lift_command()
    command = decode_command(text.encode()) if text else None
    return dict(command.counters) if isinstance(command, LiftStop) else {}
