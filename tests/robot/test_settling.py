# SPDX-License-Identifier: Apache-2.0
"""That a command was applied is nothing the disk has to hurry for, and losing it costs nothing."""

from __future__ import annotations

from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.persistence import IntentRecord, IntentSettled
from swarm_coordination.robot.durability import Outbox


def put(arena: Arena, leader: Node, number: int) -> None:
    """Have one command applied at the leader, and all disks at rest."""
    serial = arena.propose(leader.number, encode_command(Put('k', str(number))).decode())
    assert serial is not None
    assert arena.run_until(lambda: leader.core.status(0).pending_intents == 0, 5.0)
    arena.run(0.3)


def led_arena() -> tuple[Arena, Node]:
    """Return three robots that have a leader and nothing left to write."""
    arena = Arena(3, seed=1, sync_ms=(5.0, 5.0))
    leader = arena.run_until(arena.agreed_leader, 10.0)
    assert leader is not None
    arena.run(2.0)
    return arena, leader


def test_what_is_settled_goes_with_the_next_record_and_asks_for_no_sync_of_its_own() -> None:
    outbox = Outbox()
    outbox.settle(IntentSettled(3))
    assert outbox.take() == ()
    outbox.settle(IntentSettled(4))
    outbox.add(IntentRecord(5, b'x'), serial=5)

    (request,) = outbox.take()
    assert request.records == (IntentRecord(5, b'x'), IntentSettled(4))
    assert outbox.take() == ()


def test_a_command_at_the_leader_costs_its_disk_two_syncs() -> None:
    arena, leader = led_arena()
    before = leader.disk.syncs
    for number in range(5):
        put(arena, leader, number)

    assert leader.disk.syncs - before == 2 * 5


def test_a_robot_that_forgot_what_is_settled_settles_it_again_and_applies_it_once() -> None:
    arena, leader = led_arena()
    put(arena, leader, 1)
    assert leader.disk.recovered().intents  # unsettled on disk
    arena.kill(leader.number)
    assert arena.run_until(arena.agreed_leader, 10.0)
    arena.restart(leader.number)
    arena.run(3.0)

    statuses = [arena.status(number) for number in range(3)]
    assert {status.pending_intents for status in statuses} == {0}
    assert len({(status.applied, status.state_hash) for status in statuses}) == 1
    assert statuses[0].last_index == statuses[0].commit
