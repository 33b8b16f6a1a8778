# SPDX-License-Identifier: Apache-2.0
"""
What a run in Gazebo is made of, from the swarm file: models to spawn, topics to bridge, frames.

Plain text and values; ``launch/gazebo.launch.py`` starts gz-sim with them, ``ros.gazebo_node``
stands for the radio there.
"""
