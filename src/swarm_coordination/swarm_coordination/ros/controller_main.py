# SPDX-License-Identifier: Apache-2.0
"""The formation controller node alone."""

from __future__ import annotations

import sys

from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.process import run_nodes


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes(
        'formation_controller', "A robot's formation controller.", (ControllerNode,)
    )


if __name__ == '__main__':
    sys.exit(main())
