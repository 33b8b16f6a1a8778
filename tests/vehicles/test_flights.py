# SPDX-License-Identifier: Apache-2.0
"""Whole flights through each adapter's rules, in virtual time, from the ground to the ground."""

import math

import pytest
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles import crazyflie, offboard, px4
from swarm_coordination.vehicles.crazyflie import Phase
from swarm_coordination.vehicles.offboard import Ask
from swarm_coordination.vehicles.px4 import Origin
from swarm_coordination.views import Pose, VelocityCommand
from vehicles.plants import CrazyflieVehicle, Px4Vehicle

SHARED = Origin(47.3977, 8.5456, 488.0)
# Some 22 m north and 15 m east of it, 3 m lower.
OWN = Origin(47.3979, 8.5458, 485.0)


@pytest.fixture
def quadrotor():
    """Give a quadrotor that stands on the ground, ten metres from the origin of its own frame."""
    vehicle = Px4Vehicle(OWN, SHARED)
    vehicle.ned = [8.0, -6.0, 0.0]
    return vehicle


def fly(vehicle, *, up=2.0):
    """Have the vehicle take off by its operator's word."""
    x, y, z, _ = vehicle.pose
    vehicle.goal, vehicle.fly = (x, y, z + up), True
    vehicle.run(6.0)
    assert vehicle.pose[:3] == pytest.approx(vehicle.goal, abs=0.1)


def test_px4_takes_off_flies_a_square_stands_and_lands(quadrotor):
    start = quadrotor.pose
    quadrotor.goal = (start.x, start.y, start.z + 2.0)
    quadrotor.run(5.0)
    assert (quadrotor.pose, quadrotor.asked) == (start, [])  # nobody said fly
    fly(quadrotor)
    assert quadrotor.asked == [Ask.OFFBOARD, Ask.ARM]
    for dx, dy in ((5.0, 0.0), (5.0, 5.0), (0.0, 5.0), (0.0, 0.0)):
        quadrotor.goal = (start.x + dx, start.y + dy, start.z + 2.0)
        quadrotor.run(2.0)
        # East is east: the velocity that is read goes to where the goal is.
        before = quadrotor.pose
        quadrotor.run(1.0)
        moved = [b - a for a, b in zip(before[:3], quadrotor.pose[:3])]
        assert moved == pytest.approx(quadrotor.velocity_in_map, abs=0.15)
        quadrotor.run(6.0)
        assert quadrotor.pose[:3] == pytest.approx(quadrotor.goal, abs=0.1)
    quadrotor.goal = None
    quadrotor.command = (VelocityCommand(0.0, 0.0, 0.0, 0.0), quadrotor.now)
    quadrotor.run(2.0)
    assert quadrotor.mode == Px4Vehicle.OFFBOARD
    quadrotor.fly = False
    quadrotor.run(10.0)
    assert (quadrotor.armed, quadrotor.pose.z) == (False, pytest.approx(start.z))
    assert quadrotor.pose[:2] == pytest.approx(start[:2], abs=0.1)
    assert quadrotor.asked == [Ask.OFFBOARD, Ask.ARM, Ask.LAND]
    fly(quadrotor)
    assert quadrotor.armed


def test_px4_turns_counter_clockwise_where_the_command_does(quadrotor):
    fly(quadrotor)
    before, quadrotor.yaw_rate = quadrotor.pose.yaw, 0.5
    quadrotor.run(1.0)
    assert math.remainder(quadrotor.pose.yaw - before, math.tau) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize('loss_mode', [Px4Vehicle.HOLD, Px4Vehicle.LAND])
def test_px4_without_commands_stands_then_does_what_it_is_set_to(quadrotor, loss_mode):
    quadrotor.loss_mode = loss_mode
    fly(quadrotor)
    quadrotor.goal = (quadrotor.pose.x + 50.0, quadrotor.pose.y, quadrotor.pose.z)
    quadrotor.run(3.0)
    quadrotor.goal, place = None, quadrotor.pose
    quadrotor.run(1.5)
    stood = quadrotor.pose
    # It goes on for the half second that a base keeps a command, and stops.
    assert stood.x - place.x < 0.5 + 0.5
    assert quadrotor.mode == Px4Vehicle.OFFBOARD
    quadrotor.run(offboard.SILENT_AFTER_NS / NS_PER_S + 1.5)
    assert quadrotor.mode == loss_mode
    quadrotor.run(10.0)
    assert quadrotor.pose[:2] == pytest.approx(stood[:2], abs=0.1)
    assert quadrotor.armed is (loss_mode == Px4Vehicle.HOLD)
    # Commands that return do not call it back; an operator's new word does.
    quadrotor.goal, asked = (*place[:2], place.z), len(quadrotor.asked)
    quadrotor.run(3.0)
    assert len(quadrotor.asked) == asked
    quadrotor.fly = False
    quadrotor.run(1.0)
    quadrotor.fly = True
    quadrotor.run(3.0)
    assert (quadrotor.mode, quadrotor.armed) == (Px4Vehicle.OFFBOARD, True)


@pytest.mark.parametrize('velocity', [
    (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (-0.3, 0.7, -0.2)])
@pytest.mark.parametrize('yaw', [0.0, math.pi / 2, -3.0, math.pi])
def test_frames_go_to_px4_and_come_back_the_same(velocity, yaw):
    sent = px4.setpoint(VelocityCommand(*velocity, 0.4))
    assert px4.velocity_from_ned(sent.velocity) == pytest.approx(velocity)
    assert -sent.yawspeed == 0.4  # FRD turns the other way round
    # NED's heading is clockwise from north, ENU's yaw counter-clockwise from east.
    north, east, down = 1.0 + velocity[1], 2.0 + velocity[0], -3.0 - velocity[2]
    pose = px4.pose_from_ned((north, east, down), math.pi / 2 - yaw, (0.0, 0.0, 0.0))
    assert pose[:3] == pytest.approx((2.0 + velocity[0], 1.0 + velocity[1], 3.0 + velocity[2]))
    assert math.cos(pose.yaw - yaw) == pytest.approx(1.0)


def test_a_crazyflie_is_taken_over_flown_held_and_landed():
    vehicle = CrazyflieVehicle()
    vehicle.goal = (3.0, 2.0, 1.0)
    vehicle.run(1.0)
    assert vehicle.sent == 0  # nobody said fly: Crazyswarm2 may take off
    vehicle.take_off(1.0)
    vehicle.fly = True
    vehicle.run(1.0)
    assert vehicle.at[0] == pytest.approx(1.4, abs=0.15)
    vehicle.run(5.0)
    assert vehicle.at == pytest.approx((3.0, 2.0, 1.0), abs=0.1)
    vehicle.goal = None
    vehicle.run(1.5)
    assert vehicle.core.phase is Phase.HOLDING
    place = list(vehicle.at)
    vehicle.run(1.0)
    assert vehicle.at == pytest.approx(place, abs=0.02)
    vehicle.goal = (3.0, 4.0, 1.0)
    vehicle.run(6.0)
    assert vehicle.at == pytest.approx((3.0, 4.0, 1.0), abs=0.1)
    vehicle.fly = False
    vehicle.run(5.0)
    assert vehicle.asked == [crazyflie.Ask.NOTIFY_SETPOINTS_STOP, crazyflie.Ask.LAND]
    assert vehicle.at == pytest.approx((3.0, 4.0, crazyflie.LANDING_HEIGHT_M), abs=0.1)
    assert (vehicle.motors, vehicle.fell) == (False, False)


@pytest.mark.parametrize('lost', ['commands', 'poses', 'answers', 'services'])
def test_a_crazyflie_comes_down_whatever_is_lost_in_the_air_and_never_falls(lost):
    vehicle = CrazyflieVehicle()
    vehicle.take_off(1.5)
    vehicle.goal, vehicle.fly = (2.0, 2.0, 1.5), True
    vehicle.run(3.0)
    if lost == 'commands':
        vehicle.goal = None
    elif lost == 'poses':
        vehicle.poses = False
    else:
        vehicle.land, vehicle.answers, vehicle.ready = True, False, lost == 'answers'
    vehicle.run(60.0)
    assert vehicle.at[2] <= 0.05
    assert (vehicle.motors, vehicle.fell) == (False, False)
    assert vehicle.core.phase is (
        Phase.FAILED if lost in ('answers', 'services') else Phase.LANDED)


def test_a_crazyflies_pose_and_command_are_those_of_map():
    state = crazyflie.Reference().step(
        VelocityCommand(0.1, 0.2, 0.3, 0.4), Pose(1.0, 2.0, 3.0, 0.5), NS_PER_S)
    assert state == ((1.0, 2.0, 3.0), (0.1, 0.2, 0.3), 0.5, 0.4)
