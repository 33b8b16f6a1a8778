# SPDX-License-Identifier: Apache-2.0
"""The adapter as a process: a robot of Crazyswarm2."""

from __future__ import annotations

import sys

from swarm_coordination.ros.crazyflie_node import CrazyflieNode
from swarm_coordination.ros.process import run_nodes


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes('crazyflie_adapter', 'A robot of Crazyswarm2.', (CrazyflieNode,))


if __name__ == '__main__':
    sys.exit(main())
