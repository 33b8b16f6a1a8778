# SPDX-License-Identifier: Apache-2.0
"""The mesh on a domain of its own: ROS graphs that never meet make one swarm by frames alone."""

import json
import os
import queue
import subprocess
import sys
import time
from types import SimpleNamespace

from live.processes import wait_for
import pytest
from ros.support import Ground
from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.live.domain import claimed_domain
from swarm_coordination.ros import mesh_apart, qos
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.mesh_apart import MeshApart
from swarm_coordination.transport import cyclone
from swarm_coordination.units import NS_PER_S
from swarm_msgs import msg as swarm

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
PROFILE = config_folder() / 'dds' / 'loopback.xml'
TWO_ROBOTS = """
robot_types: {holonomic: {kind: holonomic}}
robots:
  robot1: {type: holonomic, start: {x_m: 0.0, y_m: 0.0}}
  robot2: {type: holonomic, start: {x_m: 3.0, y_m: 0.0}}
"""


def robot(run, name, ros_domain, *more):
    """Start a robot whose ROS graph is on ``ros_domain``."""
    run.environment = {**os.environ, 'ROS_DOMAIN_ID': str(ros_domain), 'CYCLONEDDS_URI': ''}
    source = run.folder / 'swarm.yaml'
    source.write_text(TWO_ROBOTS)
    words = ['-r', f'__ns:=/{name}', '-p', f'swarm_file:={source}']
    for parameter, value in (('storage_dir', run.storage(('robot1', 'robot2')) / name), *more):
        words += ['-p', f'{parameter}:={json.dumps(value if type(value) is int else str(value))}']
    return run.start(name, '-m', 'swarm_coordination.ros.robot_main', '--light', '--ros-args',
                     *words)


def test_a_robot_needs_cyclone_dds_only_for_a_mesh_apart():
    lines = 'import sys; sys.modules["cyclonedds"] = None'
    lines += '; import swarm_coordination.ros.robot_main'
    done = subprocess.run(
        [sys.executable, '-c', lines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_robots_whose_ros_graphs_never_meet_elect_one_leader_by_frames(run):
    with claimed_domain(os.getpid() + 7) as other, claimed_domain(os.getpid() + 31) as mesh:
        domains = {'robot1': run.domain, 'robot2': other}
        grounds = {}
        for name, domain in domains.items():
            robot(run, name, domain, ('mesh_domain', mesh), ('mesh_profile', PROFILE))
            runner = Runner(domain_id=domain)
            run.runners.append(runner)
            ground = grounds[name] = Ground(RunOn(runner))
            for watched in domains:
                ground.watch(swarm.RobotStatus, f'/{watched}/status', qos.STATUS)
            ground.watch(swarm.MeshFrame, '/swarm/mesh', qos.MESH)

        def agreed():
            newest = [grounds[name].newest(f'/{name}/status') for name in domains]
            return all(s is not None and s.quorum and len(s.alive) == 2 for s in newest)

        assert run.spin(agreed, 40.0), run.log('robot1').read_text()
        # Nothing of one robot's graph is seen in the other's, and no frame in either.
        assert grounds['robot1'].seen['/robot2/status'] == []
        assert grounds['robot2'].seen['/robot1/status'] == []
        assert all(not ground.seen['/swarm/mesh'] for ground in grounds.values())
        for process in run.processes:
            process.terminate()
        assert wait_for(lambda: all(p.poll() == 0 for p in run.processes), 20.0), [
            run.log(name).read_text() for name in domains
        ]


class RunOn:
    """What ``Ground`` asks of a run: a runner, here a given one."""

    def __init__(self, runner):
        self._runner = runner

    def runner(self):
        """Return the runner."""
        return self._runner


def test_a_profile_that_is_missing_is_refused_by_name(run):
    process = robot(run, 'robot1', run.domain, ('mesh_domain', 5), ('mesh_profile', '/no/such'))
    assert process.wait(40.0) == 2
    assert "mesh_profile: '/no/such' is not valid" in run.log('robot1').read_text()


class Listener:
    """A robot's mesh apart, whose posts this test runs by hand; ``got``: the frames it took."""

    def __init__(self, domain):
        self._posted, self.got = queue.Queue(), []
        runner = SimpleNamespace(post=self._posted.put)
        self.endpoints = Endpoints(SimpleNamespace(core_clock=None), runner, self._fail)
        self.endpoints.active = True
        self.mesh = MeshApart(self.endpoints, 'robot1', domain, '', self._take)

    def _take(self, _sender, frame):
        self.got.append(frame)

    def _fail(self, error):
        raise error

    def heard(self, frame, within_s, again):
        """Call ``again`` and run what was posted until ``frame`` was taken; whether it was."""
        ends_s = time.monotonic() + within_s
        while frame not in self.got and time.monotonic() < ends_s:
            again()
            try:
                self._posted.get(timeout=0.05)()
            except queue.Empty:
                pass
        return frame in self.got


@pytest.fixture
def pair(domain, monkeypatch):
    """Give the ends of two robots: one that gathers for minutes, and what sends it frames."""
    monkeypatch.setattr(cyclone, 'GATHER_NS', 600 * NS_PER_S)
    # A thread that has begun to gather would stop by itself after this long.
    monkeypatch.setattr(mesh_apart, 'WAIT_S', 60.0)
    listener, sender = Listener(domain), Listener(domain)
    yield listener, sender.mesh.publish
    sender.endpoints.close()
    listener.endpoints.close()


@pytest.mark.parametrize('when', ['before it gathers', 'while it gathers'])
def test_in_a_hurry_no_frame_waits_for_more(pair, monkeypatch, when):
    listener, publish = pair
    monkeypatch.setattr(cyclone, 'HURRY_NS', 600 * NS_PER_S)
    if when == 'before it gathers':
        listener.endpoints.hurry()
    # The first is taken at once, and what follows is gathered.
    assert listener.heard(b'first', 30.0, lambda: publish(b'first'))
    if when == 'while it gathers':
        assert not listener.heard(b'second', 1.0, lambda: publish(b'second'))
        listener.endpoints.hurry()
    assert listener.heard(b'second', 20.0, lambda: publish(b'second'))


def test_what_is_closed_is_hurried_no_more(pair):
    listener, _ = pair
    listener.endpoints.close()
    listener.endpoints.hurry()
