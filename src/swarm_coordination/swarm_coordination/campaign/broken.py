# SPDX-License-Identifier: Apache-2.0
"""An invariant that does not hold."""

from __future__ import annotations

from swarm_coordination.errors import SwarmError


class InvariantBroken(SwarmError):
    """
    Ends a run at the event that broke a rule.

    ``rule`` is the rule's usual name, ``text`` what contradicts it.
    """

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f'{rule}: {text}')
        self.rule = rule
        self.text = text
