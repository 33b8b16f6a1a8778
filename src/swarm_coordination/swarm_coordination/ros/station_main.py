# SPDX-License-Identifier: Apache-2.0
"""The ground station as a process."""

from __future__ import annotations

import sys

from swarm_coordination.ros.process import run_nodes
from swarm_coordination.ros.station_node import StationNode


def main() -> int:
    """Run until a signal or an error; return the exit status."""
    return run_nodes(
        'ground_station', 'Markers for rviz and metrics for Prometheus.', (StationNode,)
    )


if __name__ == '__main__':
    sys.exit(main())
