# SPDX-License-Identifier: Apache-2.0
"""One picture: the same starts and slots flown by three methods, where each is worst off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.connectivity import algebraic_connectivity
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.kernels.state import Floats

_TITLES = {
    'no_links': 'no connectivity',
    'keep_all': 'keep all links',
    'certified': 'certified release',
}


def draw(case: Case, seed: int, path: Path) -> None:
    """Write a PNG with one panel per method: paths, and the radio graph at its weakest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 4.3), dpi=80, layout='constrained')
    for axes, method in zip(figure.subplots(1, 3), _TITLES, strict=True):
        ours = method == 'certified'
        flight = Flight(replace(case, method=method, swaps=ours, regroup=ours), seed)
        trail = [flight.world.place.copy()]
        weakest = (np.inf, trail[0])
        while flight.now < case.limit_s and not flight.result.reached:
            flight.step()
            if flight.tick % 4 == 0:
                trail.append(flight.world.place.copy())
                lambda2 = algebraic_connectivity(trail[-1], flight.range_m)
                weakest = min(weakest, (lambda2, trail[-1]), key=lambda pair: pair[0])
        result = flight.finish()
        _panel(axes, np.array(trail), weakest[1], flight)
        reached = f'reached in {result.makespan_s:.0f} s' if result.reached else 'never reached'
        split = result.disconnected_s
        apart = f'apart for {split:.1f} s' if split else 'connected'
        axes.set_title(f'{_TITLES[method]}: {apart}, {reached}', fontsize=10)
    figure.savefig(path, format='png')


def _panel(axes: Any, trail: Floats, places: Floats, flight: Flight) -> None:
    axes.plot(trail[:, :, 0], trail[:, :, 1], color='0.85', linewidth=0.8, zorder=1)
    slots = flight.world.slots[flight.leader.epoch]
    axes.plot(slots[:, 0], slots[:, 1], '+', color='0.4', markersize=6, zorder=2)
    for i, one in enumerate(places):
        for other in places[:i]:
            if np.linalg.norm(one - other) <= flight.range_m:
                pair = np.array([one, other])
                axes.plot(pair[:, 0], pair[:, 1], color='tab:blue', linewidth=0.7, zorder=2)
    axes.plot(places[:, 0], places[:, 1], 'o', color='tab:red', markersize=4, zorder=3)
    axes.set_aspect('equal')
    axes.tick_params(labelsize=7)
    axes.set_xlabel('m', fontsize=7)
