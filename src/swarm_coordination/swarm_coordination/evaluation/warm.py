# SPDX-License-Identifier: Apache-2.0
"""
Compile every kernel before somebody waits for it (``python -m``; the set-up does).

numba compiles a function when it is first called, about half a minute of processor time for all
of them, and keeps the result (``kernels``).
"""

from __future__ import annotations

import numpy as np
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.flight import Flight


def warm() -> None:
    """Fly a few periods, so that everything a flight and the baselines call is compiled."""
    from swarm_coordination.evaluation.baselines.barrier import certify

    flight = Flight(Case(robots=4, settings=controller_settings()), 0)
    while flight.tick < 45:  # the mission starts after two seconds
        flight.step()
    certify(np.zeros((2, 2)), np.array([[0.0, 0.0], [3.0, 0.0]]), 0.6, 100.0)


if __name__ == '__main__':
    warm()
