# SPDX-License-Identifier: Apache-2.0
"""
What operators may count on: a wish is obeyed once, and who was removed is out.

A leader hands over "because an operator asked for it" at most once for each committed wish, and
only in the term in which that was appended. And once all have healed: who was taken off the
roster is no member and does not lead, and who is short of battery leads only where everybody who
could is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mission.commands import decode_command, TransferLeadership
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput, RobotStatus

RULE = 'A wish is obeyed once'
WISH = 'an operator asked for it'


class OperatorRules(Observer):
    """Follows wishes; ``low``: robots short of battery, by number."""

    def __init__(self, nodes: Sequence[Node], low: Collection[int]) -> None:
        self.checks = tally(RULE)
        self._nodes, self._low = nodes, low
        self._judged = 0  # entries of the common log
        self._wishes: dict[tuple[int, int], int] = {}  # (term, target): not obeyed yet

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note what was committed, then judge what the robot does."""
        for entry in output.committed:
            if entry.index > self._judged:
                self._judged = entry.index
                if entry.applied and entry.session:
                    self._note_wish(entry)
        for event in output.events:
            if event.kind == 'transfer' and event.text.endswith(WISH):
                self._check_wish(node, (core.term, event.value))

    def _note_wish(self, entry: CommittedEntry) -> None:
        if '"transfer_leadership"' not in entry.command:
            return  # as nearly always
        command = decode_command(entry.command.encode())
        if isinstance(command, TransferLeadership):
            wish = (entry.term, command.robot)
            self._wishes[wish] = self._wishes.get(wish, 0) + 1

    def _check_wish(self, node: Node, wish: tuple[int, int]) -> None:
        self.checks[RULE] += 1
        left = self._wishes.get(wish, 0)
        if not left:
            raise InvariantBroken(
                RULE,
                f'{node.name} leads term {wish[0]} and obeys a wish that is not of that term, or '
                'was obeyed before',
            )
        self._wishes[wish] = left - 1

    def unhealed(
        self, statuses: Sequence[RobotStatus], leader: Node, removed: Collection[int]
    ) -> str:
        """
        Return what is still wrong of what operators asked for; empty where nothing is.

        ``removed``: whom they took off the roster (``CommandRules``).
        """
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
