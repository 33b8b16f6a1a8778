# SPDX-License-Identifier: Apache-2.0
"""Say which way a message with a sequence crosses between rclpy and Cyclone DDS: a process."""

import sys
import time

from rclpy.node import Node
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.ros import qos
from swarm_coordination.ros.executor import Runner
from swarm_coordination.transport import profiles
from swarm_msgs.msg import RobotStatus


def main(domain, seconds):
    """Publish both ways until both have been heard, for at most ``seconds``."""
    runner, loop = Runner(domain_id=domain), CycloneLoop(domain)
    node, bus = Node('crossing', context=runner.context), CycloneBus(loop.participant)
    runner.add(node)
    kind, to_dds, to_ros = bus.types.swarm.RobotStatus, [], []
    bus.subscribe(kind, '/crossing_a', profiles.STATUS, to_dds.append)
    node.create_subscription(RobotStatus, '/crossing_b', to_ros.append, qos.STATUS)
    here = node.create_publisher(RobotStatus, '/crossing_a', qos.STATUS_OFFERED)
    there = bus.publisher(kind, '/crossing_b', profiles.STATUS_OFFERED)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not (to_dds and to_ros):
        here.publish(RobotStatus(name='ros', alive=['robot1', 'robot2']))
        there(kind(name='dds', alive=['robot1', 'robot2']))
        runner.spin_until(time.monotonic() + 0.02)
        loop.spin_until(time.monotonic() + 0.02)
    print([(got[0].name, list(got[0].alive)) for got in (to_dds, to_ros) if got])
    loop.close()
    runner.close()


if __name__ == '__main__':
    main(int(sys.argv[1]), float(sys.argv[2]))
