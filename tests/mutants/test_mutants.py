# SPDX-License-Identifier: Apache-2.0
"""Every mutant of ``broken_rules.py`` is found: the checks of the campaign bite."""

from __future__ import annotations

from mutants import hunt as hunting
from mutants.broken_rules import MUTANTS
from mutants.consensus_rules import hasty_policy, hasty_winner
from mutants.hunt import hunt, recorded
from mutants.mission_rules import forgetful_leader
import pytest
from swarm_coordination.campaign import raised
from swarm_coordination.campaign.faults import Fault, LEADER
from swarm_coordination.campaign.run import play
from swarm_coordination.campaign.schedule import Schedule


def test_there_are_at_least_fifteen_broken_rules():
    assert len(MUTANTS) >= 15


@pytest.mark.parametrize('name', MUTANTS)
def test_every_mutant_is_found_near_the_seed_on_record(name):
    assert hunt(name, recorded(name, 5)).rule not in ('', raised.RULE)


def test_a_seed_that_the_unbroken_core_fails_finds_no_mutant(monkeypatch):
    monkeypatch.setattr(hunting, 'unbroken', lambda profile, seed: 'Heals')
    with pytest.raises(AssertionError, match='general, seed 0: Heals is broken without'):
        hunt('votes_for_shorter_logs', range(1))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize('name', MUTANTS)
def test_every_mutant_is_found_within_200_seeds(name):
    assert hunt(name, range(200)).rule not in ('', raised.RULE)


@pytest.mark.parametrize(('harmless', 'found'), [
    (forgetful_leader, ''),
    (hasty_policy, 'Who can vote does'),  # it demotes and never promotes; all else holds
    (hasty_winner, ''),
])
def test_what_provokes_a_rule_leaves_it_whole_while_it_is_there(harmless, found, monkeypatch):
    harmless(monkeypatch.setattr)
    calm = Schedule('islands', 1, 5, 'full', (1, 5), (0, 500), 8_000, 21_000,
                    (Fault(3_000, 'crash', (LEADER,), 2_000, (0,)),))
    assert play(calm).rule == found
