# SPDX-License-Identifier: Apache-2.0
"""Radio and ground truth of a run in Gazebo as a process."""

from __future__ import annotations

import sys

from swarm_coordination.ros.gazebo_node import GazeboNode
from swarm_coordination.ros.process import run_nodes


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes('gazebo_world', 'Radio and ground truth in Gazebo.', (GazeboNode,))


if __name__ == '__main__':
    sys.exit(main())
