# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Robot-steps per second of CPU time: control, radio and plant of 100 robots, each on its own table.

One robot-step is one control period of one robot: frames received and merged, links released,
half-spaces, projection, its beacon sent, its motion. The formation is a grid, from its random
start until it stands, and standing: medians of windows of 50 periods.
"""

import statistics
import time

from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.kernels.step import advance

ROBOTS = 100
WINDOW, WINDOWS = 50, 12


def main() -> None:
    """Print one line per rule."""
    for method in ('one_hop', 'certified'):
        case = Case(
            robots=ROBOTS, shape='grid', method=method, settings=controller_settings()
        )
        flight = Flight(case, 1)
        for _ in range(45):  # gathers; everything is compiled
            flight.step()
        rates = [window(flight) for _ in range(WINDOWS)]
        print(
            f'{method:10} {statistics.median(rates):9,.0f} robot-steps/s '
            f'(in flight {statistics.median(rates[:4]):,.0f}, standing '
            f'{statistics.median(rates[-4:]):,.0f}, best {max(rates):,.0f})'
        )


def window(flight: Flight) -> float:
    """Fly WINDOW control periods without measuring the truth; return robot-steps per second."""
    before = time.process_time()
    for _ in range(WINDOW):
        advance(
            flight.tick,
            flight.case.delay_periods,
            flight.case.stride,
            True,
            flight.reach,
            flight.world,
            flight.tables,
            flight.beacons,
            flight.air,
            flight.scratch,
            flight.outcome,
            flight.limits,
            flight.ground,
        )
        flight.tick += 1
    return ROBOTS * WINDOW / (time.process_time() - before)


if __name__ == '__main__':
    main()
