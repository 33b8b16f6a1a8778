# SPDX-License-Identifier: Apache-2.0
"""
Linearizable blackboard: what clients asked and were told has an explanation in one order.

A write or deletion, with or without an expected version, begins when a robot takes the command,
and ends when that robot applies it, in this life or a later one: that is when it answers its
client. A linearizable read begins when a robot is asked for it, and ends in the same life or
never: the client looks at the robot's state once the read is confirmed. The checker is
``history/``'s.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.history.checking import Checker, Violation
from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request
from swarm_coordination.mission.commands import decode_command, Delete, Put
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput

RULE = 'Linearizable blackboard'
# Configurations tried for one key, a second of work; a key given up counts as undecided.
STEPS_MAX = 50_000


class Blackboard(Observer):
    """Records the ``history`` of one run, and has it checked as it grows."""

    def __init__(self) -> None:
        self.checks = tally(RULE)
        self.undecided = 0  # keys that the checker gave up, in the end
        self.history: list[Event] = []
        self._checker = Checker(versioned=True, expired=lambda steps: steps > STEPS_MAX)
        self._running: dict[tuple[int, int], tuple[str, Request]] = {}
        # By robot, life and serial.
        self._reading: dict[tuple[int, int, int], tuple[str, Request]] = {}

    def asked(self, node: Node, serial: int, text: str) -> None:
        """Note that a robot has taken a command."""
        command = decode_command(text.encode())
        if isinstance(command, Put | Delete):
            process = f'{node.name}.{node.life}.{serial}'
            request = _request(command)
            self._running[node.storage_id, serial] = (process, request)
            self._add(Event(process, request))

    def asked_to_read(self, node: Node, serial: int, key: str) -> None:
        """Note that a robot was asked for a linearizable read of a key."""
        process, request = f'{node.name}.{node.life}.read{serial}', Request(Kind.READ, key)
        self._reading[node.number, node.life, serial] = (process, request)
        self._add(Event(process, request))

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Forget whom an answer would go to where the serial was never on disk: it comes again."""
        for session, serial in list(self._running):
            if session == node.storage_id and serial > recovered.last_serial:
                del self._running[session, serial]

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Take the answers that a robot gives its own clients."""
        for entry in output.committed:
            key = (entry.session, entry.serial)
            if entry.session == node.storage_id and key in self._running:
                answer = _answer(entry)
                if answer is not None:
                    process, request = self._running.pop(key)
                    self._add(Event(process, request, answer))
        for event in output.events:
            read = self._reading.pop((node.number, node.life, event.value), None) \
                if event.kind == 'read' else None
            if read is not None:
                process, request = read
                held = core.watches.held(request.key)
                found = Answer(Outcome.OK, *(held or (None, 0)))
                self._add(Event(process, request, found))

    def finish(self) -> None:
        """Check what is left; operations without an answer may have taken place or not."""
        report = self._checker.finish()
        self.undecided = len(report.reasons)
        for violation in report.violations:
            self._refuted(violation)

    def _add(self, event: Event) -> None:
        if event.answer is not None and event.answer.outcome is not Outcome.FAIL:
            self.checks[RULE] += 1
        self.history.append(event)
        violation = self._checker.add(event)
        if violation is not None:
            self._refuted(violation)

    def _refuted(self, violation: Violation) -> None:
        raise InvariantBroken(RULE, str(violation))


def _request(command: Put | Delete) -> Request:
    if isinstance(command, Delete):
        return Request(Kind.DELETE, command.key, expected=command.expected)
    return Request(Kind.WRITE, command.key, command.value, expected=command.expected)


def _answer(entry: CommittedEntry) -> Answer | None:
    """Return what an applied entry tells its client; None for a duplicate."""
    if entry.applied:
        return Answer(Outcome.OK, version=int(entry.result.removeprefix('version ')))
    if entry.result.startswith(('duplicate', 'gap')):
        return None
    # A deletion of what is not there fails like one that expects another version.
    mismatch = ' has version ' in entry.result or ': there is no ' in entry.result
    return Answer(Outcome.MISMATCH if mismatch else Outcome.FAIL)
