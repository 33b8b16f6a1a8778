# SPDX-License-Identifier: Apache-2.0
"""One robot as one process: both its nodes on one DDS participant and one executor."""

from __future__ import annotations

import sys

from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.process import run_nodes


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes(
        'robot', "A robot's coordinator and formation controller.",
        (CoordinatorNode, ControllerNode),
    )


if __name__ == '__main__':
    sys.exit(main())
