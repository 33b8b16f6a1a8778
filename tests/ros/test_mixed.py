# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes and plain DDS processes make one swarm, and robots of either kind lead it."""

import os
import re
import time

import pytest
from rclpy.node import Node
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.domain import interoperable_environment
from swarm_coordination.ros import qos
from swarm_coordination.transport import profiles
from swarm_msgs.msg import RobotStatus

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


@pytest.mark.parametrize('profile', ['ours', 'none'])
def test_sequences_cross_between_vendors_with_the_profile_and_not_without(
    run, monkeypatch, profile
):
    # Kilted's Fast DDS; where this fails with none the profile has become unnecessary.
    if profile == 'none':
        if os.environ.get('ROS_DISTRO', 'kilted') in ('humble', 'jazzy'):
            pytest.skip('Fast DDS before 3.0 announces no types')
        monkeypatch.delenv('FASTDDS_DEFAULT_PROFILES_FILE')
    runner, loop = run.runner(), CycloneLoop(run.domain)
    try:
        node, bus = Node('crossing', context=runner.context), CycloneBus(loop.participant)
        runner.add(node)
        kind, to_dds, to_ros = bus.types.swarm.RobotStatus, [], []
        bus.subscribe(kind, '/crossing_a', profiles.STATUS, to_dds.append)
        node.create_subscription(RobotStatus, '/crossing_b', to_ros.append, qos.STATUS)
        here = node.create_publisher(RobotStatus, '/crossing_a', qos.STATUS_OFFERED)
        there = bus.publisher(kind, '/crossing_b', profiles.STATUS_OFFERED)
        deadline = time.monotonic() + (15.0 if profile == 'ours' else 4.0)
        while time.monotonic() < deadline and not (to_dds and to_ros):
            here.publish(RobotStatus(name='robot1', alive=['robot1', 'robot2']))
            there(kind(name='robot2', alive=['robot1', 'robot2']))
            runner.spin_until(time.monotonic() + 0.02)
            loop.spin_until(time.monotonic() + 0.02)
        if profile == 'none':
            assert not to_dds
            return
        assert to_dds[0].alive == ['robot1', 'robot2']
        assert (to_ros[0].name, to_ros[0].alive) == ('robot2', ['robot1', 'robot2'])
    finally:
        loop.close()
