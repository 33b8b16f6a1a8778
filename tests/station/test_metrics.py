# SPDX-License-Identifier: Apache-2.0
"""Prometheus gets what the station knows, nothing made up; the dashboard asks for nothing else."""

import json
import math
from pathlib import Path
import re
import socket
import urllib.request

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
import pytest
from station.swarm import NOW, watched
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros.options import StationOptions
from swarm_coordination.station.metrics import Collector, serve, served_names
from swarm_coordination.station.watch import Health
from swarm_coordination.units import NS_PER_S
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
CHAIN = [('robot1', 'robot2'), ('robot2', 'robot3')]


def picture():
    """Return a picture of four robots, one alone."""
    watch = watched(CHAIN)
    watch.health('robot1', 'mesh', Health(1, 'hears nobody', {}), NOW)
    watch.health('robot3', 'px4', Health(0, 'flying', {}), NOW - 6 * NS_PER_S)
    return watch.picture(NOW)


def samples(text):
    """Return {(name, labels): value}."""
    return {(s.name, tuple(sorted(s.labels.items()))): s.value
            for family in text_string_to_metric_families(text) for s in family.samples}


@pytest.fixture
def served():
    """Give the text that is served for ``picture``."""
    collector = Collector()
    collector.picture = picture()
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def test_values_are_those_of_the_picture(served):
    found = samples(served)
    assert found['swarm_robots', ()] == 4
    assert found['swarm_islands', ()] == 2
    assert found['swarm_links', ()] == 2
    assert found['swarm_leaders', ()] == 1
    assert found['swarm_commit_index', ()] == 11
    assert found['swarm_commit_lag', ()] == 3
    assert found['swarm_least_distance_metres', ()] == pytest.approx(3.0)
    assert found['swarm_least_link_margin_metres', ()] == pytest.approx(6.5)
    errors = (0.1, 0.2, 0.3)
    assert found['swarm_formation_error_rms_metres', ()] == pytest.approx(
        math.sqrt(sum(e * e for e in errors) / 3))
    assert found['swarm_robot_sent_bytes_total', (('robot', 'robot2'),)] == 40_000
    assert found['swarm_robot_health', (('part', 'mesh'), ('robot', 'robot1'))] == 1
    # An adapter that has died reports no more, while its robot goes on.
    assert found['swarm_robot_health', (('part', 'px4'), ('robot', 'robot3'))] == 3


def test_what_is_not_known_has_no_sample(served):
    found = samples(served)
    assert ('swarm_robot_formation_error_metres', (('robot', 'robot1'),)) not in found
    assert ('swarm_robot_formation_error_metres', (('robot', 'robot2'),)) in found
    assert ('swarm_robot_health', (('part', 'mesh'), ('robot', 'robot2'))) not in found


def test_the_names_said_to_be_served_are_those_served_each_with_its_help(served):
    assert {name for name, _ in samples(served)} == set(served_names())
    for family in text_string_to_metric_families(served):
        assert len(family.documentation) > 3


def test_the_panels_of_the_dashboard_name_only_metrics_that_are_served():
    board = json.loads((ROOT / 'config/grafana/swarm.json').read_text())
    expressions = [t['expr'] for panel in board['panels'] for t in panel['targets']]
    assert len(expressions) == len(board['panels']) > 10
    for expression in expressions:
        named = set(re.findall(r'[a-z_]*swarm_[a-z_]+', expression))
        assert named
        assert named <= served_names(), expression
    assert len({panel['id'] for panel in board['panels']}) == len(board['panels'])


def test_prometheus_is_told_the_port_that_the_station_serves_by_default():
    found = yaml.safe_load((ROOT / 'config/prometheus/prometheus.yaml').read_text())
    (target,) = found['scrape_configs'][0]['static_configs'][0]['targets']
    options = StationOptions()
    assert target == f'{options.metrics_address}:{options.metrics_port}'


def test_metrics_are_read_over_http_and_the_port_is_free_again_at_the_end():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    collector = Collector()
    end = serve(collector, port, '127.0.0.1')
    url = f'http://127.0.0.1:{port}/metrics'
    with urllib.request.urlopen(url, timeout=5.0) as answer:
        assert 'swarm_robots' not in answer.read().decode()  # nothing known yet
    collector.picture = picture()
    with urllib.request.urlopen(url, timeout=5.0) as answer:
        assert samples(answer.read().decode())['swarm_robots', ()] == 4
    with pytest.raises(ConfigurationError, match='metrics_port'):
        serve(Collector(), port, '127.0.0.1')
    end()
    serve(Collector(), port, '127.0.0.1')()
