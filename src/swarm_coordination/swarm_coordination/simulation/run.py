# SPDX-License-Identifier: Apache-2.0
"""Play a scenario in virtual time and report on it."""

from __future__ import annotations

import time

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
from swarm_coordination.simulation.swarm import VirtualSwarm

# The director looks at the swarm 20 times a second, as it does with real processes.
LOOK_PERIOD_S = 0.05


def play(options: RunOptions, view: View | None = None) -> Recorder:
    """Play the scenario; returns the recorder with the whole record."""
    recorder = make_recorder(options)
    swarm = VirtualSwarm(options.scenario, options.swarm, options.seed, recorder)
    director = make_director(options, swarm, recorder)
    started, used = time.monotonic(), time.process_time()
    while not director.done:
        swarm.advance(LOOK_PERIOD_S)
        director.update(swarm.now_s)
        if view is not None:
            view(swarm.now_s, swarm, recorder, director)
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - used
    recorder.record.figures.update(swarm.figures())
    recorder.record.figures['speed'] = {
        'wall_s': wall_s,
        'cpu_s': cpu_s,
        'times_real_time': swarm.now_s / cpu_s if cpu_s else None,
    }
    return recorder


def simulate(options: RunOptions, view: View | None = None) -> Report:
    """Play the scenario, write what it leaves behind, return the report."""
    make_folder(options.out)
    recorder = play(options, view)
    return conclude(options, recorder.record, VirtualSwarm.name)
