# SPDX-License-Identifier: Apache-2.0
"""The adapter as a process: a quadrotor flown by PX4."""

from __future__ import annotations

import sys

from swarm_coordination.ros.process import run_nodes
from swarm_coordination.ros.px4_node import Px4Node


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes('px4_adapter', 'A quadrotor flown by PX4.', (Px4Node,))


if __name__ == '__main__':
    sys.exit(main())
