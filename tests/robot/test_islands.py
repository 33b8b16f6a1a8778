# SPDX-License-Identifier: Apache-2.0
"""An island without a quorum flies its last mission until the lease ends, and loses no intent."""

from __future__ import annotations

from robot.swarm_of_robots import put, RobotsOnOneRadio
from swarm_coordination.mission.commands import encode_command, Hold, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.views import Mode

LEASE_MS = 3_000
MISSION = encode_command(StartMission(
    'patrol', Formation('line', 3_000), ((0, 0, 0), (60_000, 0, 0)), 300, LEASE_MS)).decode()


def split(
    count: int = 5, apart_m: float = 6.0
) -> tuple[RobotsOnOneRadio, set[int], set[int]]:
    """Return robots that fly a mission and have just split: a majority, and two without one."""
    swarm = RobotsOnOneRadio(count, apart_m=apart_m)
    swarm.run(3.0)
    swarm.robot(0).propose(MISSION, swarm.now)
    swarm.run(2.0)
    assert {swarm.status(at).mode for at in range(count)} == {Mode.FLY}
    few = {at for at in range(count) if at != swarm.leader()}
    few = set(sorted(few)[:2])
    swarm.island = few
    return swarm, few, set(range(count)) - few


def test_an_island_flies_its_last_mission_until_the_lease_ends_then_holds() -> None:
    swarm, few, many = split()
    swarm.run(LEASE_MS / 1000.0 - 0.5)
    assert {swarm.status(at).mode for at in few} == {Mode.FLY}
    swarm.run(1.0)
    assert {swarm.status(at).mode for at in few} == {Mode.LEASE_EXPIRED}
    assert {swarm.status(at).mode for at in many} == {Mode.FLY}
    swarm.run(5.0)
    assert {swarm.status(at).mode for at in few} == {Mode.LEASE_EXPIRED}

    swarm.island = set()
    swarm.run(3.0)
    assert {swarm.status(at).mode for at in range(5)} == {Mode.FLY}


def test_an_island_that_lost_somebody_near_stands_before_it_can_have_left_what_is_kept_clear(
) -> None:
    swarm, few, many = split(apart_m=1.5)
    control = swarm.settings.control
    swarm.run(control.parting_time_s + 2.0 * swarm.settings.mesh.beacon_period_s)
    assert {swarm.status(at).mode for at in few} == {Mode.LEASE_EXPIRED}
    for _ in range(40):
        assert {swarm.status(at).mode for at in many} == {Mode.FLY}
        assert {swarm.status(at).mode for at in few} == {Mode.LEASE_EXPIRED}
        swarm.run(0.1)
    swarm.island = set()
    swarm.run(3.0)
    assert {swarm.status(at).mode for at in range(5)} == {Mode.FLY}


def test_who_is_left_after_deaths_near_by_flies_on_with_every_quorum_that_is_left() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(3.0)
    swarm.robot(0).propose(MISSION, swarm.now)
    swarm.run(2.0)
    for dead in (4, 3, 2):
        swarm.kill(dead)
        swarm.run(6.0)  # its eviction is committed
        for _ in range(20):
            assert {swarm.status(at).mode for at in range(dead)} == {Mode.FLY}
            swarm.run(0.1)


def test_a_command_of_the_majority_does_not_reach_the_island_and_holds_it_after_the_merge(
) -> None:
    swarm, few, many = split()
    swarm.robot(min(many)).propose(encode_command(Hold()).decode(), swarm.now)
    swarm.run(1.0)
    assert {swarm.status(at).mode for at in many} == {Mode.HOLD}
    assert {swarm.status(at).mode for at in few} == {Mode.FLY}
    swarm.island = set()
    swarm.run(2.0)
    assert {swarm.status(at).mode for at in range(5)} == {Mode.HOLD}


def test_intents_of_an_island_wait_and_commit_once_and_in_order_after_the_merge() -> None:
    swarm, few, many = split()
    before = swarm.kinds(min(few)).count('accepted')
    for number in range(20):  # more than a row shows at once
        swarm.robot(min(few)).propose(put(f'key{number % 4}', f'island {number}'), swarm.now)
        swarm.robot(min(many)).propose(put('mainland', str(number)), swarm.now)
    swarm.run(2.0)
    assert not any('island ' in text for at in range(5) for text, _ in swarm.values_put(at))
    assert swarm.status(min(few)).pending_intents == 20
    assert swarm.kinds(min(few)).count('accepted') == before + 20
    assert len(swarm.values_put(min(many))) == 20

    swarm.island = set()
    swarm.run(4.0)
    for at in range(5):
        values = [text for text, applied in swarm.values_put(at) if applied and 'island ' in text]
        assert values == [put(f'key{k % 4}', f'island {k}') for k in range(20)]
    assert swarm.status(min(few)).pending_intents == 0
    assert len({swarm.status(at).state_hash for at in range(5)}) == 1


def test_intents_of_an_island_survive_the_restart_of_its_robots_before_the_merge() -> None:
    swarm, few, _ = split()
    first = min(few)
    swarm.robot(first).propose(put('key', 'island'), swarm.now)
    swarm.run(0.5)
    for at in sorted(few):
        swarm.kill(at)
        swarm.start(at)
    swarm.run(1.0)
    swarm.island = set()
    swarm.run(4.0)
    for at in range(5):
        assert [text for text, applied in swarm.values_put(at) if applied].count(
            put('key', 'island')) == 1


def test_a_stop_raised_in_an_island_stops_all_of_it_at_once_and_the_rest_at_the_merge() -> None:
    swarm, few, many = split()
    counter = swarm.robot(min(few)).stop(1, swarm.now)
    swarm.run(0.1)
    assert {swarm.status(at).mode for at in few} == {Mode.STOPPED}
    swarm.run(1.0)
    assert {swarm.status(at).mode for at in many} == {Mode.FLY}
    swarm.island = set()
    swarm.run(1.0)
    assert {swarm.status(at).mode for at in range(5)} == {Mode.STOPPED}
    lift = swarm.robot(min(many)).coordinator.lift_command()
    assert lift == f'{{"counters":[[{1000 + min(few)},{counter}]],"kind":"lift_stop"}}'


def test_a_stop_raised_in_an_island_while_an_older_one_is_lifted_survives_the_merge() -> None:
    swarm, few, many = split()
    swarm.island = set()
    issuer = min(few)
    first = swarm.robot(issuer).stop(1, swarm.now)
    swarm.run(0.5)
    lift = swarm.robot(min(many)).coordinator.lift_command()
    swarm.island = few
    swarm.run(0.1)
    second = swarm.robot(issuer).stop(1, swarm.now)  # nobody on the mainland hears of it
    swarm.robot(min(many)).propose(lift, swarm.now)
    swarm.run(1.0)
    assert {swarm.status(at).mode for at in many} == {Mode.FLY}

    swarm.island = set()
    swarm.run(2.0)
    assert second > first
    assert {swarm.status(at).mode for at in range(5)} == {Mode.STOPPED}
    swarm.robot(0).propose(swarm.robot(0).coordinator.lift_command(), swarm.now)
    swarm.run(2.0)
    assert {swarm.status(at).mode for at in range(5)} == {Mode.FLY}
