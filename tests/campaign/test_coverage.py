# SPDX-License-Identifier: Apache-2.0
"""Every state that a campaign should reach is reached, and seen where it is."""

from __future__ import annotations

from swarm_coordination.campaign.campaign import play_seed, Summary

# Together they reach all; others may have to take their place where the core says other things
# (the line 'states reached' of swarm check tells what is left out).
SEEDS = (('outsiders', 0), ('operations', 0), ('storm', 4))


def test_a_few_seeds_reach_every_state_together():
    summary = Summary()
    for profile, seed in SEEDS:
        summary.add(play_seed(profile, seed))
    assert not summary.failures
    assert summary.unreached == ()
