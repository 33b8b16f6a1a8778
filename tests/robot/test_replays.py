# SPDX-License-Identifier: Apache-2.0
"""Recorded frames, played in their order by a stranger without the key, certify no leader."""

from __future__ import annotations

import json

from robot.swarm_of_robots import MS, put, RobotsOnOneRadio
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.views import Mode

PROOF_S = MeshSettings().proof_age_max_s
TIMEOUT_S = RaftSettings().election_timeout_max_s
TAPE_S = 8.0
# A lease longer than the tape's evidence could be told from, and shorter than the tape.
MISSION = json.dumps({
    'kind': 'start_mission', 'name': 'go', 'formation': {'shape': 'line', 'spacing_mm': 3000},
    'path': [[0, 0], [50_000, 0]], 'speed_mm_s': 500, 'lease_ms': 3_000,
})
Tape = list[tuple[int, bytes]]


def flying() -> tuple[RobotsOnOneRadio, int]:
    """Return three robots that fly a mission, and who leads them."""
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    leader = swarm.leader()
    swarm.robot(leader).propose(MISSION, swarm.now)
    swarm.run(2.0)
    assert all(swarm.status(at).mode is Mode.FLY for at in range(3))
    return swarm, leader


def recorded(swarm: RobotsOnOneRadio, leader: int, seconds: float) -> Tape:
    """Return what the leader sends meanwhile, from a whole consensus section on, with times."""
    swarm.robot(leader).propose(put('a', 'b'), swarm.now)  # which changes that section
    tape: Tape = []
    begun = swarm.now
    while swarm.now < begun + seconds * 1e9:
        known = len(swarm.sent[leader])
        swarm.run(0.01)
        tape += [(swarm.now - begun, frame) for frame in swarm.sent[leader][known:]]
    whole = next(
        at for at, (_, data) in enumerate(tape)
        if any(part.consensus and part.consensus.role == Role.LEADER
               for part in swarm.codec.decode(data).fragments)
    )
    return [(at - tape[whole][0], frame) for at, frame in tape[whole:]]


def played(swarm: RobotsOnOneRadio, tape: Tape, to: list[int]) -> list[list]:
    """Play a tape to some at its own pace; return their statuses every 0.1 s."""
    begun, told, left = swarm.now, [], list(reversed(tape))
    while left:
        while left and left[-1][0] <= swarm.now - begun:
            frame = left.pop()[1]
            for at in to:
                swarm.robot(at).receive(frame, swarm.now)
        swarm.run(0.01)
        if (swarm.now - begun) % (100 * MS) == 0:
            told.append([swarm.status(at) for at in to])
    return told


def test_a_robot_in_an_island_follows_no_leader_of_a_tape() -> None:
    swarm, leader = flying()
    alone = (leader + 1) % 3
    swarm.cut.add(alone)
    tape = recorded(swarm, leader, TAPE_S)
    assert swarm.status(alone).mode in (Mode.LEASE_EXPIRED, Mode.SEEK)
    for at in range(3):
        if at != alone:
            swarm.kill(at)
    swarm.events[alone].clear()
    for [status] in played(swarm, tape, [alone]):
        assert not status.quorum and status.leader == 0 and status.alive == ('robot2',)
        assert status.mode not in (Mode.FLY, Mode.HOLD)
    assert not {'quorum', 'lease_renewed', 'leader', 'returned'} & set(swarm.kinds(alone))


def test_frames_held_back_prolong_the_evidence_of_a_leader_by_a_known_bound_only() -> None:
    swarm, leader = flying()
    alone = (leader + 1) % 3
    swarm.cut.add(alone)
    tape = recorded(swarm, leader, TAPE_S)
    # The same again, where the tape starts as the link is cut and so never falls silent.
    again, _ = flying()
    again.cut.add(alone)
    again.kill(leader)
    told = played(again, tape, [alone])
    still = [at for at, [status] in enumerate(told, 1) if status.quorum]
    assert TIMEOUT_S < 0.1 * max(still) <= PROOF_S + TIMEOUT_S + 0.2
    assert not told[-1][0].quorum and told[-1][0].leader == 0


def test_one_of_three_that_restarts_alone_flies_on_no_tape_of_an_earlier_run() -> None:
    swarm, leader = flying()
    tape = recorded(swarm, leader, TAPE_S)
    for at in range(3):
        swarm.kill(at)
    alone = (leader + 1) % 3
    swarm.events[alone].clear()
    swarm.start(alone)
    for [status] in played(swarm, tape, [alone]):
        assert not status.quorum and status.leader == 0
        assert status.mode not in (Mode.FLY, Mode.HOLD) and status.progress_m == 0.0
    assert 'quorum' not in swarm.kinds(alone)


def test_two_of_three_that_restart_elect_in_their_time_whatever_is_played() -> None:
    swarm, leader = flying()
    tape = recorded(swarm, leader, 4.0)
    for at in range(3):
        swarm.kill(at)
    pair = [at for at in range(3) if at != leader]
    for at in pair:
        swarm.start(at)
    told = played(swarm, tape, pair)
    elected = [
        at for at, statuses in enumerate(told, 1)
        if all(s.quorum and s.leader == statuses[0].leader for s in statuses)
        and statuses[0].leader - 1000 in pair
    ]
    # Two time-outs at the longest: one to be alone with, and one more where both stand at once.
    assert 0.1 * elected[0] <= 2 * TIMEOUT_S
    assert elected == list(range(elected[0], len(told) + 1))
