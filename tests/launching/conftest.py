# SPDX-License-Identifier: Apache-2.0
"""A domain of its own for what the launch files start."""

import os

import pytest


@pytest.fixture(scope='session')
def domain(tmp_path_factory):
    """Give a free DDS domain, and this process an environment confined to it."""
    from swarm_coordination.live.domain import claimed_domain, environment, local_environment

    with claimed_domain(os.getpid()) as number:
        logs = tmp_path_factory.mktemp('ros-logs')
        with environment(local_environment(number, logs, os.environ)):
            yield number
