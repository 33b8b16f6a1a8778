# SPDX-License-Identifier: Apache-2.0
"""The embedded world as a plain DDS process, started by the demo."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from swarm_coordination.live.ending import status_of
from swarm_coordination.live.lifetime import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm_coordination.dds.loop import CycloneLoop


def main() -> int:
    """Run until a signal; return the exit status."""
    # First: what follows takes a second to load, and the demo may end meanwhile.
    die_with_parent()
    parser = argparse.ArgumentParser(prog='world', description='The embedded world.')
    parser.add_argument('--swarm-file', help='default: the one installed')
    parser.add_argument('--scenario', help='for radio and plants; default: none')
    parser.add_argument('--robots', type=int, default=0, help='from the first; 0: all')
    parser.add_argument('--seed', type=int, default=1, help='of the localisation noise')
    parser.add_argument('--domain', type=int, help='default: ROS_DOMAIN_ID, or 0')
    parser.add_argument('--tf', action='store_true', help='publish transforms, too')
    options = parser.parse_args()
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.dds.bus import CycloneBus
    from swarm_coordination.dds.process import run_on_dds
    from swarm_coordination.live.world import LiveWorld, WorldPeriods
    from swarm_coordination.scenario.loading import load_scenario
    from swarm_coordination.scenario.schema import RadioSettings, WorldSettings

    radio, plants = RadioSettings(), WorldSettings()
    if options.scenario:
        played = load_scenario(options.scenario)
        radio, plants = played.radio, played.world
    found = load_swarm(find_swarm_file(options.swarm_file))
    robots = (found.first(options.robots) if options.robots else found).robots

    def begin(loop: CycloneLoop) -> Callable[[], None]:
        bus = CycloneBus(loop.participant)
        world = LiveWorld(
            bus, robots, radio, plants, options.seed, WorldPeriods(), tf=options.tf
        )
        loop.at(lambda: world.next_ns, world.step)
        return lambda: None

    run_on_dds(options.domain, begin)
    return 0


if __name__ == '__main__':
    sys.exit(status_of('world', main))
