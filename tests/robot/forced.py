# SPDX-License-Identifier: Apache-2.0
"""Swarms of which one robot is forced to begin a new cluster."""

from __future__ import annotations

from robot.swarm_of_robots import put, RobotsOnOneRadio
from swarm_coordination.persistence import PersistRequest
from swarm_coordination.robot.forcing import forced_records


def force(swarm: RobotsOnOneRadio, at: int) -> None:
    """Stop a robot, force the new cluster on its disk, start it again."""
    swarm.kill(at)
    disk = swarm.disks[at]
    disk.waiting.append(PersistRequest(0, forced_records(disk.held)))
    disk.sync()
    swarm.start(at)


def busy(swarm: RobotsOnOneRadio, by: int, prefix: str, commands: int) -> None:
    """Let a robot accept commands, ten a second."""
    for start in range(0, commands, 5):
        for number in range(start, start + 5):
            swarm.robot(by).propose(put(f'{prefix}{number % 20}', f'{number}'), swarm.now)
        swarm.run(0.5)


def keys(swarm: RobotsOnOneRadio, at: int) -> str:
    """Return all keys on a robot's blackboard, as one text."""
    return repr(sorted(key for key, _ in swarm.values_put(at)))


def outcome(swarm: RobotsOnOneRadio, at: int, serial: int) -> list[tuple[str, str]]:
    """Return what a robot told of the outcome of one of its commands."""
    return [(e.kind, e.text) for e in swarm.events[at]
            if e.value == serial and e.kind in ('applied', 'refused')]


def stops(swarm: RobotsOnOneRadio, at: int) -> str:
    """Return the command that lifts what is in force at a robot; '' for nothing."""
    return swarm.robot(at).coordinator.lift_command()
