# SPDX-License-Identifier: Apache-2.0
"""The controller brakes when it must, refuses what is wrong, and stays finite."""

from __future__ import annotations

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.halfspaces import Relaxation
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.watch import PoseGate
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
    VelocityCommand,
)

SETTINGS = ControlSettings()
PERIOD = 50 * NS_PER_MS
ORIGIN = Pose(0.0, 0.0, 0.0, 0.0)
STILL = (0.0, 0.0, 0.0)


def neighbor(robot, x, y, age_s=0.1, **changes):
    state = NeighborState(
        robot, f'robot{robot}', (x, y, 0.0), STILL, 0.0, 1, age_s, Liveness.ALIVE, True, (1,),
        0.0, 1, True,
    )
    return state._replace(**changes)


def table(now, *neighbors):
    return NeighborTable(now, 1, 1, neighbors)


def target(now, mode=Mode.FLY, position=(5.0, 0.0, 0.0), velocity=STILL, slot=0, yaw=0.0):
    return FormationTarget(now, mode, 1, slot, 5, position, velocity, yaw)


def flying(now, mode=Mode.FLY, neighbors=(), pose=ORIGIN, **changes):
    """Return a controller with everything fresh at ``now``, just updated."""
    controller = FormationController(1, SETTINGS, now)
    controller.observe(pose, STILL, now)
    controller.table(table(now, *neighbors), now)
    controller.target(target(now, mode, **changes), now)
    return controller, controller.update(now)


def test_a_robot_alone_flies_straight_to_its_slot_with_feed_forward():
    _, report = flying(0, position=(0.5, 0.2, 0.1), velocity=(0.3, 0.0, 0.0))
    assert report.command == pytest.approx((0.8, 0.2, 0.1, 0.0))
    assert report.reasons == () and not report.braking
    assert report.slot_error_m == pytest.approx(math.hypot(0.5, 0.2))
    assert report.nearest_m is None


def test_the_speed_bound_shortens_the_wish_and_keeps_its_direction():
    _, report = flying(0, position=(30.0, 40.0, 50.0))
    assert report.command[:3] == pytest.approx((0.9, 1.2, 1.5))


def test_hold_keeps_station_without_feed_forward():
    _, report = flying(0, Mode.HOLD, position=(0.5, 0.0, 0.0), velocity=(1.0, 0.0, 0.0))
    assert report.command[:2] == pytest.approx((0.5, 0.0))
    assert report.reasons == ('hold',) and not report.braking


@pytest.mark.parametrize(
    ('mode', 'word'),
    [
        (Mode.IDLE, 'idle'),
        (Mode.LEASE_EXPIRED, 'lease_expired'),
        (Mode.STOPPED, 'stopped'),
        (Mode.ABORTED, 'aborted'),
    ],
)
def test_a_mode_that_stands_brakes_in_a_straight_line_at_the_deceleration(mode, word):
    controller, before = flying(0)
    assert before.command.vx == 1.5
    speeds, now = [], 0
    for _ in range(12):
        now += PERIOD
        controller.observe(ORIGIN._replace(x=now * 1e-9), STILL, now)
        controller.table(table(now), now)
        controller.target(target(now, mode), now)
        report = controller.update(now)
        speeds.append(report.command.vx)
        assert report.reasons == (word,) and report.braking
        assert report.command.vy == 0.0
    expected = [max(0.0, 1.5 - 0.15 * k) for k in range(1, 13)]
    assert speeds == pytest.approx(expected)


def test_a_table_older_than_its_timeout_brakes_the_robot_to_a_stand():
    controller, _ = flying(0)
    now, stood = 0, None
    while now < 3 * NS_PER_S:
        now += PERIOD
        controller.observe(ORIGIN._replace(x=min(now * 1.5e-9, 2.0)), STILL, now)
        controller.target(target(now, position=(50.0, 0.0, 0.0)), now)
        report = controller.update(now)
        late = now > NS_PER_S
        assert report.reasons == (('table_stale',) if late else ())
        if late and stood is None and report.command.vx == 0.0:
            stood = now
    assert stood is not None and stood - NS_PER_S <= NS_PER_S * (1.5 / 3.0) + PERIOD
    assert report.command == (0.0, 0.0, 0.0, 0.0)


def test_a_target_older_than_its_timeout_brakes():
    controller, _ = flying(0)
    now = 2 * NS_PER_S
    controller.observe(ORIGIN, STILL, now)
    controller.table(table(now), now)
    assert controller.update(now).reasons == ('target_stale',)


def test_before_anything_arrives_the_robot_stands_and_says_why():
    report = FormationController(1, SETTINGS, 0).update(0)
    assert report.command == (0.0, 0.0, 0.0, 0.0)
    assert report.reasons == ('pose_missing', 'table_missing', 'target_missing')


def test_a_robot_without_a_slot_stands():
    _, report = flying(0, slot=-1)
    assert report.reasons == ('no_slot',) and report.command.vx == 0.0


@pytest.mark.parametrize(
    'bad',
    [
        ORIGIN._replace(x=math.nan),
        ORIGIN._replace(yaw=math.inf),
        ORIGIN._replace(y=3.0),
        ORIGIN._replace(z=-3.0),
    ],
)
def test_a_pose_that_is_no_number_or_jumps_is_refused_and_brakes(bad):
    controller, _ = flying(0)
    assert not controller.observe(bad, STILL, PERIOD)
    report = controller.update(PERIOD)
    assert report.reasons == ('pose_refused',) and report.poses_refused == 1
    assert report.command.vx == pytest.approx(1.35)
    assert controller.observe(ORIGIN._replace(x=0.05), STILL, 2 * PERIOD)
    assert 'pose_refused' not in controller.update(2 * PERIOD).reasons


def test_a_relocation_is_accepted_once_the_robot_could_have_flown_there():
    controller, _ = flying(0)
    there = ORIGIN._replace(x=3.0)
    assert not controller.observe(there, STILL, NS_PER_S)
    assert controller.observe(there, STILL, 2 * NS_PER_S)


def test_a_stale_pose_brakes_open_loop():
    controller, _ = flying(0)
    now = NS_PER_S // 2
    controller.table(table(now), now)
    controller.target(target(now), now)
    report = controller.update(now)
    assert report.reasons == ('pose_stale',)
    assert report.command.vx == pytest.approx(1.5 - 3.0 * SETTINGS.hold_s)


def test_a_controller_that_starts_while_moving_brakes_from_that_motion():
    controller = FormationController(1, SETTINGS, 0)
    controller.observe(ORIGIN, (1.0, 0.0, 0.0), 0)
    assert controller.update(PERIOD).command.vx == pytest.approx(0.85)


@pytest.mark.parametrize(('dimensions', 'climb'), [(2, 1.5), (3, 0.0)])
@pytest.mark.parametrize('limit', [0.0, 3.0])
def test_no_velocity_of_odometry_makes_a_command_faster_than_the_robot(limit, dimensions, climb):
    settings = replace(SETTINGS, acceleration_max_mps2=limit, dimensions=dimensions)
    controller = FormationController(1, settings, 0)
    controller.observe(ORIGIN, (1e5, 0.0, 1e-9 if dimensions == 3 else 1e5), 0)
    controller.table(table(0), 0)
    report = controller.update(0)  # without a target: braking, from the motion there is
    assert (report.command.vx, report.command.vz) == pytest.approx((1.5, climb))
    assert 'pose_frozen' not in controller.update(PERIOD).reasons


@pytest.mark.parametrize(
    'bad',
    [
        table(0, neighbor(2, math.nan, 0.0)),
        table(0, neighbor(2, 5.0, 0.0, age_s=math.nan)),
        table(0, neighbor(2, 5.0, 0.0, age_s=-1.0)),
        table(2 * NS_PER_S, neighbor(2, 5.0, 0.0)),
        table(0)._replace(robot=9),
    ],
)
def test_a_table_of_bad_numbers_another_clock_or_another_robot_is_refused(bad):
    controller, _ = flying(0)
    assert not controller.table(bad, 0)
    assert controller.update(PERIOD).tables_refused == 1


def test_a_target_that_is_not_finite_is_refused():
    controller, _ = flying(0)
    assert not controller.target(target(0, position=(math.nan, 0.0, 0.0)), 0)
    assert not controller.target(target(0, velocity=(math.inf, 0.0, 0.0)), 0)
    report = controller.update(PERIOD)
    assert report.targets_refused == 2 and report.command.vx == 1.5


def test_a_robot_in_the_way_is_not_approached_and_a_standing_robot_stands():
    near = neighbor(2, 0.8, 0.0)
    _, report = flying(0, neighbors=(near,))
    assert report.command.vx <= 0.0
    assert report.nearest_m == pytest.approx(0.8)
    _, report = flying(0, Mode.STOPPED, neighbors=(neighbor(2, 0.3, 0.0),))
    assert report.command == (0.0, 0.0, 0.0, 0.0)


def test_robots_apparently_too_close_move_apart_when_flying():
    _, report = flying(0, neighbors=(neighbor(2, 0.3, 0.0, age_s=0.0),))
    assert report.command.vx < 0.0


def test_a_kept_link_is_not_stretched_and_a_row_of_unbounded_age_keeps_nothing():
    bound = neighbor(2, -9.45, 0.0)
    _, report = flying(0, neighbors=(bound,))
    assert report.kept == (2,) and report.command.vx <= 1e-9
    for changed in (
        bound._replace(age_s=math.inf),
        bound._replace(heard=False),
        bound._replace(same_configuration=False),
    ):
        _, report = flying(0, neighbors=(changed,))
        assert report.kept == () and report.command.vx == 1.5


def certificate(**changes):
    """Robot 3, 9.4 m away, is reached over robot 2 half-way; ``changes`` are of robot 2."""
    middle = neighbor(2, -4.7, 0.0, links=(1, 3))._replace(**changes)
    return (middle, neighbor(3, -9.4, 0.0, links=(1, 2)))


def test_a_certified_link_is_released():
    _, report = flying(0, neighbors=certificate())
    assert report.released == (3,) and report.kept == (2,)
    assert report.command.vx == 1.5


@pytest.mark.parametrize(
    'changes',
    [
        {'epoch': 2},
        {'liveness': Liveness.SUSPECT},
        {'same_configuration': False},
        {'age_s': 1.1},
        {'links': (1,)},
    ],
)
def test_a_robot_that_is_not_surely_in_the_same_epoch_and_alive_stands_in_no_certificate(changes):
    _, report = flying(0, neighbors=certificate(**changes))
    assert report.released == () and 3 in report.kept


@pytest.mark.parametrize(
    ('age_s', 'pose_age_s', 'released'), [(0.1, 0.0, (3,)), (0.6, 0.0, ()), (0.1, 0.25, ())]
)
def test_a_certificate_counts_how_far_everybody_may_have_moved(age_s, pose_age_s, released):
    middle = neighbor(2, -7.9, 0.0, age_s=age_s, links=(1, 3))
    far = neighbor(3, -9.4, 0.0, age_s=0.1, links=(1, 2))
    controller = FormationController(1, SETTINGS, 0)
    controller.observe(ORIGIN, STILL, 0)
    now = round(pose_age_s * NS_PER_S)
    controller.table(table(now, middle, far), now)
    assert controller.update(now).released == released


def test_recovery_of_a_link_is_given_up_before_recovery_from_a_robot_too_close():
    near, far = neighbor(2, 0.45, 0.0, age_s=0.0), neighbor(3, 6.93, 6.93, age_s=0.0)
    _, report = flying(0, neighbors=(near, far))
    assert report.relaxation is Relaxation.LINK_RECOVERY and report.relaxations == (1, 0, 0, 0)
    assert report.command.vx <= -SETTINGS.recovery_speed_mps + 1e-9


def test_a_robot_squeezed_between_two_that_are_too_close_stands_and_counts_it():
    both = (neighbor(2, 0.3, 0.0, age_s=0.0), neighbor(3, -0.3, 0.0, age_s=0.0))
    _, report = flying(0, neighbors=both)
    assert report.relaxation is Relaxation.COLLISION_RECOVERY
    assert report.relaxations == (0, 0, 1, 0)
    assert report.command.vx == pytest.approx(0.0, abs=1e-9)


def test_ages_grow_with_the_age_of_the_table():
    controller, report = flying(0, neighbors=certificate())
    assert report.released == (3,)
    controller.observe(ORIGIN, STILL, NS_PER_S * 19 // 20)
    # 1.05 s old by now: certifies nothing and is kept no longer.
    late = controller.update(NS_PER_S * 19 // 20)
    assert late.released == () and late.kept == ()


def test_a_silent_robot_stays_an_obstacle_of_its_stopping_distance():
    silent = neighbor(2, 1.7, 0.0, age_s=40.0, liveness=Liveness.SILENT, heard=False)
    _, report = flying(0, neighbors=(silent,))
    assert report.kept == ()
    assert report.command.vx <= 1e-9


@pytest.mark.parametrize('yaw', [0.0, math.pi / 2.0, -3.0])
def test_the_command_in_map_does_not_depend_on_the_own_heading(yaw):
    others = (neighbor(2, 1.2, 0.3),)
    reference = flying(0, neighbors=others)[1].command
    turned = flying(0, neighbors=others, pose=ORIGIN._replace(yaw=yaw), yaw=yaw)[1].command
    assert turned == reference


def test_the_heading_is_turned_the_short_way_and_at_a_bounded_rate():
    _, report = flying(0, pose=ORIGIN._replace(yaw=3.0), yaw=-3.0)
    assert report.command.yaw_rate == pytest.approx(2.0 * math.pi - 6.0)
    _, report = flying(0, yaw=3.0)
    assert report.command.yaw_rate == 1.0


def test_the_next_update_is_due_one_period_later():
    controller, _ = flying(70)
    assert controller.next_deadline() == 70 + PERIOD


def test_a_late_update_does_not_put_off_those_after_it():
    controller, _ = flying(0)
    for late in (0, PERIOD // 10, PERIOD // 3, PERIOD // 2):
        due = controller.next_deadline()
        controller.update(due + late)
        assert controller.next_deadline() == due + PERIOD


def test_after_a_long_gap_updates_are_a_period_apart_again():
    controller, _ = flying(0)
    for late in (PERIOD // 2 + 1, PERIOD, 7 * PERIOD):
        now = controller.next_deadline() + late
        controller.update(now)
        assert controller.next_deadline() == now + PERIOD


NUMBER = st.floats(allow_nan=True, allow_infinity=True)
ROWS = st.lists(
    st.tuples(st.floats(-12, 12), st.floats(-12, 12), st.floats(0, 2), st.booleans()), max_size=8
)


@given(ROWS, st.tuples(NUMBER, NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER), NUMBER)
@settings(max_examples=200)
def test_whatever_arrives_the_command_is_finite_within_the_speed_and_repeatable(
    rows, place, velocity, yaw
):
    states = tuple(
        neighbor(k + 2, x, y, age_s=age, heard=heard, links=(1, 2, 3))
        for k, (x, y, age, heard) in enumerate(rows)
    )

    def fly():
        controller, first = flying(0, neighbors=states)
        controller.observe(Pose(*place, yaw), velocity, PERIOD)
        controller.target(target(PERIOD, position=place, velocity=velocity, yaw=yaw), PERIOD)
        return first, controller.update(PERIOD)

    for report in fly():
        assert all(map(math.isfinite, report.command))
        assert math.hypot(report.command.vx, report.command.vy) <= SETTINGS.speed_max_mps + 1e-9
        assert math.isfinite(report.deviation_mps)
    assert fly() == fly()


def test_a_robot_of_the_plane_that_is_asked_to_rise_is_not_frozen():
    gate = PoseGate(SETTINGS)
    gate.offer(ORIGIN, 0)
    gate.asked(VelocityCommand(0.0, 0.0, 1.0, 0.0), 60.0)
    assert not gate.frozen
    gate.asked(VelocityCommand(1.0, 0.0, 0.0, 0.0), 60.0)
    assert gate.frozen


def test_a_pose_that_is_frozen_while_commands_ask_for_metres_brakes_until_it_moves():
    controller = FormationController(1, SETTINGS)
    seen = []
    for period in range(40):
        now = period * PERIOD
        controller.observe(ORIGIN, STILL, now)
        controller.table(table(now), now)
        controller.target(target(now), now)
        seen.append(controller.update(now))
    free_m = SETTINGS.pose_jump_m + SETTINGS.speed_max_mps * SETTINGS.pose_timeout_s
    first = next(k for k, report in enumerate(seen) if report.reasons == ('pose_frozen',))
    assert first * PERIOD / NS_PER_S == pytest.approx(free_m / SETTINGS.speed_max_mps, abs=0.06)
    assert seen[-1].command.vx == 0.0
    now = 40 * PERIOD
    assert controller.observe(ORIGIN._replace(x=0.01), STILL, now)
    assert controller.update(now).reasons == ()


@pytest.mark.parametrize(('theta', 'epoch', 'released'), [
    (2.0, 2, (3,)), (2.0, 1, ()), (2.0, 3, ()), (0.0, 1, (3,)),
])
def test_a_goal_of_another_epoch_than_the_tables_certifies_nothing(theta, epoch, released):
    controller = FormationController(1, replace(SETTINGS, look_ahead_s=theta))
    controller.observe(ORIGIN, STILL, 0)
    rows = tuple(
        neighbor(robot, 4.5 * (robot - 1), 0.0, links=links, epoch=2, goal=goal)
        for robot, links, goal in (
            (2, (1, 3), (4.5, 2.0, 0.0)), (3, (1, 2), (6.0, 0.0, 0.0)))
    )
    controller.table(table(0, *rows)._replace(epoch=2), 0)
    own = target(0)._replace(epoch=epoch, goal=(-3.0, 0.0, 0.0))
    controller.target(own, 0)
    report = controller.update(0)
    assert report.released == released
    assert set(report.kept) == {2, 3} - set(released)
