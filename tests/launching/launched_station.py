# SPDX-License-Identifier: Apache-2.0
"""``launch_test``: the ground station comes up, answers to Prometheus, and ends well."""

import socket
import unittest
from urllib.request import urlopen

from launch_testing import post_shutdown_test
from launch_testing.asserts import assertExitCodes
from launching.launched import launched, one_robot, wait_for


def generate_test_description():
    """Start the station with metrics on a free port."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    return launched('ground_station', swarm_file=one_robot(), metrics_port=port), {'port': port}


class TestTheStation(unittest.TestCase):
    """While it runs."""

    def test_metrics_are_served(self, port):
        def served():
            try:
                with urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5.0) as answer:
                    return b'swarm_' in answer.read()
            except OSError:
                return False

        wait_for(served, 'the metrics')


@post_shutdown_test()
class TestTheEnd(unittest.TestCase):
    """Once the launch was asked to end."""

    def test_it_ended_well(self, proc_info):
        assertExitCodes(proc_info)
