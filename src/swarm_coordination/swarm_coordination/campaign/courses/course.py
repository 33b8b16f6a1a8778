# SPDX-License-Identifier: Apache-2.0
"""What the courses share: hands on an arena, and eyes that see logs and disks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import random

from swarm_coordination.arena.air import Condition
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.consensus.messages import Role
from swarm_coordination.mission.commands import Put

# An election on good links takes a second at the most; so long, and it is not coming.
ELECTION_S = 6.0


class Course:
    """
    One run being led.

    A course waits for what it needs and gives up where that does not come; it breaks no rule
    itself, but for rules that its own ``checks`` count. It may return at any point: ``end`` undoes
    what it has left.
    """

    def __init__(
        self, arena: Arena, rules: RaftRules, clients: Clients, rng: random.Random
    ) -> None:
        self.arena, self.rules, self.clients, self.rng = arena, rules, clients, rng
        self.checks = tally()
        self._written = 0
        self._laid: list[int] = []

    # ---------------------------------------------------------------- whom and when

    def leader(self) -> int | None:
        """Wait for the first leader and a calm moment after; None where nobody leads."""
        found = self.arena.run_until(self.arena.agreed_leader, ELECTION_S)
        self.arena.run(1.0 + 0.2 * self.rng.random())
        return found.number if found is not None else None

    def leader_among(self, robots: Iterable[int]) -> Node | None:
        """Wait until one of these robots leads; None where none does."""
        nodes = [self.arena.nodes[robot] for robot in robots]

        def leads() -> Node | None:
            found = (n for n in nodes if n.core is not None and n.core.role is Role.LEADER)
            return next(found, None)

        return self.arena.run_until(leads, ELECTION_S)

    def others(self, *robots: int) -> list[int]:
        """Return all robots but these, in an order that the seed draws."""
        rest = [node.number for node in self.arena.nodes if node.number not in robots]
        return self.rng.sample(rest, len(rest))

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Look every millisecond until something holds; return whether it came to that."""
        for _ in range(round(timeout_s * 1000)):
            if condition():
                return True
            self.arena.run(0.001)
        return condition()

    # ---------------------------------------------------------------- what is done

    def part(self, *groups: Iterable[int]) -> int:
        """Cut these groups, and all others together, off from each other; return the handle."""
        group = {robot: number for number, robots in enumerate(groups, 1) for robot in robots}
        count = range(len(self.arena.nodes))
        links = frozenset(
            (a, b) for a in count for b in count if group.get(a, 0) != group.get(b, 0)
        )
        return self.lay(Condition(links, cut=True))

    def lay(self, condition: Condition) -> int:
        """Lay a condition on links; return the handle."""
        self._laid.append(self.arena.air.lay(condition))
        return self._laid[-1]

    def heal(self, *handles: int) -> None:
        """Take conditions off."""
        for handle in handles:
            self.arena.air.lift(handle)

    def put(self, robot: int, text: str = '') -> bool:
        """Have a client write something at a robot; return whether it was taken."""
        self._written += 1
        key = f'k{self._written % 4}'
        return self.clients.submit(robot, Put(key, f'w{self._written}{text}')) is not None

    def end(self) -> None:
        """Take everything off the links, wake who sleeps and start who is dead."""
        self.heal(*self._laid)
        for node in self.arena.nodes:
            self.arena.resume(node.number)
            self.arena.restart(node.number)
