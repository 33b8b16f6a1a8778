# SPDX-License-Identifier: Apache-2.0
"""A leader appends all that waits at it; what it had not committed when it was cut off counts."""

from __future__ import annotations

from swarm_coordination.arena.air import Condition
from swarm_coordination.arena.arena import Arena
from swarm_coordination.mission.commands import encode_command, Put

MANY = 40  # far more than the sixteen that a row shows


def put(number: int) -> str:
    """Return the JSON of a put."""
    return encode_command(Put('key', str(number))).decode()


def pending(arena: Arena, robot: int) -> int:
    """Return how many commands of a robot wait."""
    status = arena.status(robot)
    assert status is not None
    return status.pending_intents


def led() -> tuple[Arena, int]:
    """Return five robots and their leader."""
    arena = Arena(5, 'backlog')
    leader = arena.run_until(arena.agreed_leader, 10.0)
    assert leader is not None
    arena.run(1.0)
    return arena, leader.number


def test_a_leader_commits_a_backlog_in_one_round_and_not_a_rowful_at_a_time():
    arena, leader = led()
    for number in range(MANY):
        arena.propose(leader, put(number))
    arena.run(0.03)

    assert pending(arena, leader) == 0


def test_a_backlog_of_a_leader_that_is_cut_off_is_committed_after_the_heal_by_another():
    arena, leader = led()
    links = [pair for other in range(5) for pair in ((leader, other), (other, leader))]
    cut = arena.air.lay(Condition(frozenset(links), cut=True))
    for number in range(MANY):
        arena.propose(leader, put(number))
    arena.run(2.0)
    assert pending(arena, leader) == MANY
    arena.air.lift(cut)
    arena.run(4.0)

    now_leads = arena.agreed_leader()
    assert now_leads is not None and now_leads.number != leader
    assert pending(arena, leader) == 0


def test_a_backlog_of_the_leader_does_not_keep_others_waiting():
    arena, leader = led()
    for number in range(900):
        arena.propose(leader, encode_command(Put(f'k{number % 20}', 'x' * 380)).decode())
    arena.run(1.0)
    other = (leader + 1) % 5
    arena.propose(other, encode_command(Put('other', 'y' * 380)).decode())
    arena.run(3.0)
    assert pending(arena, other) == 0
    assert pending(arena, leader) > 500  # far from its end
