# SPDX-License-Identifier: Apache-2.0
"""The coordinator node alone: mesh, election, log and mission of one robot."""

from __future__ import annotations

import sys

from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.process import run_nodes


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes('coordinator', "A robot's coordinator.", (CoordinatorNode,))


if __name__ == '__main__':
    sys.exit(main())
