# SPDX-License-Identifier: Apache-2.0
"""``swarm record`` writes what a running robot says so that its own classes read it back."""

import importlib
import json
import os
import subprocess
import sys
import time

from mcap.reader import make_reader
import pytest
from rclpy.serialization import deserialize_message
from swarm_coordination.ros.recorder import record
import yaml

pytestmark = [pytest.mark.ros, pytest.mark.beside, pytest.mark.timeout(120)]


def test_a_bag_of_a_running_robot_holds_its_messages_with_their_definitions(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    run.start_nodes('world_main', '-p', f'swarm_file:={source}')
    run.start_nodes('robot_main', '-r', '__ns:=/robot1', '-p', f'swarm_file:={source}',
                    '-p', f'storage_dir:={storage}')
    bag = run.folder / 'flight'
    done = subprocess.run(
        [sys.executable, '-m', 'swarm_coordination.cli.main', 'record', str(bag), '--duration',
         '15', '--domain', str(run.domain), '--swarm-file', str(source)],
        capture_output=True, text=True, env=os.environ, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    heard = {}
    with (bag / 'flight_0.mcap').open('rb') as file:
        for schema, channel, message in make_reader(file).iter_messages():
            package, _, name = schema.name.split('/')
            kind = getattr(importlib.import_module(f'{package}.msg'), name)
            heard.setdefault(channel.topic, []).append(deserialize_message(message.data, kind))
            if schema.name == 'swarm_msgs/msg/WorldState':
                assert 'MSG: geometry_msgs/Point' in schema.data.decode()
    assert {'/swarm/mesh', '/swarm/world', '/robot1/status', '/robot1/pose',
            '/robot1/cmd_vel', '/diagnostics'} <= set(heard)
    assert heard['/robot1/status'][-1].name == 'robot1'
    told = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    counts = {t['topic_metadata']['name']: t['message_count']
              for t in told['topics_with_message_count'] if t['message_count']}
    assert counts == {topic: len(messages) for topic, messages in heard.items()}
    assert json.dumps(told)


STAMPED = """
import rclpy, time
from geometry_msgs.msg import TwistStamped
rclpy.init()
node = rclpy.create_node('base')
out = node.create_publisher(TwistStamped, '/robot1/cmd_vel', 10)
while True:
    out.publish(TwistStamped())
    time.sleep(0.05)
"""


def test_a_robot_with_stamped_commands_is_recorded_too(run):
    run.environment = {**os.environ, 'ROS_DOMAIN_ID': str(run.domain)}
    run.start('base', '-c', STAMPED)
    until = time.monotonic() + 60.0
    bag = run.folder / 'stamped'
    count = record(bag, ['robot1', 'robot2'], run.domain,
                   lambda messages: messages >= 3 or time.monotonic() > until)
    assert count >= 3
    with (bag / 'stamped_0.mcap').open('rb') as file:
        heard = {(channel.topic, schema.name)
                 for schema, channel, _ in make_reader(file).iter_messages()}
    assert heard == {('/robot1/cmd_vel', 'geometry_msgs/msg/TwistStamped')}
    told = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    kinds = {t['topic_metadata']['name']: t['topic_metadata']['type']
             for t in told['topics_with_message_count']}
    assert kinds['/robot1/cmd_vel'] == 'geometry_msgs/msg/TwistStamped'
    assert kinds['/robot2/cmd_vel'] == 'geometry_msgs/msg/Twist'  # nobody said otherwise


def test_an_existing_folder_is_refused(run):
    done = subprocess.run(
        [sys.executable, '-m', 'swarm_coordination.cli.main', 'record', str(run.folder)],
        capture_output=True, text=True, env=os.environ, timeout=60, check=False)
    assert done.returncode == 2
    assert 'a new folder' in done.stderr
