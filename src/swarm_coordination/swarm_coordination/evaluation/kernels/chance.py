# SPDX-License-Identifier: Apache-2.0
"""Uniform random numbers inside kernels: splitmix64 (Steele, Lea, Flood 2014)."""

from __future__ import annotations

import numpy as np
from swarm_coordination.evaluation.kernels.compiled import inlined
from swarm_coordination.evaluation.kernels.state import Words


@inlined
def uniform(state: Words) -> float:
    """Return the next number in [0, 1) and advance ``state`` (1,)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
