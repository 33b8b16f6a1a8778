# SPDX-License-Identifier: Apache-2.0
"""Speak 20 times a second and write down whatever is heard: a process of either kind."""

import sys
import time

from swarm_coordination.transport import profiles


def main(kind, name):
    """Go on until ended."""
    if kind == 'dds':
        from swarm_coordination.dds.bus import CycloneBus
        from swarm_coordination.dds.loop import CycloneLoop
        loop = CycloneLoop(7)
        bus = CycloneBus(loop.participant)
    else:
        from rclpy.node import Node
        from swarm_coordination.ros.bus import RosBus
        from swarm_coordination.ros.clock import CoreClock
        from swarm_coordination.ros.executor import Runner
        loop = Runner(domain_id=7)
        node = Node(name, context=loop.context)
        loop.add(node)
        bus = RosBus(node, loop, CoreClock(node))
    frame = bus.types.swarm.MeshFrame

    def heard(message):
        if message.sender != name:
            print(message.sender, flush=True)

    bus.subscribe(frame, '/swarm/mesh', profiles.MESH, heard)
    speak = bus.publisher(frame, '/swarm/mesh', profiles.MESH)
    while True:
        speak(frame(sender=name, data=list(range(200))))
        loop.spin_until(time.monotonic() + 0.05)


if __name__ == '__main__':
    main(*sys.argv[1:])
