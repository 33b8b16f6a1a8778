# SPDX-License-Identifier: Apache-2.0
"""
The robot and the embedded world as plain Cyclone DDS processes: no ROS, nothing to compile.

The same topics and types on the wire as the ROS 2 nodes have, so that robots of both kinds make
one swarm. What the processes do stands in ``live``; this room gives them a bus.
"""
