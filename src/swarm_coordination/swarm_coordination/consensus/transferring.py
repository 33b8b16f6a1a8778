# SPDX-License-Identifier: Apache-2.0
"""
Handing leadership over to a chosen voter (Ongaro 2014, section 3.10).

The leader takes no more proposals, waits until the target holds its whole log, and shows the
one-shot *time out now*. The target stands at once, without a pre-vote, and says in its request
that it was told to: its voters then need not wait for the old leader to fall silent. Where
nothing came of it within an election time-out, the leader goes on as before.
"""

from __future__ import annotations

import random

from swarm_coordination.consensus.leadership import Handover
from swarm_coordination.consensus.messages import OneShot, OneShotKind, Role, TimeoutNow
from swarm_coordination.consensus.state import MemberState
from swarm_coordination.consensus.voting import Voting
from swarm_coordination.errors import ProposalRefused


class Transferring:
    """A member that gives leadership away, or is given it."""

    def __init__(self, state: MemberState, voting: Voting, rng: random.Random) -> None:
        self._state = state
        self._voting = voting
        # Starts at random: what a former life showed must not look like something new.
        self._serial = rng.getrandbits(32)

    def begin(self, target: int, now: int) -> None:
        """Start handing over to ``target``; raises ProposalRefused where that cannot be."""
        state = self._state
        if state.leadership is None:
            raise ProposalRefused(f'member {state.member} does not lead term {state.term}')
        if target == state.member or target not in state.membership.voters:
            raise ProposalRefused(f'{target} is not another voter')
        if state.leadership.handover is not None:
            raise ProposalRefused('leadership is being handed over already')
        self._serial += 1
        until = now + state.settings.election_timeout_max_ns
        state.leadership.handover = Handover(target, self._serial, until)

    def advance(self, now: int) -> None:
        """Give up what has taken too long (section 3.10: 'abort the transfer')."""
        leadership = self._state.leadership
        if leadership is not None and leadership.handover is not None:
            if now >= leadership.handover.until_ns:
                leadership.handover = None

    def shown(self) -> OneShot | None:
        """Return the one-shot, once the target holds the whole log."""
        leadership = self._state.leadership
        if leadership is None or leadership.handover is None:
            return None
        target, serial, _ = leadership.handover
        if leadership.match_of(target) < self._state.log.last_index:
            return None
        return OneShot(OneShotKind.TIMEOUT_NOW, target, serial)

    def on_timeout_now(self, message: TimeoutNow, now: int) -> None:
        """
        Stand for election, as the leader of this term asks.

        At most once: to stand is to enter the next term, in which the request fits no more.
        """
        state = self._state
        if message.target != state.member or message.term != state.term:
            return
        if state.following.leader not in (0, message.leader) or state.role is Role.LEADER:
            return
        if state.may_campaign:
            self._voting.stand(now, forced=True)
