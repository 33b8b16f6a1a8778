# SPDX-License-Identifier: Apache-2.0
"""Nodes and processes for the tests of the ROS shell."""

import json
import time

from live.processes import Processes
from rclpy.node import Node
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.messages import messages

ONE_ROBOT = """
all: {{control: {{yaw_rate_max_radps: 10.0}}}}
robot_types: {{one: {{kind: {kind}}}}}
robots:
  robot1: {{type: one, start: {{x_m: 0.0, y_m: 0.0, yaw_rad: {yaw}}}}}
"""

# Fills rclpy's messages.
MAKE = MessageMaker(messages())

# Seconds from being known to being matched; 84 of 84 were on a host with three times its load.
SETTLE_S = 0.5


class Run(Processes):
    """Runners and processes of one test, in one domain; all ended at its end."""

    def __init__(self, domain, folder):
        super().__init__(folder)
        self.domain, self.runners = domain, []

    def __exit__(self, *error):
        super().__exit__(*error)
        for runner in self.runners:
            runner.close()

    def swarm_file(self, yaw=0.0, kind='holonomic'):
        """Write a swarm file of one robot."""
        path = self.folder / 'swarm.yaml'
        path.write_text(ONE_ROBOT.format(yaw=yaw, kind=kind))
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

    def start_nodes(self, module, *args):
        """Start a node process."""
        return self.start(
            module, '-m', f'swarm_coordination.ros.{module}', '--light', '--ros-args', *args
        )

    def spin(self, until, seconds=20.0):
        """Spin every runner until ``until()`` holds; return whether it came to hold in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until():
                return True
            for runner in self.runners:
                runner.spin_until(time.monotonic() + 0.002)
        return until()


def bring_up(node):
    """Configure and activate a managed node; return it."""
    node.runner.add(node)
    node.trigger_configure()
    node.trigger_activate()
    assert node.state == 'active', node.problem
    return node


class Ground:
    """A node of the test's own: it stands for coordinator and operator, and looks on."""

    def __init__(self, run):
        runner = run.runner()
        self.node = Node('ground', context=runner.context)
        runner.add(self.node)
        self.seen = {}
        self._clients = {}

    def watch(self, kind, topic, profile):
        """Keep what comes on a topic."""
        self.seen[topic] = []
        self.node.create_subscription(kind, topic, self.seen[topic].append, profile)

    def newest(self, topic):
        """Return the newest message of a topic."""
        return self.seen[topic][-1] if self.seen[topic] else None

    def client(self, run, kind, name, seconds=20.0):
        """Return a client whose service knows of it too."""
        if name in self._clients:
            return self._clients[name]
        client = self._clients[name] = self.node.create_client(kind, name)
        assert run.spin(client.service_is_ready, seconds)
        # Ready means that we know of the server. It may not know of us yet, and then a request
        # or its answer is lost: DDS tells late-comers nothing. A server of this process says
        # when it has heard of us; it is matched a little later, in a thread of its own.
        own = self.node.get_publishers_info_by_topic(f'rq{name}Request', no_mangle=True)
        known = max(1, len(own))

        def knows(node):
            writers = node.get_publishers_info_by_topic(f'rq{name}Request', no_mangle=True)
            return len(writers) >= known and node.count_clients(name) >= known

        servers = [
            node for runner in run.runners for node in runner._nodes
            if any(service.srv_name == name for service in node.services)
        ]
        assert run.spin(lambda: all(knows(node) for node in servers), seconds)
        run.spin(lambda: False, SETTLE_S if servers else 2 * SETTLE_S)
        return client

    def call(self, run, kind, name, request, seconds=20.0):
        """Call a service and return the answer."""
        future = self.client(run, kind, name, seconds).call_async(request)
        assert run.spin(future.done, seconds)
        return future.result()
