# SPDX-License-Identifier: Apache-2.0
"""The mesh on an interface of its own: what a robot's own graph grows by never crosses the air."""

import json
import os
from pathlib import Path
import subprocess
import sys

from live.processes import Processes, wait_for
from netns.needs import MARKS
import pytest
from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.live.domain import local_environment
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.netns.namespaces import Namespaces

pytest.importorskip('rclpy')
pytestmark = [*MARKS, pytest.mark.timeout(240)]
GRAPH = Path(__file__).with_name('graph.py')
EXECUTE = 'import os, sys; os.execvp(sys.argv[1], sys.argv[1:])'
NAMES = ('robot1', 'robot2')
ROS_DOMAIN, MESH_DOMAIN = 1, 42
SWARM = """
robot_types: {holonomic: {kind: holonomic}}
robots:
  robot1: {type: holonomic, start: {x_m: 0.0, y_m: 0.0}}
  robot2: {type: holonomic, start: {x_m: 3.0, y_m: 0.0}}
"""
TOPICS = 20
# Of each robot in a window: about five seconds at five beacons a second.
FRAMES = 25
# What crosses for each frame: its own 108 bytes, as much again in headers and discovery, and some
# more or less where robots say late, on a busy host, what they have sent. The discovery of twenty
# topics alone would double it; their messages, could they cross, would make it ten times as much.
TOLERANCE = 2.0
# Packets that a robot sends to its radio. The mesh's participant alone is Cyclone: 0x0110 in bytes
# 6 and 7 of an RTPS header (RTPS 2.2, 8.3.3.1), where Fast DDS says 0x010F.
COUNTERS = """
table inet air {
  counter mesh {}
  counter foreign {}
  chain out {
    type filter hook output priority 0;
    oifname "radio" meta l4proto udp @th,112,16 0x0110 counter name mesh return
    oifname "radio" meta l4proto { udp, tcp } counter name foreign
  }
}
"""


def run(*words, given=''):
    """Run a command; return what it printed."""
    return subprocess.run(
        words, input=given, capture_output=True, text=True, check=True
    ).stdout


def crossed(made):
    """Return the bytes that both robots have sent to their radios: (of the mesh, of others)."""
    found = {'mesh': 0, 'foreign': 0}
    for name in NAMES:
        listed = run('ip', 'netns', 'exec', made.name(name), 'nft', '-j', 'list', 'counters')
        for item in json.loads(listed)['nftables']:
            if 'counter' in item:
                found[item['counter']['name']] += item['counter']['bytes']
    return found['mesh'], found['foreign']


def on_host(made, name):
    """Return the bytes that a robot's loopback interface has carried."""
    (link,) = json.loads(run('ip', '-n', made.name(name), '-s', '-j', 'link', 'show', 'lo'))
    return link['stats64']['rx']['bytes']


class Robots:
    """Two robots in a namespace each, and somebody in the graph of each who looks on."""

    def __init__(self, processes, made):
        self.processes, self.made = processes, made
        folder = processes.folder
        processes.environment = {
            **local_environment(ROS_DOMAIN, folder / 'logs', os.environ), 'CYCLONEDDS_URI': '',
        }
        (folder / 'swarm.yaml').write_text(SWARM)
        provision_swarm(folder / 'robots', NAMES)
        profile = config_folder() / 'dds' / 'mesh_radio.xml'
        for name in NAMES:
            run('ip', 'netns', 'exec', made.name(name), 'nft', '-f', '-', given=COUNTERS)
            self.start(
                name, name, '-m', 'swarm_coordination.ros.robot_main', '--light', '--ros-args',
                '-r', f'__ns:=/{name}', '-p', f'swarm_file:={folder / "swarm.yaml"}',
                '-p', f'storage_dir:={folder / "robots" / name}',
                '-p', f'mesh_domain:={MESH_DOMAIN}', '-p', f'mesh_profile:={profile}',
            )
            self.start(f'watch-{name}', name, GRAPH, 'watch', name, TOPICS)

    def start(self, process, where, *command):
        """Start a process of Python in a robot's namespace."""
        words = map(str, (sys.executable, *command))
        self.processes.start(process, '-c', EXECUTE, *self.made.inside(where, list(words)))

    def says(self, name):
        """Return what a robot said last; None: nothing yet."""
        lines = self.processes.log(f'watch-{name}').read_text().splitlines()
        whole = [line for line in lines if line.startswith('{') and line.endswith('}')]
        return json.loads(whole[-1]) if whole else None

    def agreed(self):
        """Whether both have a leader and count each other."""
        said = [self.says(name) for name in NAMES]
        return all(s is not None and s['quorum'] and s['alive'] == 2 for s in said)

    def frames(self):
        """Return how many frames each has handed to the mesh's participant."""
        return [self.says(name)['frames'] for name in NAMES]

    def window(self, also=lambda: True):
        """
        Watch until both have sent some more frames and ``also`` holds.

        Return the bytes that crossed for each frame, and what robot1's loopback interface
        carried meanwhile.
        """
        first, air = self.frames(), sum(crossed(self.made))
        host = on_host(self.made, 'robot1')
        assert wait_for(lambda: also() and all(
            now >= before + FRAMES for now, before in zip(self.frames(), first)
        ), 60.0), [self.says(name) for name in NAMES]
        sent, carried = sum(self.frames()) - sum(first), sum(crossed(self.made)) - air
        print(f'{carried / sent:.0f} bytes for each of {sent} frames')
        return carried / sent, on_host(self.made, 'robot1') - host


def test_twenty_more_topics_on_a_robot_cost_nothing_on_the_air(tmp_path):
    with Processes(tmp_path) as processes, Namespaces(NAMES) as made:
        robots = Robots(processes, made)
        assert wait_for(robots.agreed, 60.0), [
            processes.log(name).read_text() for name in NAMES]
        without, host_without = robots.window()
        robots.start('more', 'robot1', GRAPH, 'add', TOPICS)
        with_them, host_with = robots.window(lambda: robots.says('robot1')['heard'] == TOPICS)
        assert robots.says('robot2')['heard'] == 0
        assert host_with > 3 * host_without  # they are there, in the robot's own graph
        assert with_them < TOLERANCE * without
        mesh, foreign = crossed(made)
        assert mesh > 0
        assert foreign == 0
