# SPDX-License-Identifier: Apache-2.0
"""Nodes and processes for the tests of the ROS shell."""

import json
import os
import subprocess
import sys
import time

import psutil
from rclpy.node import Node
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.lifetime import bound_to_this_process
from swarm_coordination.ros.provisioning import provision_swarm

ONE_ROBOT = """
all: {{}}
robot_types: {{holonomic: {{kind: holonomic}}}}
robots:
  robot1: {{type: holonomic, start: {{x_m: 0.0, y_m: 0.0, yaw_rad: {yaw}}}}}
"""


class Run:
    """Runners and processes of one test, in one domain; all ended at its end."""

    def __init__(self, domain, folder):
        self.domain, self.folder = domain, folder
        self.runners, self.processes, self.left = [], [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for process in self.left:  # a test that failed because they live on
            if process.is_running():
                process.kill()
        for runner in self.runners:
            runner.close()

    def swarm_file(self, yaw=0.0):
        """Write a swarm file of one robot."""
        path = self.folder / 'swarm.yaml'
        path.write_text(ONE_ROBOT.format(yaw=yaw))
        return path

    def storage(self, names=('robot1',)):
        """Provision storage; return its folder."""
        provision_swarm(self.folder / 'robots', names)
        return self.folder / 'robots'

    def runner(self, namespace='', **parameters):
        """Return a Runner whose nodes get these parameters."""
        args = ['--ros-args']
        if namespace:
            args += ['-r', f'__ns:=/{namespace}']
        for name, value in parameters.items():
            plain = isinstance(value, bool | int | float)
            shown = json.dumps(value if plain else str(value))
            args += ['-p', f'{name.replace("__", ".")}:={shown}']
        made = Runner(args, domain_id=self.domain)
        self.runners.append(made)
        return made

    def start(self, name, *command):
        """Start a process of Python that ends with the test; its output goes to ``name.log``."""
        with self.log(name).open('wb') as output:
            process = subprocess.Popen(
                [sys.executable, *map(str, command)], stdout=output, stderr=subprocess.STDOUT,
                env=bound_to_this_process(os.environ),
            )
        self.processes.append(process)
        return process

    def start_nodes(self, module, *args):
        """Start a node process."""
        return self.start(
            module, '-m', f'swarm_coordination.ros.{module}', '--light', '--ros-args', *args
        )

    def log(self, name):
        """Return the file with the output of a process."""
        return self.folder / f'{name}.log'

    def spin(self, until, seconds=10.0):
        """Spin every runner until ``until()`` holds; return whether it came to hold."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until():
                return True
            for runner in self.runners:
                runner.spin_once(0.002)
        return until()


class Ground:
    """A node of the test's own: it stands for coordinator and operator, and looks on."""

    def __init__(self, run):
        runner = run.runner()
        self.node = Node('ground', context=runner.context)
        runner.add(self.node)
        self.seen = {}

    def watch(self, kind, topic, profile):
        """Keep what comes on a topic."""
        self.seen[topic] = []
        self.node.create_subscription(kind, topic, self.seen[topic].append, profile)

    def newest(self, topic):
        """Return the newest message of a topic."""
        return self.seen[topic][-1] if self.seen[topic] else None

    def call(self, run, kind, name, request, seconds=5.0):
        """Call a service and return the answer."""
        client = self.node.create_client(kind, name)
        assert run.spin(client.service_is_ready, seconds)
        future = client.call_async(request)
        assert run.spin(future.done, seconds)
        return future.result()


def wait_for(condition, seconds):
    """Wait until ``condition()`` holds; return whether it came to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def children(pid):
    """Return the processes below ``pid``."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(processes):
    """Whether every one of ``processes`` has ended (a zombie has)."""
    return all(
        not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        for process in processes
    )
