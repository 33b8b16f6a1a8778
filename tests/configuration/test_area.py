# SPDX-License-Identifier: Apache-2.0
"""Obstacles and zones of a file are checked field by field; starts stand clear of them."""

from __future__ import annotations

import copy

import pytest
from swarm_coordination.configuration.swarm import read_swarm
from swarm_coordination.errors import ConfigurationError

SWARM = {
    'robot_types': {'base': {'kind': 'holonomic'}},
    'robots': {
        'robot1': {'type': 'base', 'start': {'x_m': 0.0, 'y_m': 0.0}},
        'robot2': {'type': 'base', 'start': {'x_m': 3.0, 'y_m': 0.0}},
    },
}
AREA = {
    'obstacles': [
        {'name': 'shed', 'shape': 'box', 'x_m': 6.0, 'y_m': 0.0, 'size_x_m': 2.0,
         'size_y_m': 3.0, 'yaw_rad': 0.3},
        {'name': 'mast', 'shape': 'cylinder', 'x_m': 1.5, 'y_m': 2.0, 'radius_m': 0.4,
         'low_m': 0.0, 'high_m': 8.0},
        {'shape': 'polygon', 'corners': [[0, 6], [4, 6], [4, 10], [2, 7]]},
    ],
    'keep_out': [{'name': 'crowd', 'corners': [[-4, -4], [-2, -4], [-3, -2]]}],
    'stay_in': [[-20, -20], [20, -20], [20, 20], [-20, 20]],
    'altitude': {'low_m': 0.0, 'high_m': 12.0},
}


def test_an_area_is_read_and_every_robot_has_it():
    swarm = read_swarm({**SWARM, 'area': AREA}, 'swarm.yaml')
    names = [piece.name for piece in swarm.area.obstacles]
    assert names == ['shed', 'mast', 'polygon', 'polygon', 'crowd']
    assert swarm.area.zone == ((-20, -20), (20, -20), (20, 20), (-20, 20))
    assert (swarm.area.low_m, swarm.area.high_m) == (0.0, 12.0)
    assert all(robot.settings.area is swarm.area for robot in swarm.robots)


def test_robots_that_fly_by_another_map_do_not_cooperate():
    plain = read_swarm(SWARM, 'swarm.yaml')
    mapped = read_swarm({**SWARM, 'area': AREA}, 'swarm.yaml')
    assert plain.area.empty
    assert mapped.config_hash != plain.config_hash
    assert {robot.settings.config_hash for robot in mapped.robots} == {mapped.config_hash}


def changed(path, value):
    area = copy.deepcopy(AREA)
    at = area
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return {**SWARM, 'area': area}


@pytest.mark.parametrize(('path', 'value', 'field'), [
    (('obstacles', 0, 'size_x_m'), -1.0, 'area.obstacles[0].size_x_m'),
    (('obstacles', 0, 'x_m'), float('nan'), 'area.obstacles[0].x_m'),
    (('obstacles', 0, 'radius_m'), 1.0, 'area.obstacles[0].radius_m'),
    (('obstacles', 0, 'shape'), 'sphere', 'area.obstacles[0].shape'),
    (('obstacles', 1, 'radius_m'), 0.0, 'area.obstacles[1].radius_m'),
    (('obstacles', 1, 'high_m'), -1.0, 'area.obstacles[1].high_m'),
    (('obstacles', 2, 'corners'), [[0, 0], [2, 2], [2, 0], [0, 2]], 'area.obstacles[2].corners'),
    (('obstacles', 2, 'corners'), [[0, 0], [1, 'a'], [2, 0]], 'area.obstacles[2].corners'),
    (('keep_out', 0, 'corners'), [[0, 0], [1, 0]], 'area.keep_out[0].corners'),
    (('stay_in',), [[5, 5], [9, 5], [9, 9]], 'robots.robot1.start'),
    (('stay_in',), [[-20, -20], [3.1, -20], [3.1, 20], [-20, 20]], 'robots.robot2.start'),
    (('altitude',), {'low_m': 1.0}, 'robots.robot1.start'),
    (('altitude',), {'low_m': 1.0, 'high_m': 1.0}, 'area.altitude.high_m'),
    (('obstacles', 1, 'x_m'), 0.5, None),
    (('obstacles', 1, 'y_m'), 0.5, 'robots.robot1.start'),
    (('obstacle',), [], 'area.obstacle'),
])
def test_a_wrong_area_is_refused_by_field(path, value, field):
    if field == 'robots.robot1.start' and path[-1] == 'y_m':
        document = changed(('obstacles', 1, 'x_m'), 0.3)
        document['area']['obstacles'][1]['y_m'] = 0.5
    else:
        document = changed(path, value)
    if field is None:
        read_swarm(document, 'swarm.yaml')
        return
    with pytest.raises(ConfigurationError) as caught:
        read_swarm(document, 'swarm.yaml')
    assert caught.value.field == field
    assert caught.value.source == 'swarm.yaml'
