# SPDX-License-Identifier: Apache-2.0
"""Nobody who runs is declared dead while everybody runs and can be heard."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.faults import Fault
from swarm_coordination.campaign.profiles import PROFILES
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import make_schedule
from swarm_coordination.campaign.verdicts import RULE, SETTLED_NS, Verdicts
from swarm_coordination.persistence import fresh, Provision
from swarm_coordination.robot.outputs import NOTHING, RobotEvent
from swarm_coordination.units import NS_PER_S

NODES = tuple(SimpleNamespace(number=n, name=f'r{n}', storage_id=100 + n) for n in range(3))
EMPTY = fresh(Provision('r', 100, 1, (), bytes(32)))
START = 5 * NS_PER_S
VERDICT = NOTHING._replace(events=(RobotEvent(0, 'silent', '', 102),), frames=(b'frame',))


def started(count: int = len(NODES)) -> Verdicts:
    """Return the rule when so many robots have started."""
    verdicts = Verdicts(NODES)
    for node in NODES[:count]:
        verdicts.started(node, EMPTY, START)
    return verdicts


def test_a_verdict_is_noticed_where_all_run_and_counted_with_every_frame():
    verdicts = started()
    verdicts.after(NODES[0], None, VERDICT._replace(events=()), START + SETTLED_NS)
    assert verdicts.checks == {RULE: 1}
    with pytest.raises(InvariantBroken, match=r'r0 declares r2 dead; all have run for 3\.00 s'):
        verdicts.after(NODES[0], None, VERDICT, START + SETTLED_NS)


def test_a_verdict_right_after_somebody_started_says_nothing():
    verdicts = started()
    verdicts.after(NODES[0], None, VERDICT, START + SETTLED_NS - 1)
    assert verdicts.checks == {RULE: 0}


def test_a_verdict_while_somebody_is_down_says_nothing_and_what_comes_long_after_does():
    verdicts = started(2)
    verdicts.after(NODES[0], None, VERDICT, START + 2 * SETTLED_NS)
    verdicts.started(NODES[2], EMPTY, START)
    verdicts.crashed(NODES[1], START)
    verdicts.after(NODES[0], None, VERDICT, START + 2 * SETTLED_NS)
    verdicts.started(NODES[1], EMPTY, START + 2 * SETTLED_NS)
    verdicts.after(NODES[0], None, VERDICT, START + 3 * SETTLED_NS - 1)
    with pytest.raises(InvariantBroken, match=r'all have run for 3\.00 s'):
        verdicts.after(NODES[0], None, VERDICT, START + 3 * SETTLED_NS)


@pytest.mark.parametrize(('profile', 'judged'), [
    ('loaded', True), ('quiet', True), ('general', False), ('islands', False), ('flying', False),
    ('dead_leader', False),
])
def test_verdicts_are_judged_where_no_link_is_cut(profile, judged):
    schedule = make_schedule(PROFILES[profile], 0)
    assert (RULE in Run(schedule)._outcome('', '').checks) == judged
    cut = schedule._replace(faults=(Fault(3_000, 'island', (1,), 5_000),))
    assert RULE not in Run(cut)._outcome('', '').checks
