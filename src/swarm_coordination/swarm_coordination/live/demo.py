# SPDX-License-Identifier: Apache-2.0
"""
The demo: a scenario played on real processes over DDS, by default confined to this host.

Whatever happens, no process is left behind: all are ended at the end, at Ctrl-C and at an error,
and the kernel ends the children where this process itself is killed.
"""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import time

from swarm_coordination.live.backend import Middleware, ProcessSwarm
from swarm_coordination.live.domain import environment
from swarm_coordination.live.fleet import Fleet
from swarm_coordination.live.network import Loopback, Network
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import (
    conclude,
    make_director,
    make_folder,
    make_recorder,
    RunOptions,
    View,
)

# Joins a DDS domain for a run.
Connect = Callable[[int, RunOptions], Middleware]
# The director wants 10 to 50 looks a second; a look costs about a millisecond.
LOOK_PERIOD_S = 0.05


def run_demo(
    options: RunOptions,
    connect: Connect,
    view: View | None = None,
    network: Network | None = None,
) -> Report:
    """
    Play the scenario, judge it and leave report, pictures, disks and logs in ``options.out``.

    ``connect`` joins a DDS domain; ``network`` is the loopback by default. Raises SwarmError where
    the swarm does not start, and KeyboardInterrupt where SIGINT, SIGTERM or SIGHUP ended the
    run; every process has ended then, too.
    """
    recorder = make_recorder(options)
    network = network or Loopback()
    with network.domain() as domain:
        folder = make_folder(options.out).resolve()
        surroundings = network.environment(domain, folder / 'ros', os.environ)
        with environment(surroundings):
            fleet = Fleet(surroundings)
            middleware = connect(domain, options)
            versions = middleware.versions()
            _run(options, recorder, folder, middleware, fleet, network, view)
    recorder.record.figures['domain'] = domain
    return conclude(options, recorder.record, middleware.name, versions)


def _run(
    options: RunOptions,
    recorder: Recorder,
    folder: Path,
    middleware: Middleware,
    fleet: Fleet,
    network: Network,
    view: View | None,
) -> None:
    try:
        swarm = ProcessSwarm(
            options.scenario,
            options.swarm,
            options.seed,
            recorder,
            folder,
            middleware,
            fleet,
            network,
        )
        swarm.start()
        _play(make_director(options, swarm, recorder), swarm, recorder, middleware, view)
        swarm.end()
    finally:
        fleet.end()
        middleware.close()
    if middleware.stopping:
        raise KeyboardInterrupt
    swarm.compare_disks()
    recorder.record.figures['invariant_checks'] = swarm.invariants.checks


def _play(
    director: Director,
    swarm: ProcessSwarm,
    recorder: Recorder,
    middleware: Middleware,
    view: View | None,
) -> None:
    next_look = time.monotonic()
    while not (director.done or middleware.stopping):
        middleware.spin_until(next_look)
        next_look = max(next_look + LOOK_PERIOD_S, time.monotonic())
        swarm.update()
        now_s = swarm.now_s
        director.update(now_s)
        if view is not None:
            view(now_s, swarm, recorder, director)
