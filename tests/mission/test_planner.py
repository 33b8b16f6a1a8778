# SPDX-License-Identifier: Apache-2.0
"""The leader's policy: who gets which slot, and when it is proposed."""

import itertools
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from swarm_coordination.errors import UsageError
from swarm_coordination.mission.assignment import assign
from swarm_coordination.mission.commands import (
    encode_command,
    Envelope,
    RosterRemove,
    StartMission,
)
from swarm_coordination.mission.formations import Formation, FormationLimits
from swarm_coordination.mission.matching import least_cost
from swarm_coordination.mission.offers import Offer
from swarm_coordination.mission.places import Places
from swarm_coordination.mission.planner import LiveRobot, MissionPlanner, SilentRobot
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import NS_PER_MS, NS_PER_S

MISSION = StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (90_000, 0, 0)), 500, 5000)
POINT = st.tuples(st.integers(-9000, 9000), st.integers(-9000, 9000), st.just(0))


def cost(robots, slots, order):
    return sum(math.dist(robots[robot], slot) ** 2 for robot, slot in zip(order, slots))


@settings(max_examples=40)
@given(st.lists(st.tuples(POINT, POINT), min_size=1, max_size=5))
def test_an_assignment_has_the_least_sum_of_squared_distances(pairs):
    robots = {number + 10: start for number, (start, _) in enumerate(pairs)}
    slots = tuple(slot for _, slot in pairs)
    best = min(cost(robots, slots, order) for order in itertools.permutations(robots))
    assert cost(robots, slots, assign(robots, slots)) == pytest.approx(best)


def test_equal_costs_keep_ids_and_slots_in_order():
    robots = dict.fromkeys((30, 10, 20), (0, 0, 0))
    assert assign(robots, ((0, 0, 0),) * 3) == (10, 20, 30)


def test_robots_a_million_metres_away_are_still_assigned():
    robots = {1: (10**9, 0, 0), 2: (-(10**9), 0, 0)}
    assert assign(robots, ((0, 0, 0), (1000, 0, 0))) == (2, 1)


@pytest.mark.parametrize('kind', ['few values', 'many values', 'distances'])
def test_what_is_assigned_costs_as_little_as_scipys(kind):
    rng = random.Random(kind)
    for count in range(25):  # 24 slots are the bound of a formation
        places = [(rng.randrange(9000), rng.randrange(9000)) for _ in range(2 * count)]
        if kind == 'distances':
            cost = [[(x - u) ** 2 + (y - v) ** 2 for u, v in places[count:]]
                    for x, y in places[:count]]
        else:
            values = 3 if kind == 'few values' else 10**9
            cost = [[rng.randrange(-values, values) for _ in range(count)] for _ in range(count)]
        columns = least_cost(cost)
        assert sorted(columns) == list(range(count))
        table = np.array(cost, dtype=np.float64).reshape(count, count)
        rows, best = linear_sum_assignment(table)
        assert sum(row[column] for row, column in zip(cost, columns)) == table[rows, best].sum()


def test_costs_beyond_what_a_float_holds_are_told_apart():
    large = 10**30
    assert least_cost([[large, large], [large, large - 1]]) == [0, 1]
    assert least_cost([[large, large], [large - 1, large]]) == [1, 0]


def test_as_many_slots_as_robots_are_needed():
    with pytest.raises(UsageError):
        assign({1: (0, 0, 0)}, ())


class Leader:
    """A planner with the state that it plans for; each call of `plan` is one tick."""

    def __init__(self, mission=MISSION, **changes):
        self.settings = MissionSettings(**changes)
        self.planner = MissionPlanner(self.settings, FormationLimits(9.5, 0.6, 0.9, 0.4))
        self.state = MissionState()
        self.now = 0
        self.commit(Envelope(99, 1, 0, encode_command(mission)))

    def commit(self, envelope):
        return self.state.apply(self.state.index + 1, 1, envelope.encode())

    def robots(self, *numbers, applied=None):
        applied = self.state.index if applied is None else applied
        return [LiveRobot(number, (0.0, -3.0 * number, 0.0), applied) for number in numbers]

    def plan(self, *numbers, after_ms=0, pending=False, progress_m=0.0, robots=None, silent=()):
        self.now += after_ms * NS_PER_MS
        robots = self.robots(*numbers) if robots is None else robots
        return self.planner.plan(self.state, robots, silent, progress_m, pending, self.now)

    def assign(self, *numbers):
        self.plan(*numbers)
        command = self.plan(*numbers, after_ms=1000)
        assert self.commit(Envelope(0, 0, 0, encode_command(command))).applied


def test_a_started_mission_gets_its_slots_after_a_moment():
    leader = Leader()
    assert leader.plan(1, 2, 3) is None
    assert leader.plan(1, 2, 3, after_ms=199) is None
    command = leader.plan(1, 2, 3, after_ms=1)
    assert (command.mission, command.after, command.robots) == (1, 1, (1, 2, 3))


def test_nothing_is_proposed_while_a_proposal_is_pending_or_just_made():
    leader = Leader()
    leader.plan(1, 2)
    assert leader.plan(1, 2, after_ms=1000, pending=True) is None
    assert leader.plan(1, 2) is not None
    assert leader.plan(1, 2, after_ms=499) is None
    assert leader.plan(1, 2, after_ms=1) is not None


def test_without_a_mission_nothing_is_proposed():
    leader = Leader()
    leader.state = MissionState()
    assert leader.plan(1, 2, after_ms=5000) is None


def test_a_settled_assignment_is_left_alone():
    leader = Leader()
    leader.assign(1, 2, 3)
    assert all(leader.plan(1, 2, 3, after_ms=1000) is None for _ in range(5))


def test_slots_are_packed_anew_half_a_second_after_a_loss():
    leader = Leader()
    leader.assign(1, 2, 3)
    assert leader.plan(1, 3) is None
    assert leader.plan(1, 3, after_ms=499) is None
    command = leader.plan(1, 3, after_ms=1)
    assert sorted(command.robots) == [1, 3]
    assert command.after == leader.state.epoch


def test_a_loss_that_ends_in_time_changes_nothing():
    leader = Leader()
    leader.assign(1, 2, 3)
    for _ in range(5):
        assert leader.plan(1, 3, after_ms=400) is None
        assert leader.plan(1, 2, 3, after_ms=400) is None


def test_a_returned_robot_gets_a_slot_only_when_it_has_caught_up():
    leader = Leader()
    leader.assign(1, 2)
    for _ in range(40):
        leader.commit(Envelope(99, leader.state.sessions.next_serial(99), 0, b'{}'))
    behind = [*leader.robots(1, 2), *leader.robots(3, applied=2)]
    assert leader.plan(robots=behind) is None
    assert leader.plan(robots=behind, after_ms=5000) is None
    assert leader.plan(1, 2, 3) is None
    assert sorted(leader.plan(1, 2, 3, after_ms=1000).robots) == [1, 2, 3]


def test_keep_slots_leaves_the_lost_their_slots():
    leader = Leader(MISSION._replace(on_loss='keep_slots'))
    leader.assign(1, 2, 3)
    assert leader.plan(1, 3) is None
    assert leader.plan(1, 3, after_ms=60_000) is None


def test_keep_slots_fits_a_newcomer_in_once_nobody_is_missing():
    leader = Leader(MISSION._replace(on_loss='keep_slots'))
    leader.assign(1, 2, 3)
    assert leader.plan(1, 3, 4) is None
    assert leader.plan(1, 3, 4, after_ms=60_000) is None
    assert leader.plan(1, 2, 3, 4) is None
    assert sorted(leader.plan(1, 2, 3, 4, after_ms=1000).robots) == [1, 2, 3, 4]


def test_a_robot_off_the_roster_gets_no_slot():
    leader = Leader()
    leader.commit(Envelope(99, 2, 0, encode_command(RosterRemove(2))))
    leader.plan(1, 2, 3)
    assert sorted(leader.plan(1, 2, 3, after_ms=1000).robots) == [1, 3]


def test_the_closest_slots_are_taken_where_the_formation_is_now():
    leader = Leader(MISSION._replace(formation=Formation('column', 3000)))
    robots = [LiveRobot(1, (40.0, 0.0, 0.0), 1), LiveRobot(2, (50.0, 0.0, 0.0), 1)]
    leader.plan(robots=robots)
    command = leader.plan(robots=robots, after_ms=1000, progress_m=45.0)
    assert command.robots == (2, 1)
    assert Places(MISSION, 2).slots(45.0) == ((45_000, 1500, 0), (45_000, -1500, 0))


def test_a_formation_that_cannot_be_flown_is_not_proposed_and_says_why():
    leader = Leader(MISSION._replace(formation=Formation('line', 9600)))
    leader.plan(1, 2)
    assert leader.plan(1, 2, after_ms=5 * NS_PER_S // NS_PER_MS) is None
    assert 'kept range' in leader.planner.problem
    assert leader.plan(1, after_ms=1000).robots == (1,)
    assert leader.planner.problem == ''


def places(leader, **positions):
    """Return live robots at (x, y) that offer nothing."""
    return [
        LiveRobot(int(name[1:]), (*at, 0.0), leader.state.index) for name, at in positions.items()
    ]


def offering(leader, *robots):
    """Return the robots, of which the first two offer each other their slots."""
    slots = [leader.state.slot_of(robot.robot) for robot in robots]
    offers = [Offer(leader.state.epoch, slots[1]), Offer(leader.state.epoch, slots[0])]
    return [
        *(robot._replace(offer=offer) for robot, offer in zip(robots, offers)), *robots[2:]
    ]


def test_neighbours_that_offer_each_other_their_slots_exchange_them():
    leader = Leader()
    leader.assign(1, 2, 3)
    assert leader.state.slots == (1, 2, 3)
    crossed = places(leader, r1=(0.0, 0.0), r2=(0.0, 3.0), r3=(0.0, -3.0))
    assert leader.plan(robots=crossed, after_ms=1000) is None  # the leader looks for none itself
    command = leader.plan(robots=offering(leader, *crossed), after_ms=1000)
    assert command.robots == (2, 1, 3)
    assert command.after == leader.state.epoch


def test_batches_of_exchanges_keep_their_distance_in_time():
    leader = Leader()
    leader.assign(1, 2, 3)
    robots = offering(leader, *leader.robots(1, 2, 3))
    assert leader.plan(robots=robots, after_ms=1000) is not None
    assert leader.plan(robots=robots, after_ms=499) is None
    assert leader.plan(robots=robots, after_ms=1) is not None


@pytest.mark.parametrize('change', [{'rearrange': False}, {'on_loss': 'keep_slots'}])
def test_slots_are_exchanged_only_where_the_mission_allows_it_and_nobody_is_missing(change):
    leader = Leader(MISSION._replace(**change))
    leader.assign(1, 2, 3)
    crossed = offering(leader, *leader.robots(1, 2, 3))
    robots = crossed if 'rearrange' in change else crossed[:2]
    assert leader.plan(robots=robots, after_ms=1000) is None


def test_a_stuck_formation_is_committed_shrunk_and_then_opened():
    leader = Leader()
    leader.assign(1, 2, 3)
    stuck = places(leader, r1=(20.0, 3.0), r2=(20.0, 0.0), r3=(20.0, -3.0))
    shrunk = None
    for _ in range(20):
        shrunk = leader.plan(robots=stuck, after_ms=500)
        if shrunk:
            break
    assert shrunk.layout.scale_pm == 334  # no closer than safety distance and margin
    assert shrunk.robots == leader.state.slots
    leader.commit(Envelope(0, 0, 0, encode_command(shrunk)))
    arrived = places(leader, r1=(0.0, 1.0), r2=(0.0, 0.0), r3=(0.0, -1.0))
    opened = None
    for _ in range(3):
        opened = leader.plan(robots=arrived, after_ms=500) or opened
    assert opened.layout.scale_pm == 1000


def test_a_formation_in_space_is_shrunk_no_further_than_its_heights_allow():
    tower = Formation('custom', 3000, 0, tuple(
        tuple((0, 0, 3000 * k) for k in range(count)) for count in (1, 2, 3)
    ))
    leader = Leader(MISSION._replace(formation=tower))
    leader.planner = MissionPlanner(
        leader.settings,
        FormationLimits(9.5, 0.6, 0.9, 0.4, dimensions=3, downwash_factor=2.0),
    )
    leader.assign(1, 2, 3)
    stuck = places(leader, r1=(20.0, 3.0), r2=(20.0, 0.0), r3=(20.0, -3.0))
    found = (leader.plan(robots=stuck, after_ms=500) for _ in range(20))
    shrunk = next(filter(None, found))
    assert shrunk.layout.scale_pm == 667  # 3 m above each other count as 1.5 m


def test_no_formation_is_shrunk_beside_a_dead_robot_that_holds_it_up():
    leader = Leader()
    leader.assign(1, 2, 3)
    stuck = places(leader, r1=(20.0, 3.0), r2=(20.0, 0.0), r3=(20.0, -3.0))
    dead = [SilentRobot(9, (18.0, 0.0, 0.0))]
    assert all(
        leader.plan(robots=stuck, silent=dead, after_ms=500) is None for _ in range(40)
    )


def test_a_formation_is_packed_beside_the_dead_where_it_comes_to_stand():
    leader = Leader(MISSION._replace(path=((0, 0, 0),)))
    leader.planner = MissionPlanner(
        leader.settings, FormationLimits(9.5, 0.6, 0.9, 0.4, silent_radius_m=1.5)
    )
    leader.assign(1, 2, 3)
    dead = [SilentRobot(2, (0.0, 1.5, 0.0))]
    leader.plan(1, 3, silent=dead)
    command = leader.plan(1, 3, silent=dead, after_ms=1000)
    slots = Places(leader.state.mission.command, 2, command.layout).goals()
    assert command.layout.shift != (0, 0)
    assert min(math.dist(slot[:2], (0, 1500)) for slot in slots) >= 2000
    elsewhere = [SilentRobot(2, (50.0, 0.0, 0.0))]
    assert leader.plan(1, 3, silent=elsewhere, after_ms=1000).layout.shift == (0, 0)


def test_robots_lost_beyond_a_gap_are_waited_for():
    leader = Leader()
    leader.planner = MissionPlanner(
        leader.settings, FormationLimits(9.5, 0.6, 0.9, 0.4, range_m=10.0)
    )
    leader.assign(1, 2, 3)
    beyond = [SilentRobot(1, (0.0, 20.0, 0.0)), SilentRobot(2, (0.0, 12.0, 0.0))]
    leader.plan(3, silent=beyond)
    assert leader.plan(3, silent=beyond, after_ms=29_000) is None
    assert leader.plan(3, silent=beyond, after_ms=1_000) is not None


def test_several_that_fell_silent_within_range_are_given_up_soon():
    leader = Leader()
    leader.planner = MissionPlanner(
        leader.settings, FormationLimits(9.5, 0.6, 0.9, 0.4, range_m=10.0)
    )
    leader.assign(1, 2, 3, 4, 5)
    lost = [SilentRobot(4, (0.0, -9.0, 0.0)), SilentRobot(5, (0.0, -12.0, 0.0))]
    assert leader.plan(1, 2, 3, silent=lost) is None
    delay_ms = round(1000 * leader.settings.repack_delay_s)
    assert leader.plan(1, 2, 3, after_ms=delay_ms - 1, silent=lost) is None
    assert leader.plan(1, 2, 3, after_ms=1, silent=lost).robots == (1, 2, 3)
