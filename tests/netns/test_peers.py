# SPDX-License-Identifier: Apache-2.0
"""Without multicast two robots that have forgotten each other meet again, however long the cut."""

import os
from pathlib import Path
import sys
import time
from xml.etree import ElementTree

from live.processes import Processes, wait_for
from netns.needs import MARKS
import pytest
from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.netns.namespaces import Namespaces, SUBNET
from swarm_coordination.netns.network import NamespacedNetwork

pytestmark = [*MARKS]
TALK = Path(__file__).with_name('talk.py')
EXECUTE = 'import os, sys; os.execvp(sys.argv[1], sys.argv[1:])'
# That of talk.py, and the port there of a host's first participant (RTPS 2.2, 9.6.1.1).
DOMAIN, PORT = 7, 9160
SPACE = '{https://cdds.io/config}'
ElementTree.register_namespace('', SPACE[1:-1])  # Cyclone knows no prefixes
# The first two robots have the profile as it is, but for the times; the others lack PruneDelay.
KEPT, PRUNED = ('robot1', 'robot2'), ('robot3', 'robot4')
CUT = {(0, 1): 1000, (1, 0): 1000, (2, 3): 1000, (3, 2): 1000}
# Three announcements, and more than the longest time until an address is dropped: [s].
THREE_ANNOUNCEMENTS_S = {'short': 1.5, 'shipped': 15.0}
DROPPED_S = {'short': 40.0, 'shipped': 200.0}


def profile(folder, robot, robots, times, *, pruned):
    """Write wifi_unicast.xml, mostly with short times, for a robot; return its address."""
    tree = ElementTree.parse(config_folder() / 'dds' / 'wifi_unicast.xml')
    discovery = tree.find(f'.//{SPACE}Discovery')
    if times == 'short':
        discovery.find(f'{SPACE}SPDPInterval').text = '0.5s'
        discovery.find(f'{SPACE}LeaseDuration').text = '2s'
        for delay in ('InitialLocatorPruneDelay', 'DiscoveredLocatorPruneDelay'):
            ElementTree.SubElement(discovery, SPACE + delay).text = '1s'
    peers = discovery.find(f'{SPACE}Peers')
    peers.remove(peers[-1])
    for peer, name in zip(peers, robots):
        peer.set('address', f'{SUBNET}.{name[-1]}')
        if pruned:
            peer.attrib.pop('PruneDelay', None)
    # Cyclone writes there whom it has forgotten, and what addresses.
    tracing = ElementTree.SubElement(tree.find(f'{SPACE}Domain'), f'{SPACE}Tracing')
    ElementTree.SubElement(tracing, f'{SPACE}Category').text = 'discovery'
    ElementTree.SubElement(tracing, f'{SPACE}OutputFile').text = str(folder / f'{robot}.trace')
    path = folder / f'{robot}.xml'
    tree.write(path)
    return path.as_uri()


@pytest.mark.timeout(300)
@pytest.mark.parametrize('times', ['short', pytest.param('shipped', marks=pytest.mark.slow)])
def test_robots_that_forgot_each_other_meet_again_unless_addresses_are_dropped(tmp_path, times):
    network = NamespacedNetwork.__new__(NamespacedNetwork)
    base = network.environment(DOMAIN, tmp_path, os.environ)

    def count(name):
        return len(processes.log(name).read_text().splitlines())

    def forgot(name, other):
        """Whether the lease has run out, and where addresses are dropped, the other's is."""
        trace = (tmp_path / f'{name}.trace').read_text()
        dropped = f'prune loc udp/{SUBNET}.{other[-1]}:{PORT}@'
        assert name in PRUNED or dropped not in trace
        return 'lease expired' in trace and (name in KEPT or dropped in trace)

    with Processes(tmp_path) as processes, Namespaces(KEPT + PRUNED) as made:
        for robots in (KEPT, PRUNED):
            for name in robots:
                uri = profile(tmp_path, name, robots, times, pruned=robots is PRUNED)
                processes.environment = {**base, 'CYCLONEDDS_URI': uri}
                inside = made.inside(name, [sys.executable, str(TALK), 'dds', name])
                processes.start(name, '-c', EXECUTE, *inside)
        assert wait_for(lambda: all(count(name) > 5 for name in KEPT + PRUNED), 120.0)
        made.lose(CUT)
        cut = time.monotonic()
        assert wait_for(lambda: all(
            forgot(one, other) and forgot(other, one) for one, other in (KEPT, PRUNED)
        ), DROPPED_S[times])
        print(f'cut for {time.monotonic() - cut:.0f} s')
        before = {name: count(name) for name in KEPT + PRUNED}
        made.lose({})
        healed = time.monotonic()
        assert wait_for(lambda: all(count(name) > before[name] + 5 for name in KEPT), 60.0)
        print(f'met again after {time.monotonic() - healed:.1f} s')
        time.sleep(THREE_ANNOUNCEMENTS_S[times])
        assert all(count(name) == before[name] for name in PRUNED)
