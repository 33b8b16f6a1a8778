# SPDX-License-Identifier: Apache-2.0
"""
What operators may count on: a wish is obeyed once, who was removed is out, an answer holds.

A leader hands over "because an operator asked for it" at most once for each committed wish, and
only in the term in which that was appended. What a robot tells of its own commands is what the
log did: ``applied`` took effect, ``refused`` for want of a roster entry never does. And once all
have healed: who was taken off the roster is no member and does not lead, and who is short of
battery leads only where everybody who could is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.mission.commands import decode_command, TransferLeadership
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotOutput, RobotStatus

WISH = 'an operator asked for it'
VOID = 'the robot was taken off the roster'


class OperatorRules(Observer):
    """Follows wishes and answers; ``low``: robots short of battery, by number."""

    def __init__(self, nodes: Sequence[Node], low: Collection[int]) -> None:
        self.checks = 0
        self._nodes, self._low = nodes, low
        self._judged = 0  # entries of the common log
        self._wishes: dict[tuple[int, int], int] = {}  # (term, target): not obeyed yet
        self._effects: set[tuple[int, int]] = set()  # (session, serial) that took effect
        self._void: set[tuple[int, int]] = set()  # and those that never may

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Judge what was committed, then what the robot says."""
        for entry in output.committed:
            if entry.index > self._judged:
                self._judged = entry.index
                if entry.applied and entry.session:
                    self._took_effect(entry)
        for event in output.events:
            if event.kind == 'transfer' and event.text.endswith(WISH):
                self._check_wish(node, (core.term, event.value))
            elif event.kind in ('applied', 'refused'):
                self._check_answer(node, event)

    def _took_effect(self, entry: CommittedEntry) -> None:
        self.checks += 1
        key = (entry.session, entry.serial)
        self._effects.add(key)
        if key in self._void:
            raise InvariantBroken(
                'Answers hold', f'serial {key[1]} took effect after it was refused for good'
            )
        if '"transfer_leadership"' not in entry.command:
            return  # as nearly always
        command = decode_command(entry.command.encode())
        if isinstance(command, TransferLeadership):
            wish = (entry.term, command.robot)
            self._wishes[wish] = self._wishes.get(wish, 0) + 1

    def _check_wish(self, node: Node, wish: tuple[int, int]) -> None:
        self.checks += 1
        left = self._wishes.get(wish, 0)
        if not left:
            raise InvariantBroken(
                'A wish is obeyed once',
                f'{node.name} leads term {wish[0]} and obeys a wish that is not of that term, or '
                'was obeyed before',
            )
        self._wishes[wish] = left - 1

    def _check_answer(self, node: Node, event: RobotEvent) -> None:
        key = (node.storage_id, event.value)
        if event.kind == 'refused' and event.text != VOID:
            return
        self.checks += 1
        if event.kind == 'refused':
            self._void.add(key)
        if (event.kind == 'applied') is not (key in self._effects):
            raise InvariantBroken(
                'Answers hold',
                f'{node.name} says {event.kind} of serial {event.value}; in the log it has '
                f'{"an" if key in self._effects else "no"} effect',
            )

    def unhealed(
        self, statuses: Sequence[RobotStatus], leader: Node, removed: Collection[int]
    ) -> str:
        """
        Return what is still wrong of what operators asked for; empty where nothing is.

        ``removed``: whom they took off the roster (``CommandRules``).
        """
        self.checks += 1
        if leader.storage_id in removed:
            return f'{leader.name} leads, and was taken off the roster'
        names = {node.name for node in self._nodes if node.storage_id in removed}
        for status in statuses:
            still = sorted(names.intersection((*status.voters, *status.learners)))
            if still or (status.name in names and status.may_vote):
                return f'{status.name} counts {still or status.name} in: off the roster'
        if leader.number not in self._low:
            return ''
        low = {self._nodes[number].name for number in self._low}
        able = [status.name for status in statuses if status.may_vote and status.name not in low]
        return f'{leader.name} leads on a low battery, {able[0]} could' if able else ''
