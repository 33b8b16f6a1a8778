# SPDX-License-Identifier: Apache-2.0
"""The adapter as a process: a robot of Crazyswarm2."""

from __future__ import annotations

import sys

from swarm_coordination.ros.crazyflie_node import CrazyflieNode
from swarm_coordination.ros.process import run_nodes

# A robot in the air is landed before the end, even where a terminal is closed and the launch dies
# of it: two requests, 0.4 s (crazyflie_node), on a host that may be busy.
LANDING_S = 5.0


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes(
        'crazyflie_adapter', 'A robot of Crazyswarm2.', (CrazyflieNode,), patience_s=LANDING_S
    )


if __name__ == '__main__':
    sys.exit(main())
