# SPDX-License-Identifier: Apache-2.0
"""A wrong control setting stops at start and says which field, value and bound."""

from __future__ import annotations

from dataclasses import replace

import pytest
from swarm_coordination.control.settings import check_control, ControlSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import declared

DEFAULT = ControlSettings()


def test_the_defaults_are_accepted():
    check_control(DEFAULT, 'defaults')


@pytest.mark.parametrize(
    ('change', 'field'),
    [
        ({'kept_range_m': 10.0}, 'kept_range_m'),
        ({'kept_range_m': 9.8}, 'kept_range_m'),
        ({'kept_range_m': 3.0}, 'kept_range_m'),
        ({'safety_distance_m': 0.1}, 'safety_distance_m'),
        ({'safety_distance_m': 9.6}, 'kept_range_m'),
        ({'hold_s': 0.01}, 'hold_s'),
        ({'collision_gain': 0.8}, 'collision_gain'),
        ({'link_gain': 0.0}, 'link_gain'),
        ({'speed_max_mps': float('nan')}, 'speed_max_mps'),
        ({'recovery_speed_mps': 1.5}, 'recovery_speed_mps'),
        ({'age_max_s': 0.06}, 'age_max_s'),
        ({'age_max_s': 2.5}, 'age_max_s'),
        ({'localisation_error_m': 1.0}, 'age_max_s'),
        ({'acceleration_max_mps2': 2.9}, 'acceleration_max_mps2'),
    ],
)
def test_a_setting_outside_its_bounds_is_refused_by_name(change, field):
    with pytest.raises(ConfigurationError) as caught:
        check_control(replace(DEFAULT, **change), 'swarm.yaml', 'control.')
    assert caught.value.field == f'control.{field}'
    assert caught.value.source == 'swarm.yaml'


def test_what_the_guarantees_share_is_in_the_configuration_hash():
    shared = [name for name, field in declared(DEFAULT).items() if field.shared]
    assert shared == [
        'hold_s', 'speed_max_mps', 'safety_distance_m', 'range_m', 'kept_range_m',
        'resilience', 'look_ahead_s', 'deceleration_mps2', 'localisation_error_m',
        'pose_period_s', 'age_max_s', 'command_timeout_s', 'dimensions', 'downwash_factor',
    ]


@pytest.mark.parametrize('wrong', [0.0, -1.0])
@pytest.mark.parametrize(
    'field', ['speed_max_mps', 'safety_distance_m', 'range_m', 'kept_range_m', 'period_s',
              'deceleration_mps2', 'age_max_s', 'pose_timeout_s'],
)
def test_a_limit_of_zero_or_less_is_refused_by_name(field, wrong):
    with pytest.raises(ConfigurationError) as caught:
        check_control(replace(DEFAULT, **{field: wrong}), 'swarm.yaml', 'control.')
    assert caught.value.field == f'control.{field}'
