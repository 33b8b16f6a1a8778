# SPDX-License-Identifier: Apache-2.0
"""
Courses that no random schedule meets within a reasonable time, led by hand; the seed varies them.

A script waits for what it needs and gives up where that does not come; it breaks no rule itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import random

from swarm_coordination.arena.air import Condition
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.consensus.messages import Role
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.units import NS_PER_MS

# Commands that one robot shows at once (mission.intents.HEAD_MAX).
_SHOWN = 16
_ELECTION_S = 6.0


class Script:
    """What the scripts share: an arena of five, the rules' shadows, and dice."""

    def __init__(self, arena: Arena, rules: RaftRules, rng: random.Random) -> None:
        self.arena, self.rules, self.rng = arena, rules, rng

    def leader_among(self, robots: Iterable[int]) -> Node | None:
        """Wait until one of these robots leads; None where none does."""
        nodes = [self.arena.nodes[robot] for robot in robots]

        def leads() -> Node | None:
            found = (n for n in nodes if n.core is not None and n.core.role is Role.LEADER)
            return next(found, None)

        return self.arena.run_until(leads, _ELECTION_S)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Look every millisecond until something holds."""
        for _ in range(round(timeout_s * 1000)):
            if condition():
                return True
            self.arena.run(0.001)
        return condition()

    def apart(self, robots: Iterable[int]) -> int:
        """Cut these robots off from all others; returns the handle."""
        inside, count = set(robots), range(len(self.arena.nodes))
        links = frozenset((a, b) for a in count for b in count if (a in inside) != (b in inside))
        return self.arena.air.lay(Condition(links, cut=True))


def figure_3_7(arena: Arena, rules: RaftRules, rng: random.Random) -> None:
    """
    Lead five robots through figure 3.7 (3.8 of the dissertation) of Ongaro 2014.

    S1 replicates entries to S2 alone and both die; S5 is elected by the others, writes its own
    entry to its disk alone and dies; S1 or S2 comes back, is elected and replicates the old
    entries to S3, a majority; before an entry of its own term is there it dies, and S5 comes back
    with a newer last term. Who commits the old entries by counting sees them overwritten.
    """
    script = Script(arena, rules, rng)
    first = arena.run_until(arena.agreed_leader, _ELECTION_S)
    if first is None:
        return
    arena.run(1.0)
    s1 = first.number
    s2, s3, s4, s5 = rng.sample([robot for robot in range(5) if robot != s1], 4)
    old = _write_old_entries(script, s1, s2)
    heir = _elect_heir(script, (s3, s4, s5)) if old else None
    if heir is None:
        return
    s3, s4 = rng.sample([robot for robot in (s3, s4, s5) if robot != heir], 2)
    away = script.apart([s4])
    lossy = arena.air.lay(Condition(
        frozenset({(s1, s3), (s2, s3)}), loss=rng.choice((0.0, 0.2, 0.5))
    ))
    arena.restart(s1)
    arena.restart(s2)
    base = len(rules.disks[s3])
    leader = script.leader_among((s1, s2))
    if leader is not None:
        script.wait(lambda: len(rules.disks[s3]) > base, 1.0)
        arena.run(rng.choice((0.005, 0.02, 0.05)))
    arena.kill(s1)
    arena.kill(s2)
    arena.air.lift(away)
    arena.air.lift(lossy)
    arena.restart(heir)
    script.leader_among((heir,))
    arena.run(1.0)


def _write_old_entries(script: Script, s1: int, s2: int) -> bool:
    """Have s1 write many entries that reach s2 alone, then kill both."""
    arena, disks = script.arena, script.rules.disks
    apart = script.apart((s1, s2))
    before = len(disks[s1])
    for robot in (s1, s2):
        for number in range(_SHOWN):
            text = 'x' * script.rng.randint(0, 30)
            arena.propose(robot, encode_command(Put(f'k{number % 4}', text)).decode())
    wanted = before + _SHOWN
    written = script.wait(
        lambda: len(disks[s1]) == len(disks[s2]) >= wanted and disks[s1].last == disks[s2].last,
        0.7,
    )
    arena.kill(s1)
    arena.kill(s2)
    arena.air.lift(apart)
    return written


def _elect_heir(script: Script, others: tuple[int, ...]) -> int | None:
    """Have one of the others win and write an entry that nobody hears of, then kill it."""
    arena, rules = script.arena, script.rules
    winner = script.leader_among(others)
    if winner is None or winner.core is None:
        return None
    heir, term = winner.number, winner.core.term
    arena.sync_ns[heir] = (0, NS_PER_MS)
    mute = frozenset((heir, other) for other in range(5) if other != heir)
    muted = arena.air.lay(Condition(mute, cut=True))
    written = script.wait(lambda: rules.chains.terms[rules.disks[heir].last] == term, 0.5)
    arena.kill(heir)
    arena.air.lift(muted)
    return heir if written else None


SCRIPTS: dict[str, Callable[[Arena, RaftRules, random.Random], None]] = {
    'figure_3_7': figure_3_7,
}
