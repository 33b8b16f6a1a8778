# SPDX-License-Identifier: Apache-2.0
"""Every mutant of ``broken_rules.py`` is found: the checks of the campaign bite."""

from __future__ import annotations

from mutants.broken_rules import MUTANTS
from mutants.hunt import hunt, recorded
import pytest
from swarm_coordination.campaign.campaign import play_seed

# Found within the first seconds of their seed.
QUICK = (
    'votes_twice', 'votes_for_shorter_logs', 'acknowledges_before_the_disk',
    'shows_votes_before_the_disk', 'commits_on_half', 'commits_earlier_terms_by_counting',
)


def test_there_are_at_least_fifteen_broken_rules():
    assert len(MUTANTS) >= 15
    assert set(QUICK) <= set(MUTANTS)


@pytest.mark.parametrize('name', QUICK)
def test_a_mutant_is_found_near_the_seed_on_record(name):
    assert hunt(name, recorded(name, 5)).rule


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize('name', MUTANTS)
def test_every_mutant_is_found_within_200_seeds(name):
    assert hunt(name, range(200)).rule



def test_the_core_itself_passes_the_course_led_by_hand():
    assert play_seed('figure_3_7', 0).rule == ''
