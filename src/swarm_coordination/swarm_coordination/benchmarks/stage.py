# SPDX-License-Identifier: Apache-2.0
"""An arena to measure in: shipped settings, links of 5 ms, and notes of when what happened."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import functools
import random

from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.settings import RobotSettings

HOP_MS = 5.0
# A swarm that has found no leader by then has a fault that no figure may hide.
SETTLE_MOST_S = 60.0


@functools.cache
def shipped_settings() -> RobotSettings:
    """Return the settings of the first robot in the shipped swarm file."""
    settings = load_swarm(find_swarm_file()).robots[0].settings
    return dataclasses.replace(settings, config_hash=0)  # as the arena's codec has it


class Stage(Observer):
    """
    ``robots`` robots whose disks sync in no time, and what came out of them; times in ns.

    Attributes
    ----------
    leader_known : by robot, the newest term whose leader it knows, and since when.
    terms : every term that a robot entered.
    silent : (time, robot, storage id that it declared silent).
    applied : by robot, (session, serial) of each command applied, and when.
    sent : by robot, frames and bytes handed to the transport.

    """

    def __init__(
        self,
        robots: int,
        seed: str,
        *,
        shape: str = 'full',
        loss: float = 0.0,
        settings: RobotSettings | None = None,
        voters: int | None = None,
        absent: Iterable[int] = (),
    ) -> None:
        self.leader_known: dict[int, tuple[int, int]] = {}
        self.terms: set[int] = set()
        self.silent: list[tuple[int, int, int]] = []
        self.applied: list[dict[tuple[int, int], int]] = [{} for _ in range(robots)]
        self.sent = [[0, 0] for _ in range(robots)]
        self.random = random.Random(f'{seed}/stage')
        self.arena = Arena(
            robots,
            seed,
            shape=shape,
            base=one_hop((HOP_MS, HOP_MS), loss),
            settings=settings or shipped_settings(),
            voters=voters,
            absent=absent,
        )
        self.arena.watch(self)

    def settle(self) -> int:
        """Run until all follow one leader, and a little further; return its number."""
        self.leader()
        self.arena.run(3.0 + self.random.random())
        return self.leader()

    def leader(self) -> int:
        """Return the number of the robot that all follow, waiting while there is none."""
        found = self.arena.run_until(self.arena.agreed_leader, SETTLE_MOST_S)
        if found is None:
            raise RuntimeError(f'no leader in {SETTLE_MOST_S:g} s')
        return found.number

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note what came out of a robot."""
        robot = node.number
        for event in output.events:
            if event.kind in ('leader', 'role'):
                self.terms.add(event.value)
                if event.kind == 'leader':
                    self.leader_known[robot] = (event.value, now)
            elif event.kind == 'silent':
                self.silent.append((now, robot, event.value))
        for entry in output.committed:
            if entry.session and entry.applied:
                self.applied[robot].setdefault((entry.session, entry.serial), now)
        self.sent[robot][0] += len(output.frames)
        self.sent[robot][1] += sum(map(len, output.frames))
