# SPDX-License-Identifier: Apache-2.0
"""
``swarm state``: the mission state that a robot's disk leads to; changes nothing there.

Snapshot and log are applied to the end. A disk does not say what is committed: the last entries
may be cut off yet when the robot meets others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import json
from pathlib import Path

from swarm_coordination.mission.state import MissionState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument('folder', type=Path, metavar='DIR', help="a robot's storage folder")
    parser.add_argument(
        '--json', action='store_true', help='print the state as it stands in a snapshot'
    )


def run(options: argparse.Namespace) -> int:
    """Print mission, blackboard, tasks and sessions; return the exit status."""
    from swarm_coordination.persistence import EntryKind
    from swarm_coordination.storage.recovery import read_only

    found = read_only(options.folder)
    state = MissionState()
    if found.snapshot is not None:
        state = MissionState.restore(found.snapshot.state)
    for entry in found.entries:
        command = entry.payload if entry.kind is EntryKind.COMMAND else b''
        state.apply(entry.index, entry.term, command)
    if options.json:
        print(json.dumps(json.loads(state.snapshot()), indent=2))
        return 0
    names = {voter.storage_id: voter.name for voter in found.provision.voters}
    for line in _lines(state, names):
        print(line)
    return 0


def _lines(state: MissionState, names: dict[int, str]) -> Iterator[str]:
    yield f'index      {state.index}, term {state.term}, log time {state.log_time_ms} ms'
    mission = state.mission
    if mission is not None:
        standing = ', aborted' if mission.aborted else ', held' if mission.held else ''
        yield f'mission    {mission.command.name}, entry {mission.index}{standing}'
        slots = ', '.join(_name(robot, names) for robot in state.slots) or 'none yet'
        yield f'slots      epoch {state.epoch}: {slots}'
    for key, held in state.board.under(''):
        yield f'board      {key} = {held.value!r}, version {held.version}'
    for name, task in state.tasks.items():
        if task.done:
            standing = f'done: {task.result!r}'
        elif task.holder:
            until = f'until {task.expires_ms} ms'
            standing = f'held by {_name(task.holder, names)} {until}, fence {task.fence}'
        else:
            standing = 'free'
        yield f'task       {name}: {standing}'
    for robot, session in state.sessions.items():
        yield f'session    {_name(robot, names)}, last serial {session.last_serial}'
    for number, client in state.clients.items():
        used = f'last used at {client.used_ms} ms'
        yield f'client     {number}, last serial {client.session.last_serial}, {used}'
    for robot in state.removed:
        yield f'removed    {_name(robot, names)}'


def _name(robot: int, names: dict[int, str]) -> str:
    return names.get(robot, str(robot)) if robot else 'nobody'
