# SPDX-License-Identifier: Apache-2.0
"""What comes back to a forced cluster has no effect by the way in which it comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from robot.forced import busy, force, keys, outcome, stops
from robot.swarm_of_robots import Disk, provision, put, RobotsOnOneRadio
from swarm_coordination.consensus.messages import TermNotice
from swarm_coordination.epochs import forced_term
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import Envelope
from swarm_coordination.persistence import Entry, fresh, HardState
from swarm_coordination.robot.settings import RobotSettings


def back_with_one_that_waits(*delays_s: float) -> tuple[RobotsOnOneRadio, int]:
    """
    Return a swarm of five, forced at 0, to which the void robots 3 and 4 have come back.

    ``delays_s``: after how long; one number for 4 alone. 4 has a serial that waits.
    """
    swarm = RobotsOnOneRadio(5)
    swarm.run(1.5)
    swarm.island = {0, 1}
    swarm.run(1.0)
    busy(swarm, 4, 'void', 15)
    swarm.cut = {4}
    swarm.run(0.5)
    serial = swarm.robot(4).propose(put('waits', 'x'), swarm.now)
    swarm.run(0.1)
    for at in (1, 2, 3, 4):
        swarm.kill(at)
    force(swarm, 0)
    swarm.run(1.5)
    swarm.island, swarm.cut = set(), set()
    for at, delay_s in zip((3, 4)[-len(delays_s):], delays_s):
        swarm.run(delay_s)
        swarm.start(at)
    swarm.run(1.0)
    return swarm, serial


def test_what_was_refused_is_on_no_disk_for_a_restart_to_apply() -> None:
    swarm, serial = back_with_one_that_waits(0.0)
    swarm.run(3.0)  # nobody has anything to write
    swarm.kill(4)
    swarm.start(4)
    swarm.run(2.0)
    assert [kind for kind, _ in outcome(swarm, 4, serial)] == ['refused']
    assert 'waits' not in keys(swarm, 0)


@pytest.mark.parametrize('delay_s', [0.11, 0.12, 0.13, 0.21, 0.22, 0.23])
def test_what_waits_is_refused_though_the_log_was_void_for_less_than_a_tick(delay_s) -> None:
    swarm, serial = back_with_one_that_waits(0.0, delay_s)
    assert [kind for kind, _ in outcome(swarm, 4, serial)] == ['refused']
    assert 'waits' not in keys(swarm, 0)


def test_a_lifting_still_to_be_applied_as_the_log_becomes_void_lifts_nothing(monkeypatch) -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    leader = swarm.leader()
    at = (leader + 1) % 3
    lift = stops(swarm, at)
    monkeypatch.setattr('swarm_coordination.consensus.raft.DELIVERED_MAX', 2)  # a backlog of few
    swarm.cut = {at}
    swarm.run(0.3)
    busy(swarm, leader, 'before', 10)
    swarm.robot(leader).propose(lift, swarm.now)
    swarm.run(0.5)
    swarm.cut = set()
    coordinator = swarm.robot(at).coordinator
    while coordinator._raft.commit <= coordinator._state.index:
        swarm.run(0.01)
    assert coordinator._mesh.active_stops()
    coordinator._raft.step(TermNotice(999, forced_term(1, 2)), swarm.now)
    swarm.cut = {at}
    swarm.run(0.3)
    assert coordinator._raft.commit == coordinator._state.index
    assert coordinator._mesh.active_stops()


def test_who_is_on_the_way_into_a_forced_cluster_is_not_told_to_be_provisioned_anew() -> None:
    """Its log is void until it has come to the forced entry, though it holds nothing void."""
    swarm = RobotsOnOneRadio(
        1, RobotSettings(mesh=replace(MeshSettings(), byte_budget_per_s=10_000))
    )
    swarm.kill(0)
    long = (Envelope(1001, n, n, put(f'k{n % 50}', f'{n:0150}').encode()).encode()
            for n in range(1, 1_000))
    log = tuple(Entry(n, 1, data) for n, data in enumerate(long, 1))
    provided = fresh(provision(3, 0))
    swarm.disks[0] = Disk(provided._replace(hard_state=HardState(1, 1000), entries=log))
    force(swarm, 0)
    swarm.run(3.0)
    newcomer = provided.provision._replace(name='newcomer', storage_id=7000)
    swarm.disks.append(Disk(fresh(newcomer)))
    swarm.add(1)
    swarm.run(10.5)
    assert swarm.robot(1).coordinator._raft.is_void
    with pytest.raises(ProposalRefused, match='not been joined yet'):
        swarm.robot(1).propose(put('early', 'x'), swarm.now)
    assert swarm.until(lambda: swarm.status(1).applied == swarm.status(0).applied, 60.0)
    assert 'held_back' not in swarm.kinds(1)
