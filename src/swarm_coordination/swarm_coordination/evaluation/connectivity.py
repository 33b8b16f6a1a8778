# SPDX-License-Identifier: Apache-2.0
"""How well a set of places hangs together, on arrays (see ``control.graph`` for lists)."""

from __future__ import annotations

import numpy as np
from swarm_coordination.evaluation.kernels.state import Floats


def algebraic_connectivity(places: Floats, range_m: float) -> float:
    """Return lambda2 of the graph that joins places (N, 3) within ``range_m``."""
    apart = np.linalg.norm(places[:, None, :] - places[None, :, :], axis=2)
    near = (apart <= range_m).astype(np.float64)
    np.fill_diagonal(near, 0.0)
    values = np.linalg.eigvalsh(np.diag(near.sum(axis=1)) - near)
    return max(0.0, float(values[1])) if len(places) > 1 else 0.0
