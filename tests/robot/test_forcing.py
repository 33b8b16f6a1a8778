# SPDX-License-Identifier: Apache-2.0
"""A new cluster of one, forced on a disk: it commits again, says so, and takes others back."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import provision, put, RobotsOnOneRadio
from swarm_coordination.consensus.configuration import configuration_of
from swarm_coordination.errors import StorageError
from swarm_coordination.persistence import Entry, fresh, HardState, PersistRequest
from swarm_coordination.robot.forcing import forced_records


def halted() -> tuple[RobotsOnOneRadio, int]:
    """Return a swarm of five that has lost three voters at once, and a survivor."""
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    swarm.robot(0).propose(put('kept', 'x'), swarm.now)
    swarm.run(0.5)
    for at in (0, 1, 2):
        swarm.kill(at)
    swarm.run(3.0)
    assert not swarm.status(3).quorum
    return swarm, 3


def force(swarm: RobotsOnOneRadio, at: int) -> None:
    """Stop a robot, force the new cluster on its disk, start it again."""
    swarm.kill(at)
    disk = swarm.disks[at]
    disk.waiting.append(PersistRequest(0, forced_records(disk.held)))
    disk.sync()
    swarm.start(at)


def test_one_robot_goes_on_alone_with_all_that_it_holds_and_everybody_is_told() -> None:
    swarm, survivor = halted()
    force(swarm, survivor)
    assert swarm.until(lambda: swarm.status(survivor).quorum, 3.0)
    swarm.robot(survivor).propose(put('after', 'x'), swarm.now)
    swarm.run(1.0)
    assert [key for key, _ in swarm.values_put(survivor) if 'after' in key or 'kept' in key]
    for at in (3, 4):
        told = [e.text for e in swarm.events[at] if e.kind == 'forced_new_cluster']
        assert told and 'robot4' in told[0]
    assert swarm.status(3).leader == swarm.status(4).leader == 1003


def test_robots_that_come_back_are_learners_and_become_voters() -> None:
    swarm, survivor = halted()
    force(swarm, survivor)
    swarm.run(2.0)
    assert len(swarm.status(survivor).voters) == 1
    for at in (0, 1):
        swarm.start(at)
    assert swarm.until(lambda: len(swarm.status(survivor).voters) == 3, 15.0)
    assert len({swarm.status(at).state_hash for at in swarm.living()}) == 1


def test_the_forced_entry_follows_the_log_in_a_new_term() -> None:
    held = fresh(provision(3, 1))._replace(
        hard_state=HardState(4, 1000), entries=(Entry(1, 2, b''), Entry(2, 4, b''))
    )
    state, record = forced_records(held)
    assert state == HardState(5, 1001)
    assert record.entry[:2] == (3, 5)
    configuration = configuration_of(record.entry)
    assert configuration is not None and configuration.forced
    assert configuration.membership == ((1001,), (1000, 1002))


def test_a_disk_that_lost_promises_cannot_be_forced() -> None:
    held = fresh(provision(3, 1))._replace(may_vote=False, reason='damaged')
    with pytest.raises(StorageError, match='choose another robot'):
        forced_records(held)
