# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes and plain DDS processes make one swarm, and robots of either kind lead it."""

import os
from pathlib import Path
import re

import pytest
from swarm_coordination.live.domain import interoperable_environment

pytestmark = pytest.mark.ros


@pytest.mark.timeout(200)
@pytest.mark.parametrize(('seed', 'odd'), [(1, 'dds'), (2, 'ros')])
def test_a_mixed_swarm_has_one_log_and_each_kind_alone_leads_where_it_is_the_majority(
    run, seed, odd
):
    process, out = run.play('mixed', 'mixed', '--backend', 'mixed', '--seed', seed)
    report = run.judged(process, out, 180, 'mixed')
    kinds = {name: report['versions'][f'kind of {name}'] for name in report['robots']}
    assert kinds == {name: odd if int(name[-1]) % 2 else {'dds': 'ros', 'ros': 'dds'}[odd]
                     for name in report['robots']}
    # In the split only odd robots can lead: they are a majority, and all of one kind.
    split = next(phase for phase in report['phases'] if phase['name'] == 'split')
    applied = re.findall(r'applied \d+ term (\d+) .*led_by_odd', log_of(out, 'robot1'))
    assert len(applied) == 4
    told = log_of(out, 'robot1') + log_of(out, 'robot3')
    leaders = set(re.findall(rf'term {applied[-1]}, leader (robot\d)', told))
    assert leaders
    assert leaders <= {'robot1', 'robot3', 'robot5'}
    assert not split['unmet']


def log_of(out, robot):
    """Return what a robot applied and reported."""
    return (out / 'logs' / f'{robot}.log').read_text()


def test_a_profile_of_the_users_own_stays():
    assert interoperable_environment({'FASTDDS_DEFAULT_PROFILES_FILE': 'mine.xml'}) == {}
    assert list(interoperable_environment({'ROS_DISTRO': 'humble'})) == [
        'FASTRTPS_DEFAULT_PROFILES_FILE'
    ]


def crossing(run, seconds, **environment):
    """Run ``crossing`` in an environment of its own; return what it prints."""
    run.environment = {**os.environ, **environment}
    process = run.start('crossing', Path(__file__).with_name('crossing.py'), run.domain, seconds)
    assert process.wait(60.0) == 0, run.log('crossing').read_text()
    return run.log('crossing').read_text()


def test_sequences_cross_between_vendors_with_the_profile(run):
    both = [('ros', ['robot1', 'robot2']), ('dds', ['robot1', 'robot2'])]
    assert str(both) in crossing(run, 20.0)


def test_without_the_profile_they_do_not(run):
    # Where this fails the profile has become unnecessary.
    if os.environ.get('ROS_DISTRO', 'kilted') in ('humble', 'jazzy'):
        pytest.skip('Fast DDS before 3.0 announces no types')
    assert "'robot1'" not in crossing(run, 4.0, FASTDDS_DEFAULT_PROFILES_FILE='')
