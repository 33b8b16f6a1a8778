# SPDX-License-Identifier: Apache-2.0
"""How much of an area a swarm has seen: the share of its square metres that a robot came near."""

from __future__ import annotations

import numpy as np
from swarm_coordination.scenario.record import Record
from swarm_coordination.scenario.schema import Sweep

# Samples are 10 a second: robots of 3 m/s move 0.6 m between two that are looked at.
LOOK_EVERY = 2
CELL_M = 1.0


def swept_share(record: Record, sweep: Sweep) -> float:
    """Return the share of the cells whose middle was within ``within_m`` of a running robot."""
    x = np.arange(sweep.x_m[0] + CELL_M / 2.0, sweep.x_m[1], CELL_M)
    y = np.arange(sweep.y_m[0] + CELL_M / 2.0, sweep.y_m[1], CELL_M)
    seen = np.zeros((len(x), len(y)), dtype=np.bool_)
    for sample in record.samples[::LOOK_EVERY]:
        for state, runs in zip(sample.truth, sample.running, strict=True):
            if runs:
                near = (x[:, None] - state.x) ** 2 + (y[None, :] - state.y) ** 2
                seen |= near <= sweep.within_m**2
    return float(seen.mean())
