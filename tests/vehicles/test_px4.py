# SPDX-License-Identifier: Apache-2.0
"""PX4 says and gets what is meant, in its own frames, under its own names."""

import math
from types import SimpleNamespace

import pytest
from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.vehicles import px4
from swarm_coordination.vehicles.px4 import Origin
from swarm_coordination.views import VelocityCommand

ZURICH = Origin(47.3977, 8.5456, 488.0)
NORTH = VelocityCommand(0.0, 1.0, 0.0, 0.0)


def test_north_is_north_and_up_is_up_in_either_frame():
    assert px4.setpoint(NORTH).velocity == (1.0, 0.0, -0.0)
    assert px4.setpoint(VelocityCommand(0.0, 0.0, 1.0, 0.0)).velocity[2] == -1.0
    assert px4.setpoint(VelocityCommand(0.0, 0.0, 0.0, 0.3)).yawspeed == -0.3
    assert px4.velocity_from_ned((1.0, 2.0, -3.0)) == (2.0, 1.0, 3.0)


def test_a_velocity_there_and_back_is_the_same():
    command = VelocityCommand(0.3, -0.7, 0.2, 0.1)
    assert px4.velocity_from_ned(px4.setpoint(command).velocity) == command[:3]


@pytest.mark.parametrize(('heading', 'yaw'), [
    (0.0, math.pi / 2), (math.pi / 2, 0.0), (math.pi, -math.pi / 2), (-math.pi / 2, math.pi)])
def test_a_heading_from_north_clockwise_is_a_yaw_from_east_counter_clockwise(heading, yaw):
    pose = px4.pose_from_ned((0.0, 0.0, 0.0), heading, (0.0, 0.0, 0.0))
    assert math.cos(pose.yaw - yaw) == pytest.approx(1.0)


def test_positions_are_shifted_from_the_vehicles_own_origin_to_the_shared_one():
    # One second of latitude is 30.887 m on this sphere.
    own = ZURICH._replace(latitude=ZURICH.latitude + 1.0 / 3600.0, altitude=490.0)
    east, north, up = px4.shift(own, ZURICH)
    assert (east, north, up) == pytest.approx((0.0, 30.887, 2.0), abs=0.01)
    pose = px4.pose_from_ned((5.0, 3.0, -10.0), 0.0, (east, north, up))
    assert pose[:3] == pytest.approx((3.0, 35.887, 12.0), abs=0.01)


def test_two_vehicles_side_by_side_agree_whatever_their_origins():
    a = ZURICH._replace(longitude=ZURICH.longitude + 0.001)
    b = ZURICH._replace(latitude=ZURICH.latitude - 0.0005)
    ea, na, _ = px4.shift(a, ZURICH)
    eb, nb, _ = px4.shift(b, ZURICH)
    # The same spot, 100 m east of the shared origin, in either vehicle's own NED.
    first = px4.pose_from_ned((-na, 100.0 - ea, 0.0), 0.0, (ea, na, 0.0))
    second = px4.pose_from_ned((-nb, 100.0 - eb, 0.0), 0.0, (eb, nb, 0.0))
    assert first[:3] == pytest.approx(second[:3], abs=1e-6)


@pytest.mark.parametrize('own', [ZURICH._replace(latitude=0.0),
                                 ZURICH._replace(longitude=math.nan)])
def test_an_origin_of_another_field_is_refused(own):
    with pytest.raises(MessageRefused, match='within 20 km'):
        px4.shift(own, ZURICH)


def position(**changed):
    """Return a VehicleLocalPosition that is well."""
    well = {
        'xy_valid': True, 'z_valid': True, 'xy_global': True, 'heading_good_for_control': True,
        'x': 1.0, 'y': 2.0, 'z': -3.0, 'vx': 0.1, 'vy': 0.2, 'vz': -0.3, 'heading': math.pi / 2,
        'ref_lat': ZURICH.latitude, 'ref_lon': ZURICH.longitude, 'ref_alt': ZURICH.altitude}
    return SimpleNamespace(**{**well, **changed})


def test_a_local_position_is_read_in_the_frames_of_the_stack():
    pose, velocity = px4.local_position(position(), ZURICH)
    assert tuple(pose) == pytest.approx((2.0, 1.0, 3.0, 0.0))
    assert velocity == (0.2, 0.1, 0.3)


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('field', [
    'x', 'y', 'z', 'vx', 'vy', 'vz', 'heading', 'ref_lat', 'ref_lon', 'ref_alt'])
def test_a_position_or_heading_that_is_no_number_is_refused(field, number):
    with pytest.raises(MessageRefused, match='not_finite'):
        px4.local_position(position(**{field: number}), ZURICH)


@pytest.mark.parametrize(
    'flag', ['xy_valid', 'z_valid', 'xy_global', 'heading_good_for_control'])
def test_what_px4_does_not_vouch_for_is_refused(flag):
    with pytest.raises(MessageRefused, match=f'not_valid: {flag} '):
        px4.local_position(position(**{flag: False}), ZURICH)


@pytest.mark.parametrize(('connected', 'remaining', 'volts', 'amperes', 'expected'), [
    (True, 0.4, 15.2, 3.0, (0.4, 15.2, -3.0)),
    (False, 0.4, 15.2, 3.0, (math.nan, 15.2, -3.0)),
    (True, -1.0, 0.0, -1.0, (math.nan, math.nan, math.nan)),
    (True, math.nan, 15.2, 3.0, (math.nan, 15.2, -3.0))])
def test_a_battery_is_read_with_what_is_not_known(connected, remaining, volts, amperes, expected):
    message = SimpleNamespace(
        connected=connected, remaining=remaining, voltage_v=volts, current_a=amperes)
    assert tuple(px4.battery(message)) == pytest.approx(expected, nan_ok=True)


def test_topics_carry_the_version_of_their_message():
    assert px4.topic('vehicle_local_position', 1) == 'fmu/out/vehicle_local_position_v1'
    assert px4.topic('vehicle_local_position', 0) == 'fmu/out/vehicle_local_position'
    assert px4.topic('trajectory_setpoint', 0) == 'fmu/in/trajectory_setpoint'
