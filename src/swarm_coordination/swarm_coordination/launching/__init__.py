# SPDX-License-Identifier: Apache-2.0
"""
What the launch files of launch/ share: arguments, checks before a start, respawn with back-off.

``backoff`` is free of ROS; ``actions`` needs the packages launch and launch_ros, which come with a
ROS 2 installation.
"""
