# SPDX-License-Identifier: Apache-2.0
"""
Measure the core: what one frame, one control update and one virtual second cost.

Robots fly the default scenario's start in virtual time; the calls into them are timed. Medians
over rounds, with the quartiles as spread, on thread CPU time::

    .venv/bin/python bench/core.py [--robots N ...] [--seconds S] [--seed SEED] [--json]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
import platform
import statistics
import sys
import time
from typing import Any

from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.control.controller import FormationController
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.simulation.swarm import VirtualSwarm
from swarm_coordination.wire.codec import WireCodec

# Call measured: (class, method).
CALLS: dict[str, tuple[type, str]] = {
    'frame encoded': (WireCodec, 'encode'),
    'frame received, decoding included': (Coordinator, 'receive'),
    'coordinator ticked': (Coordinator, 'tick'),
    'control update': (FormationController, 'update'),
}


class Stopwatch:
    """Thread CPU time of every call of one method, in microseconds."""

    def __init__(self, owner: type, method: str) -> None:
        self.samples: list[float] = []
        self._owner, self._method = owner, method
        self._original: Callable[..., Any] = getattr(owner, method)

    def __enter__(self) -> Stopwatch:
        """Put the stopwatch around the method."""
        original, samples = self._original, self.samples

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.thread_time_ns()
            try:
                return original(*arguments, **named)
            finally:
                samples.append((time.thread_time_ns() - started) / 1000.0)

        setattr(self._owner, self._method, timed)
        return self

    def __exit__(self, *_: object) -> None:
        """Take it off again."""
        setattr(self._owner, self._method, self._original)


def make_swarm(robots: int, seed: int) -> VirtualSwarm:
    """Return robots of the shipped swarm file in the default scenario's world."""
    swarm = load_swarm(find_swarm_file()).first(robots)
    control = swarm.robots[0].settings.control
    recorder = Recorder(swarm.names, control.safety_distance_m)
    return VirtualSwarm(load_scenario('default'), swarm, seed, recorder)


def speed(robots: int, seconds: float, seed: int) -> float:
    """Return virtual seconds per second of CPU, nothing else attached."""
    swarm = make_swarm(robots, seed)
    swarm.advance(2.0)
    started = time.process_time()
    swarm.advance(seconds)
    return seconds / (time.process_time() - started)


def calls(robots: int, seconds: float, seed: int) -> dict[str, dict[str, float]]:
    """Return median, quartiles and 99th percentile of every call, in microseconds."""
    figures = {}
    for name, (owner, method) in CALLS.items():
        swarm = make_swarm(robots, seed)
        swarm.advance(2.0)
        with Stopwatch(owner, method) as watch:
            swarm.advance(seconds)
        low, median, high = statistics.quantiles(watch.samples, n=4)
        p99 = statistics.quantiles(watch.samples, n=100)[98]
        figures[name] = {'median_us': median, 'q1_us': low, 'q3_us': high, 'p99_us': p99}
    return figures


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--robots', type=int, nargs='+', default=[5, 12])
    parser.add_argument('--seconds', type=float, default=10.0, help='virtual time per round')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    most = len(load_swarm(find_swarm_file()).robots)
    if not all(1 <= robots <= most for robots in options.robots):
        parser.error(f'--robots: 1 to {most}, as many as the swarm file has')
    if options.rounds < 1 or not 0.0 < options.seconds < float('inf'):
        parser.error('--rounds is 1 at least, --seconds more than 0')
    report: dict[str, Any] = {
        'machine': platform.machine(),
        'python': platform.python_version(),
        'seed': options.seed,
        'swarms': [],
    }
    for robots in options.robots:
        speeds = [speed(robots, options.seconds, options.seed) for _ in range(options.rounds)]
        figures = calls(robots, options.seconds, options.seed)
        report['swarms'].append({'robots': robots, 'times_real_time': speeds, 'calls': figures})
    if options.json:
        print(json.dumps(report, indent=2))
        return 0
    print(f'{report["machine"]}, Python {report["python"]}, seed {options.seed}')
    for swarm in report['swarms']:
        speeds = swarm['times_real_time']
        print(
            f'\n{swarm["robots"]} robots: {statistics.median(speeds):.1f} times real time '
            f'({min(speeds):.1f} to {max(speeds):.1f})'
        )
        for name, figure in swarm['calls'].items():
            print(
                f'  {name:36s} {figure["median_us"]:7.0f} us  quartiles {figure["q1_us"]:.0f} to '
                f'{figure["q3_us"]:.0f}, p99 {figure["p99_us"]:.0f}'
            )
    return 0


if __name__ == '__main__':
    sys.exit(main())
