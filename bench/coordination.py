# SPDX-License-Identifier: Apache-2.0
"""
Measure how fast coordination runs in virtual time, with every invariant of `swarm check` on.

All robots are in one hop at default rates, without faults; clients ask for 3 commands a second.
Virtual seconds per second of CPU time of one core, over windows of equal length once a leader is
there and everybody is known; the median, with the quartiles as spread::

    .venv/bin/python bench/coordination.py [--robots N ...] [--seed SEED] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import time

from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import Schedule

# Elected, everybody known, the first commands committed.
SETTLED_MS = 2_000
# By number of robots: windows, and virtual ms of each: some 20 s of CPU time altogether.
WINDOWS = {5: (40, 500), 20: (20, 100), 50: (12, 50)}
WINDOWS_OTHERWISE = (12, 100)


def speeds(robots: int, seed: int) -> list[float]:
    """Return virtual seconds per second of CPU time, one number for each window."""
    windows, window_ms = WINDOWS.get(robots, WINDOWS_OTHERWISE)
    end_ms = SETTLED_MS + windows * window_ms
    schedule = Schedule('quiet', seed, robots, 'full', (1, 5), (0, 0), end_ms, end_ms, ())
    gc.disable()  # as `swarm check` plays a seed
    run = Run(schedule)
    run.advance_to(SETTLED_MS)
    found = []
    for window in range(windows):
        started = time.process_time()
        run.advance_to(SETTLED_MS + (window + 1) * window_ms)
        found.append(window_ms / 1000.0 / (time.process_time() - started))
    gc.enable()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--robots', type=int, nargs='+', default=list(WINDOWS))
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    found = {robots: speeds(robots, options.seed) for robots in options.robots}
    machine, python = platform.machine(), platform.python_version()
    if options.json:
        print(json.dumps({'machine': machine, 'python': python, 'seed': options.seed,
                          'times_real_time': found}, indent=2))
        return 0
    print(f'coordination in virtual time, invariants on; {machine}, Python {python}, '
          f'seed {options.seed}')
    for robots, rates in found.items():
        low, median, high = statistics.quantiles(rates, n=4)
        print(f'  {robots:3} robots: {median:6.2f} times real time '
              f'(quartiles {low:.2f} to {high:.2f}, best {max(rates):.2f})')
    return 0


if __name__ == '__main__':
    sys.exit(main())
