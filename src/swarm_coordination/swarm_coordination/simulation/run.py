# SPDX-License-Identifier: Apache-2.0
"""Play a scenario in virtual time and report on it."""

from __future__ import annotations

from collections.abc import Callable
import time

from swarm_coordination.scenario.backend import Backend
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import conclude, make_director, make_recorder, RunOptions
from swarm_coordination.simulation.swarm import VirtualSwarm

# The director looks at the swarm 20 times a second, as it does with real processes.
LOOK_PERIOD_S = 0.05


def play(
    options: RunOptions, watch: Callable[[Backend, Director, Recorder], None] | None = None
) -> Recorder:
    """Play the scenario; ``watch`` is called after each look of the director."""
    recorder = make_recorder(options)
    swarm = VirtualSwarm(options.scenario, options.swarm, options.seed, recorder)
    director = make_director(options, swarm, recorder)
    started, used = time.monotonic(), time.process_time()
    while not director.done:
        swarm.advance(LOOK_PERIOD_S)
        director.update(swarm.now_s)
        if watch is not None:
            watch(swarm, director, recorder)
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - used
    recorder.record.figures.update(swarm.figures())
    recorder.record.figures['speed'] = {
        'wall_s': wall_s,
        'cpu_s': cpu_s,
        'times_real_time': swarm.now_s / cpu_s if cpu_s else None,
    }
    return recorder


def simulate(
    options: RunOptions, watch: Callable[[Backend, Director, Recorder], None] | None = None
) -> Report:
    """Play the scenario, write what it leaves behind, return the report."""
    recorder = play(options, watch)
    return conclude(options, recorder.record, VirtualSwarm.name)
