# SPDX-License-Identifier: Apache-2.0
"""Who receives a frame, by distance: the models of ``simulation.radio`` as tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.gossip import PER_METRE
from swarm_coordination.evaluation.kernels.state import (
    Air,
    Beacons,
    Floats,
    FRAME_BYTES,
    LISTED_BYTES,
    ROW_BYTES,
)
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.simulation.radio import LINK_PROBABILITY, Radio

# Below this probability nothing is heard: once in an hour of beacons.
_HEARD_MIN = 1e-5
# The table ends here: with half of the frames at 10 m hardly any arrive beyond.
_TABLE_M = 100.0


def reception(case: Case) -> tuple[Floats, float]:
    """
    Return the probability of reception by distance, PER_METRE steps a metre, and the radio range.

    The range of the log-distance model is where half of the frames arrive.
    """
    range_m = case.settings.range_m
    if case.radio == 'disc':
        cells = round(range_m * PER_METRE)
        return np.full(cells, 1.0 - case.loss), range_m
    radio = Radio(log_distance(case), range_m, ())
    table = np.array(
        [radio.probability(k / PER_METRE) for k in range(round(_TABLE_M * PER_METRE))]
    )
    half = int(np.argmax(table < LINK_PROBABILITY)) / PER_METRE
    return table[: int(np.argmax(table < _HEARD_MIN)) or len(table)], half


@lru_cache(maxsize=16)
def _power_dbm(range_m: float, loss: float) -> float:
    """Return the transmit power at which half of the frames arrive at the range, by bisection."""
    low, high = -60.0, 60.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        settings = RadioSettings(model='log_distance', loss=loss, tx_power_dbm=middle)
        if Radio(settings, range_m, ()).probability(range_m) < LINK_PROBABILITY:
            low = middle
        else:
            high = middle
    return high


def log_distance(case: Case) -> RadioSettings:
    """Return RFComms' model (gz-sim), its power lowered to the radio range of the case."""
    power = _power_dbm(case.settings.range_m, case.loss)
    return RadioSettings(model='log_distance', loss=case.loss, tx_power_dbm=power)


def frame_bytes(beacons: Beacons, air: Air, age_max_s: float) -> float:
    """
    Return the mean size of a frame, from how many robots beacons list and frames relay.

    Rows relayed above ``age_max_s`` come without their lists.
    """
    sent = beacons.made_count > 0
    listed = float(beacons.listed_count[beacons.made > 0.0].mean()) if sent.any() else 0.0
    relayed = np.logical_and.accumulate(air.row >= 0, axis=2)  # up to the first that is none
    rows = float(relayed.sum(axis=2).mean())
    lists = 1.0 + float((relayed & (air.row_age <= age_max_s)).sum(axis=2).mean())
    return FRAME_BYTES + (1.0 + rows) * ROW_BYTES + lists * listed * LISTED_BYTES
