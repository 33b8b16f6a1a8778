# SPDX-License-Identifier: Apache-2.0
"""Messages of ours cross from process to process over real DDS, on this host only."""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.ros,
    pytest.mark.timeout(60),
    pytest.mark.skipif(importlib.util.find_spec('rclpy') is None, reason='rclpy is missing'),
    pytest.mark.skipif(importlib.util.find_spec('swarm_msgs') is None,
                       reason='swarm_msgs is not built: make setup'),
]

# A domain of its own beside those that demos choose from; 0 to 101 are safe on Linux.
DOMAIN = 90 + os.getpid() % 10

TALK = """
import time
import rclpy
from swarm_msgs.msg import MeshFrame
rclpy.init()
node = rclpy.create_node('talker')
publisher = node.create_publisher(MeshFrame, '/swarm/mesh', 10)
end = time.monotonic() + 30
while time.monotonic() < end:
    publisher.publish(MeshFrame(sender='r1', data=bytes(range(256)) * 4))
    time.sleep(0.05)
"""

LISTEN = """
import time
import rclpy
from swarm_msgs.msg import MeshFrame
rclpy.init()
node = rclpy.create_node('listener')
heard = []
node.create_subscription(MeshFrame, '/swarm/mesh', heard.append, 10)
end = time.monotonic() + 20
while len(heard) < 3 and time.monotonic() < end:
    rclpy.spin_once(node, timeout_sec=0.2)
assert len(heard) >= 3, 'nothing heard'
assert heard[0].sender == 'r1'
assert bytes(heard[0].data) == bytes(range(256)) * 4
print('heard', len(heard))
"""


def environment():
    """Return the environment of a process that sees this host and this test's domain only."""
    env = {**os.environ, 'ROS_DOMAIN_ID': str(DOMAIN), 'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}
    if env.get('ROS_DISTRO') == 'humble':
        env['ROS_LOCALHOST_ONLY'] = '1'
    else:
        env['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    return env


def test_a_mesh_frame_crosses_between_two_processes():
    talker = subprocess.Popen([sys.executable, '-c', TALK], env=environment())
    try:
        listener = subprocess.run([sys.executable, '-c', LISTEN], env=environment(), timeout=40,
                                  capture_output=True, text=True, check=False)
    finally:
        talker.kill()
        talker.wait()
    assert listener.returncode == 0, listener.stderr
    assert listener.stdout.startswith('heard')


def test_a_frame_longer_than_its_bound_is_refused_where_fields_are_checked():
    # In a process of its own: the rest of this session stays free of rclpy. rclpy checks fields
    # by default up to Iron; later only where ROS_PYTHON_CHECK_FIELDS says so.
    code = ('from swarm_msgs.msg import MeshFrame\n'
            'try:\n    MeshFrame(data=bytes(9001))\nexcept AssertionError:\n    print("refused")')
    shown = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                           env={**environment(), 'ROS_PYTHON_CHECK_FIELDS': '1'}, check=False)
    assert shown.stdout.strip() == 'refused', shown.stderr
