# SPDX-License-Identifier: Apache-2.0
"""The embedded world as a process."""

from __future__ import annotations

import sys

from swarm_coordination.ros.process import run_nodes
from swarm_coordination.ros.world_node import WorldNode


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes('world', 'The embedded world: plants and radio.', (WorldNode,))


if __name__ == '__main__':
    sys.exit(main())
