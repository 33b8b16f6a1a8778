# SPDX-License-Identifier: Apache-2.0
"""Robots of both kinds, ROS 2 nodes and plain DDS processes, in one swarm."""
