# SPDX-License-Identifier: Apache-2.0
"""
One run, the same on every backend: what was asked for, and what is left behind in its folder.

A backend makes a recorder and a director here, plays, and calls ``conclude``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import errno
import json
import os
from pathlib import Path
import random

from swarm_coordination.configuration import overlaid, read_swarm, SwarmFile
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.backend import Backend
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.loading import check_names
from swarm_coordination.scenario.missions import mission_command
from swarm_coordination.scenario.record import Record
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.report import make_report, Report
from swarm_coordination.scenario.schema import ActionKind, Scenario

# Shows a run while it goes on: seconds, backend, recorder, director; called after each look.
View = Callable[[float, Backend, Recorder, Director], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """
    What a run is asked for, checked: the swarm is cut to the number of robots that fly.

    ``out``: folder for what the run leaves behind.
    """

    scenario: Scenario
    swarm: SwarmFile
    seed: int
    out: Path


def make_options(
    scenario: Scenario,
    swarm: SwarmFile,
    out: Path,
    *,
    seed: int | None = None,
    robots: int | None = None,
) -> RunOptions:
    """
    Check scenario, swarm and numbers against each other, before anything is started.

    Raises ConfigurationError.
    """
    count = scenario.robots
    wanted = count.default if robots is None else robots
    if not count.low <= wanted <= count.high:
        raise ConfigurationError(
            'command line', 'robots', wanted,
            f'{count.low} to {count.high} for scenario {scenario.name}',
        )
    chosen = scenario.seed if seed is None else seed
    if not 0 <= chosen < 2**53:
        raise ConfigurationError('command line', 'seed', chosen, '0 to 2^53 - 1')
    if scenario.swarm:
        changed = overlaid(swarm.source, scenario.swarm)
        swarm = replace(read_swarm(changed, scenario.source), source=swarm.source)
    swarm = swarm.first(wanted)
    check_names(scenario, swarm.names)
    for at, phase in enumerate(scenario.phases):
        for number, action in enumerate(phase.actions):
            if action.do is ActionKind.SUBMIT:
                field = f'phases[{at}].actions[{number}].mission'
                mission_command(action.mission, scenario.source, field, swarm)
    return RunOptions(scenario, swarm, chosen, out)


def make_folder(path: Path) -> Path:
    """
    Make a folder for what a run leaves behind, before it begins; return it.

    Raises ConfigurationError where that cannot be done, or nothing be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        why = '' if os.access(path, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise ConfigurationError(
            'command line', '--out', str(path), f'a folder that can be written to: {why}'
        )
    return path


def write_swarm(scenario: Scenario, swarm: SwarmFile, folder: Path) -> str:
    """
    Return the path of the swarm file that processes read: with what the scenario sets in it.

    Where it sets nothing that is the file itself; else one in ``folder`` (JSON, which is YAML).
    """
    if not scenario.swarm:
        return swarm.source
    path = folder / 'swarm.yaml'
    path.write_text(json.dumps(overlaid(swarm.source, scenario.swarm)), encoding='utf-8')
    return str(path)


def make_recorder(options: RunOptions) -> Recorder:
    """Return the recorder of a run."""
    control = options.swarm.robots[0].settings.control
    area = options.swarm.area
    return Recorder(options.swarm.names, control.safety_distance_m, area, control.dimensions)


def make_director(options: RunOptions, backend: Backend, recorder: Recorder) -> Director:
    """Return the director of a run; its choices depend on the seed alone."""
    rng = random.Random(f'{options.seed}/director')
    return Director(options.scenario, backend, recorder, rng, options.swarm)


def conclude(
    options: RunOptions,
    record: Record,
    backend: str,
    versions: Mapping[str, str] | None = None,
) -> Report:
    """Judge the record, write report, pictures and logs to ``options.out``; return the report."""
    from swarm_coordination.scenario.pictures import draw_timeline, draw_trajectories

    report = make_report(record, options.scenario, backend, options.seed, versions)
    (options.out / 'report.json').write_text(report.to_json(), encoding='utf-8')
    write_logs(record, options.out / 'logs')
    title = f'{options.scenario.name}, {len(record.robots)} robots, seed {options.seed}, {backend}'
    draw_timeline(record, options.scenario, title, options.out / 'timeline.png')
    draw_trajectories(record, title, options.out / 'trajectories.png')
    return report


def write_logs(record: Record, folder: Path) -> None:
    """Write one text file per robot: the entries it applied and the events it reported."""
    folder.mkdir(parents=True, exist_ok=True)
    for robot in record.robots:
        lines = [
            (
                commit.time_s,
                f'applied {commit.entry.index} term {commit.entry.term} '
                f'{commit.entry.command or "no-op"} -> {commit.entry.result or "ok"}',
            )
            for commit in record.commits
            if commit.robot == robot
        ]
        lines += [
            (event.time_s, f'{event.event.kind}: {event.event.text}')
            for event in record.events
            if event.robot == robot
        ]
        lines.sort(key=lambda line: line[0])
        text = ''.join(f'{time_s:9.3f} s  {line}\n' for time_s, line in lines)
        (folder / f'{robot}.log').write_text(text, encoding='utf-8')
