# SPDX-License-Identifier: Apache-2.0
"""A fence is where the options say; a battery's verdict is never taken back."""

import math

import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.vehicles.safety import BatteryWatch, Charge, outside, SafetyOptions
from swarm_coordination.views import Pose

FENCE = SafetyOptions(fence_x_min_m=-5.0, fence_x_max_m=5.0, fence_y_min_m=-2.0,
                      fence_y_max_m=2.0, fence_z_max_m=3.0)


@pytest.mark.parametrize(('pose', 'axis'), [
    (Pose(5.1, 0.0, 0.0, 0.0), 'x'), (Pose(-5.1, 0.0, 0.0, 0.0), 'x'),
    (Pose(0.0, 2.1, 0.0, 0.0), 'y'), (Pose(0.0, -2.1, 0.0, 0.0), 'y'),
    (Pose(0.0, 0.0, 3.1, 0.0), 'z')])
def test_beyond_the_fence_is_said_with_axis_and_distance(pose, axis):
    assert outside(pose, FENCE) == f'0.10 m beyond the fence in {axis}'


def test_inside_the_fence_and_without_one_nothing_is_said():
    assert outside(Pose(4.9, -1.9, 2.9, 0.0), FENCE) == ''
    assert outside(Pose(9e4, -9e4, 0.0, 0.0), SafetyOptions()) == ''


def test_a_battery_leads_from_flying_over_leaving_to_landing_and_never_back():
    watch = BatteryWatch(SafetyOptions(battery_leave=0.3, battery_land=0.1))
    assert [watch.take(c) for c in (0.9, 0.31, 0.29, 0.5, 0.09, 0.9)] == [
        Charge.FLY, Charge.FLY, Charge.LEAVE, Charge.LEAVE, Charge.LAND, Charge.LAND]


@pytest.mark.parametrize('charge', [math.nan, -1.0, 55.0])
def test_what_is_no_charge_decides_nothing(charge):
    assert BatteryWatch(SafetyOptions()).take(charge) is Charge.FLY


@pytest.mark.parametrize('wrong', [
    {'fence_x_min_m': 6.0, 'fence_x_max_m': 5.0}, {'battery_leave': 0.1, 'battery_land': 0.2}])
def test_options_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        SafetyOptions(**wrong)
