# SPDX-License-Identifier: Apache-2.0
"""Options of ``swarm robot`` are checked before anything is published."""

import argparse

import pytest
from swarm_coordination.cli import robot
from swarm_coordination.errors import ConfigurationError


def options(*words):
    parser = argparse.ArgumentParser()
    robot.add_arguments(parser)
    return parser.parse_args(['robot1', '--storage', 'disk', *words])


@pytest.mark.parametrize('period', ['0', '-1', '0.019', '10.5', 'nan'])
def test_statuses_too_often_or_too_seldom_are_refused_with_the_bounds(period):
    with pytest.raises(ConfigurationError, match=r'--status-period.*0\.02 to 10'):
        robot.status_period_of(options('--status-period', period))


def test_statuses_come_ten_times_a_second_unless_told_otherwise():
    assert robot.status_period_of(options()) == 0.1
    assert robot.status_period_of(options('--status-period', '0.5')) == 0.5
