# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Robot-steps per second of CPU time: control, radio and plant of 100 robots, each on its own table.

One robot-step is one control period of one robot: frames received and merged, links released,
half-spaces, projection, its beacon sent, its motion. The formation is a grid, 30 s from the start
of its mission: it stands after some 17 s. Windows of 50 periods (2.5 s): the first four are in
flight, close together and so dear; the last four stand. The first number is over the whole time,
not a median that the cheaper half decides.
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
            f'{method:10} {statistics.harmonic_mean(rates):9,.0f} robot-steps/s '
            f'(in flight {statistics.harmonic_mean(rates[:4]):,.0f}, standing '
            f'{statistics.harmonic_mean(rates[-4:]):,.0f}, '
            f'median window {statistics.median(rates):,.0f})'
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
