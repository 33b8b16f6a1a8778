# SPDX-License-Identifier: Apache-2.0
"""
The demo: a scenario played on real processes over DDS, confined to this host.

Whatever happens, no process is left behind: all are ended at the end, at Ctrl-C and at an error,
and the kernel ends the children where this process itself is killed.
"""

from __future__ import annotations

from importlib import metadata
import os
from pathlib import Path
import time

import rclpy
from swarm_coordination.ros.backend import RosSwarm
from swarm_coordination.ros.domain import claimed_domain, environment, local_environment
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.fleet import Fleet
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import (
    conclude,
    make_director,
    make_recorder,
    RunOptions,
    View,
)

# The director wants 10 to 50 looks a second; a look costs about a millisecond.
LOOK_PERIOD_S = 0.05


def run_demo(options: RunOptions, view: View | None = None) -> Report:
    """
    Play the scenario, judge it and leave report, pictures, disks and logs in ``options.out``.

    Raises SwarmError where the swarm does not start, and KeyboardInterrupt where SIGINT or
    SIGTERM ended the run; every process has ended then, too.
    """
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    recorder = make_recorder(options)
    with claimed_domain(os.getpid()) as domain:
        surroundings = local_environment(domain, folder / 'ros', os.environ)
        with environment(surroundings):
            _run(options, recorder, folder, domain, Fleet(surroundings), view)
            versions = _versions()
    return conclude(options, recorder.record, RosSwarm.name, versions)


def _run(
    options: RunOptions,
    recorder: Recorder,
    folder: Path,
    domain: int,
    fleet: Fleet,
    view: View | None,
) -> None:
    runner = Runner(domain_id=domain)
    runner.stop_on_signals()
    try:
        swarm = RosSwarm(
            options.scenario, options.swarm, options.seed, recorder, folder, runner, fleet
        )
        swarm.start()
        _play(make_director(options, swarm, recorder), swarm, recorder, runner, view)
        swarm.end()
    finally:
        fleet.end()
        runner.close()
        runner.restore_signals()
    if runner.stopping:
        raise KeyboardInterrupt
    swarm.compare_disks()
    recorder.record.figures['domain'] = domain
    recorder.record.figures['invariant_checks'] = swarm.invariants.checks


def _play(
    director: Director, swarm: RosSwarm, recorder: Recorder, runner: Runner, view: View | None
) -> None:
    next_look = time.monotonic()
    while not (director.done or runner.stopping):
        runner.spin_until(next_look)
        next_look = max(next_look + LOOK_PERIOD_S, time.monotonic())
        swarm.update()
        now_s = swarm.now_s
        director.update(now_s)
        if view is not None:
            view(now_s, swarm, recorder, director)


def _versions() -> dict[str, str]:
    """Return what of ROS this run used."""
    found = {
        'ros_distro': os.environ.get('ROS_DISTRO', 'wheels'),
        'rmw': rclpy.get_rmw_implementation_identifier(),
    }
    for package in ('ros-rclpy', 'ros-fastdds'):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
