# SPDX-License-Identifier: Apache-2.0
"""What is counted as a check: comparisons, by rule; a rule that never compared is told."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import SimpleNamespace

from campaign.test_rules import followed, heard, NODES, obeying, stopped
from campaign.test_run import CALM, short
from swarm_coordination import campaign
from swarm_coordination.campaign.campaign import Summary
from swarm_coordination.campaign.faults import Fault, LEADER
from swarm_coordination.campaign.run import play
from swarm_coordination.campaign.shadow import Chains, Shadow
from swarm_coordination.consensus.messages import Role, Standing
from swarm_coordination.persistence import Entry
from swarm_coordination.robot.outputs import NOTHING

FOLDER = Path(campaign.__file__).parent


def summed(schedule) -> Summary:
    """Return the summary of one run that breaks nothing."""
    outcome = play(schedule)
    assert outcome.rule == '', outcome.text
    summary = Summary()
    summary.add(outcome)
    return summary


def told(summary) -> tuple[str, str]:
    """Return what the summary tells of rules: those with counts, and those not exercised."""
    (line,) = (line for line in summary.lines() if line.startswith('checks: '))
    held, _, idle = line.partition('; not exercised: ')
    return held, idle


CRASH = short(Fault(2_000, 'crash', (LEADER,), 2_000, (1,)))
NEEDS_A_CRASH = ('Durability', 'New life, new incarnation')


def test_a_rule_that_never_compares_is_told_and_one_that_does_has_a_count():
    held, idle = told(summed(CALM))
    for rule in (*NEEDS_A_CRASH, 'CheckQuorum', 'Safety stop delivered', 'Stays healed'):
        assert rule in idle and rule not in held
    assert 'Election Safety 1,' in held and 'Election Safety' not in idle
    crash = summed(CRASH)
    held, idle = told(crash)
    for rule in (*NEEDS_A_CRASH, 'Stays healed'):
        assert f'{rule} {crash.checks_by_rule[rule]:,}' in held and rule not in idle
    assert crash.checks_by_rule['Durability'] == 1
    assert crash.checks == sum(crash.checks_by_rule.values())


def test_counts_of_runs_add_up_and_a_rule_is_exercised_once_one_run_has():
    calm, crash = play(CALM), play(CRASH)
    summary = Summary()
    summary.add(calm)
    summary.add(crash)
    assert all(count == calm.checks.get(rule, 0) + crash.checks.get(rule, 0)
               for rule, count in summary.checks_by_rule.items())
    assert 'Durability' not in told(summary)[1]


def test_a_run_that_ends_before_it_had_to_heal_is_told_and_not_taken_for_healed():
    island = short(Fault(2_000, 'island', (0,), 6_000))
    ended = summed(island._replace(end_ms=8_000))  # with the calm
    assert (ended.healed_ms, ended.unhealed) == ([], 1)
    (line,) = (line for line in ended.lines() if 'heal' in line and 'checks' not in line)
    assert line == 'healing not checked in 1 seeds: ended before the bound'
    assert ended.to_json()['healed_ms_max'] is None
    healed = play(island)
    ended.add(healed)
    assert healed.healed_ms > 0
    assert (ended.to_json()['healed_ms_max'], ended.unhealed) == (healed.healed_ms, 1)
    assert f'within {healed.healed_ms / 1000:.2f} s (median)' in ended.lines()[-2]


def test_keys_that_are_too_much_to_check_are_told(monkeypatch):
    assert not any('undecided' in line for line in summed(CALM).lines())
    monkeypatch.setattr('swarm_coordination.campaign.blackboard.STEPS_MAX', -1)
    monkeypatch.setattr('swarm_coordination.history.search.PATIENCE', 1)
    summary = summed(CALM)
    assert summary.undecided == summary.to_json()['undecided_keys'] > 0
    keys = f'undecided: {summary.undecided} keys, too much to check (Linearizable blackboard)'
    assert summary.lines()[-1] == keys


def test_an_event_that_changes_nothing_is_no_check():
    rules = followed()
    before = rules.checks.total()
    core = SimpleNamespace(standing=Standing(1, Role.FOLLOWER, 0))
    rules.after(NODES[0], core, NOTHING, 0)
    assert rules.checks.total() == before + 1  # it has another term now
    rules.after(NODES[0], core, NOTHING, 1)
    assert rules.checks.total() == before + 1


def test_obedience_is_compared_once_there_was_a_stop():
    stops = stopped()
    stops.check(NODES[1], obeying())
    assert stops.checks.total() == 0
    heard(stops, 0, 4)
    stops.check(NODES[1], obeying(*stops.in_force().items()))
    assert stops.checks.total() == 1


def test_an_entry_is_compared_with_what_others_hold_there():
    chains, entry = Chains((100, 101)), Entry(1, 1, b'x')
    Shadow(chains, 'r0').put(entry)
    assert chains.checks.total() == 0
    Shadow(chains, 'r1').put(entry)
    assert chains.checks == {'Log Matching': 1}


def test_every_rule_that_can_break_is_seeded_and_counted():
    seeded, counted, broken = set(), set(), set()
    for path in sorted(FOLDER.rglob('*.py')):
        name = '.'.join((campaign.__name__, *path.relative_to(FOLDER).with_suffix('').parts))
        module = importlib.import_module(name)
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == 'tally':
                seeded |= rules_named(node.args, module)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == 'InvariantBroken':
                broken |= rules_named(node.args[:1], module)
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith('.checks'):
                counted |= rules_named([node.slice], module)
    assert seeded == counted == broken


def rules_named(nodes, module) -> set[str]:
    """Return the rules that expressions name: literally, or by a constant of their module."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Starred):
            found.update(getattr(module, node.value.id))
        else:
            found.add(getattr(module, node.id) if isinstance(node, ast.Name) else node.value)
    return found
