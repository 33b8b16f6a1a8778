# SPDX-License-Identifier: Apache-2.0
"""The makers' messages are asked for only when an adapter runs, and missed with a clear word."""

import importlib.util

import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros.crazyflie_node import CrazyflieNode
from swarm_coordination.ros.px4_node import Px4Node

pytestmark = pytest.mark.ros
ADAPTERS = [(Px4Node, 'px4_msgs'), (CrazyflieNode, 'crazyflie_interfaces')]


@pytest.mark.parametrize(('kind', 'package'), ADAPTERS)
def test_an_adapter_without_its_makers_messages_says_where_they_come_from(run, kind, package):
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f'{package} is installed')
    with pytest.raises(ConfigurationError, match=f'{package}.*build and source'):
        kind(run.runner('robot1'))


@pytest.mark.parametrize(('kind', 'package'), ADAPTERS)
def test_a_misspelt_parameter_is_refused_before_anything_else(run, kind, package):
    with pytest.raises(ConfigurationError, match='no parameter of this node'):
        kind(run.runner('robot1', misspelt=1))


def test_an_origin_that_is_no_latitude_is_refused(run):
    with pytest.raises(ConfigurationError, match='origin_latitude_deg'):
        Px4Node(run.runner('robot1', origin_latitude_deg=120.0))
