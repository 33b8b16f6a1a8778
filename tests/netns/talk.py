# SPDX-License-Identifier: Apache-2.0
"""Speak 20 times a second and write down who is heard with which frame; of either kind."""

from itertools import count
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
            print(message.sender, int.from_bytes(bytes(message.data[:4]), 'big'), flush=True)

    bus.subscribe(frame, '/swarm/mesh', profiles.MESH, heard)
    speak = bus.publisher(frame, '/swarm/mesh', profiles.MESH)
    for number in count():
        speak(frame(sender=name, data=[*number.to_bytes(4, 'big'), *range(196)]))
        loop.spin_until(time.monotonic() + 0.05)


if __name__ == '__main__':
    main(*sys.argv[1:])
