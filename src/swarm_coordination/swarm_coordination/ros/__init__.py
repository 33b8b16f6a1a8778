# SPDX-License-Identifier: Apache-2.0
"""
ROS 2 shell: the robot's two nodes, the embedded world, and the process backend of the demo.

Nodes convert, call and publish; what they decide stands in the core. ``conversions`` is the one
place where messages become values of the core and back, ``qos`` the one place of QoS profiles.
"""
