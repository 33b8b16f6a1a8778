# SPDX-License-Identifier: Apache-2.0
"""The safety stop keeps its bounds; the command measures them over many seeds."""

from __future__ import annotations

from swarm_coordination.benchmarks.stops import HOPS, stop_obeyed


def test_without_loss_a_stop_is_obeyed_within_200_ms_and_100_ms_a_hop():
    for seed in range(3):
        times = stop_obeyed(seed, 0.0)
        assert len(times) == HOPS + 1
        for hops, seconds in enumerate(times):
            assert seconds <= 0.2 + 0.1 * hops
        assert list(times) == sorted(times) and times[HOPS] > 0.03  # it did travel six hops


def test_over_six_hops_at_30_percent_loss_a_stop_is_obeyed_within_3_s():
    assert max(max(stop_obeyed(seed, 0.3)) for seed in range(3)) <= 3.0
