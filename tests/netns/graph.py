# SPDX-License-Identifier: Apache-2.0
"""A robot's own ROS graph: add topics to it, or look on; a process."""

import json
import sys
import time

from rclpy.node import Node
from swarm_coordination.ros import qos
from swarm_coordination.ros.executor import Runner
from swarm_msgs.msg import MissionEvent, RobotStatus

# Of every participant that is added; each topic is spoken on ten times a second.
TOPICS_EACH = 5
PERIOD_S = 0.1


def names(count):
    """Return the names of the topics added."""
    return [f'/sensor{number}' for number in range(count)]


def add(count):
    """Speak on so many topics until ended."""
    runners, speak = [], []
    for first in range(0, count, TOPICS_EACH):
        runner = Runner()
        runners.append(runner)
        node = Node(f'driver{first}', context=runner.context)
        runner.add(node)
        speak += [
            node.create_publisher(MissionEvent, topic, qos.STATUS)
            for topic in names(count)[first:first + TOPICS_EACH]
        ]
    while True:
        for publisher in speak:
            publisher.publish(MissionEvent(text='x' * 100))
        for runner in runners:
            runner.spin_until(time.monotonic() + PERIOD_S / len(runners))


def watch(robot, count):
    """Print what the robot says of itself, and on how many added topics something is heard."""
    runner = Runner()
    node = Node('watch', context=runner.context)
    runner.add(node)
    heard = set()

    def told(status):
        print(json.dumps({
            'alive': len(status.alive), 'quorum': status.quorum, 'frames': status.frames_sent,
            'heard': len(heard),
        }), flush=True)

    node.create_subscription(RobotStatus, f'/{robot}/status', told, qos.STATUS)
    for topic in names(count):
        node.create_subscription(
            MissionEvent, topic, lambda _, topic=topic: heard.add(topic), qos.STATUS
        )
    while True:
        runner.spin_until(time.monotonic() + PERIOD_S)


if __name__ == '__main__':
    if sys.argv[1] == 'add':
        add(int(sys.argv[2]))
    else:
        watch(sys.argv[2], int(sys.argv[3]))
