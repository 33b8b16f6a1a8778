# SPDX-License-Identifier: Apache-2.0
"""Robots know what stands in Gazebo, and nothing stands there that they do not know."""

import math
from pathlib import Path
from xml.etree import ElementTree

from gazebo.areas import built, EVERYTHING, written
import pytest
from swarm_coordination.area.nearest import in_plane
from swarm_coordination.configuration import config_folder, find_swarm_file, load_swarm
from swarm_coordination.configuration.swarm import KINDS
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.gazebo.built import TALL_M
from swarm_coordination.gazebo.worlds import (
    check_robots,
    check_scenario,
    load_world,
    read_world,
    solid_and_marked,
    swarm_file_in,
    worlds,
)
import yaml

QUADROTORS = {
    'all': {'control': {'speed_max_mps': 1.0}},
    'robot_types': {'quadrotor': {'kind': 'quadrotor'}},
    'robots': {'robot1': {'type': 'quadrotor', 'start': {'x_m': 0.0, 'y_m': 0.0, 'z_m': 0.5}}},
}


def bodies(text):
    """Return (name, function: is a point of the ground plane inside?) of every solid model."""
    found = []
    for model in ElementTree.fromstring(text).iter('model'):
        collision = model.find('link/collision')
        if collision is None or model.get('name') == 'ground':
            continue
        assert model.findtext('static') == 'true'
        x, y, _, _, _, yaw = map(float, model.findtext('pose').split())
        found.append((model.get('name'), _inside(collision.find('geometry'), x, y, yaw)))
    return found


def _inside(geometry, at_x, at_y, yaw):
    cosine, sine = math.cos(yaw), math.sin(yaw)

    def own(x, y):
        return (cosine * (x - at_x) + sine * (y - at_y), -sine * (x - at_x) + cosine * (y - at_y))

    if geometry.find('box') is not None:
        a, b, _ = map(float, geometry.findtext('box/size').split())
        return lambda x, y: abs(own(x, y)[0]) <= a / 2 and abs(own(x, y)[1]) <= b / 2
    if geometry.find('cylinder') is not None:
        radius = float(geometry.findtext('cylinder/radius'))
        return lambda x, y: math.hypot(*own(x, y)) <= radius
    points = [tuple(map(float, p.text.split())) for p in geometry.iter('point')]
    edges = list(zip(points, points[1:] + points[:1]))
    return lambda x, y: all(
        (bx - ax) * (own(x, y)[1] - ay) - (by - ay) * (own(x, y)[0] - ax) >= 0
        for (ax, ay), (bx, by) in edges)


@pytest.mark.parametrize(('world', 'area', 'count'), [
    ('open_field', None, 0), ('open_field', EVERYTHING, 4), ('gap', None, 2),
    ('corridor', None, 5), ('large_area', None, 5), ('gap', EVERYTHING, 6)])
def test_what_robots_keep_clear_of_is_what_a_body_bumps_into(tmp_path, world, area, count):
    ground = load_world(world)
    source = swarm_file_in(written(tmp_path, area), {}, ground)
    solid, _ = solid_and_marked(source)
    assert len(bodies(built(world, area))) == count
    known = [piece for piece in solid.obstacles if piece.high_m > 0.0]
    told = load_swarm(source).area.obstacles
    assert set(known) <= set(told)
    for (name, inside), piece in zip(bodies(built(world, area)), known):
        assert not piece.name or piece.name.split()[0] in name
        cx = sum(x for x, _ in piece.corners) / len(piece.corners)
        cy = sum(y for _, y in piece.corners) / len(piece.corners)
        far = piece.radius_m + max(math.dist((cx, cy), c) for c in piece.corners) + 1.0
        hits = 0
        for row in range(41):
            for column in range(41):
                x, y = cx + far * (row / 20.0 - 1.0), cy + far * (column / 20.0 - 1.0)
                distance = in_plane(piece, x, y).distance_m
                if abs(distance) > 1e-6:
                    assert inside(x, y) == (distance < 0.0), (name, x, y)
                    hits += distance < 0.0
        assert hits > 10


def test_zones_are_marks_that_nothing_bumps_into():
    world = ElementTree.fromstring(built('open_field', EVERYTHING)).find('world')
    marks = {model.get('name'): model for model in world.findall('model')
             if model.find('link/collision') is None}
    assert set(marks) == {'keep_out1', 'stay_in'}
    assert len(marks['stay_in'].findall('link/visual')) == 4


def test_an_obstacle_without_limit_stands_from_the_ground_on_and_one_below_it_not_at_all():
    text = built('open_field', EVERYTHING)
    assert f'<height>{TALL_M:g}</height>' in text
    assert 'cellar' not in text


def test_a_world_is_added_once_however_often_a_launch_file_does_it(tmp_path):
    given = written(tmp_path, EVERYTHING)
    once = swarm_file_in(given, {}, load_world('gap'))
    assert once != given
    assert swarm_file_in(once, {}, load_world('gap')) == once
    names = [piece.name for piece in load_swarm(once).area.obstacles]
    assert names.count('left wall') == 1
    assert {'shed', 'crowd'} < set(names)


def test_robots_of_one_run_share_its_configuration_and_no_other(tmp_path):
    given = written(tmp_path)
    hashes = {world: load_swarm(swarm_file_in(given, {}, load_world(world))).config_hash
              for world in worlds()}
    assert len(set(hashes.values())) == len(worlds())
    assert hashes['open_field'] == load_swarm(given).config_hash


def test_a_file_that_nothing_is_added_to_is_read_where_it_stands(tmp_path):
    given = written(tmp_path)
    assert swarm_file_in(given, {}) == given
    assert swarm_file_in(given, {}, load_world('open_field')) == given


def test_small_numbers_stay_numbers_in_the_file_that_robots_read(tmp_path):
    wall = {'obstacles': [{'shape': 'cylinder', 'x_m': 9.0, 'y_m': 1e-05, 'radius_m': 1.0}]}
    source = swarm_file_in(written(tmp_path), {'area': wall}, load_world('open_field'))
    assert load_swarm(source).area.obstacles[0].corners == ((9.0, 1e-05),)


def test_what_a_scenario_sets_stands_in_the_robots_file_and_in_gazebo(tmp_path):
    wall = {'obstacles': [{'shape': 'box', 'x_m': 9.0, 'y_m': 0.0, 'size_x_m': 1.0,
                           'size_y_m': 5.0}]}
    source = swarm_file_in(written(tmp_path), {'area': wall}, load_world('open_field'))
    assert yaml.safe_load(Path(source).read_text())['area'] == wall
    assert len(load_swarm(source).area.obstacles) == 1


def test_a_scenario_with_obstacles_of_its_own_is_refused_in_a_world_with_others():
    scenario = {'area': {'obstacles': []}}
    check_scenario('some.yaml', scenario, load_world('open_field'))
    with pytest.raises(ConfigurationError, match=r'open_field: some\.yaml has obstacles'):
        check_scenario('some.yaml', scenario, load_world('corridor'))


def test_a_start_in_a_wall_of_the_world_is_refused(tmp_path):
    robots = {'robot1': {'type': 'holonomic', 'start': {'x_m': 12.0, 'y_m': 5.0}}}
    with pytest.raises(ConfigurationError, match='left wall'):
        swarm_file_in(written(tmp_path, robots=robots), {}, load_world('gap'))


def test_a_robot_that_is_not_started_may_stand_in_a_wall(tmp_path):
    robots = {f'robot{k}': {'type': 'holonomic', 'start': {'x_m': 6.0 * k, 'y_m': 5.0}}
              for k in range(3)}  # robot2 at 12 m, in the left wall
    given = written(tmp_path, robots=robots)
    for count in (3, 99, None):
        with pytest.raises(ConfigurationError, match='left wall'):
            swarm_file_in(given, {}, load_world('gap'), count)
    source = swarm_file_in(given, {}, load_world('gap'), 2)
    assert load_swarm(source).names == ('robot0', 'robot1')
    # The same file for those who add the same world to it.
    assert swarm_file_in(source, {}, load_world('gap'), 2) == source


def test_altitude_limits_below_the_height_that_a_base_keeps_are_refused(tmp_path):
    for high_m, fits in ((2.5, True), (1.9, False)):
        area = {'altitude': {'low_m': 0.0, 'high_m': high_m}}
        source = written(tmp_path, area, **QUADROTORS)
        if fits:
            check_robots(source, load_swarm(source).robots)
            continue
        with pytest.raises(ConfigurationError, match='2 m in it, the height that robot1 keeps'):
            check_robots(source, load_swarm(source).robots)


def test_a_speed_that_the_quadrotors_model_lags_behind_is_refused(tmp_path):
    faster = {'control': {'speed_max_mps': 1.6}}
    source = written(tmp_path, **{**QUADROTORS, 'all': faster})
    with pytest.raises(ConfigurationError, match=r'1\.6 .*at most 1\.5 m/s in Gazebo with robot1'):
        check_robots(source, load_swarm(source).robots)
    on_wheels = written(tmp_path, all=faster)
    check_robots(on_wheels, load_swarm(on_wheels).robots)


@pytest.mark.parametrize(('document', 'said'), [
    ({}, 'ground_m'),
    ({'ground_m': 1.0}, 'ground_m'),
    ({'ground_m': 100.0, 'walls': []}, 'walls'),
    ({'ground_m': 100.0, 'area': {'stay_in': []}}, 'stay_in'),
    ({'ground_m': 100.0, 'area': {'obstacles': [{'shape': 'box'}]}}, 'x_m'),
])
def test_a_wrong_world_is_refused(document, said):
    with pytest.raises(ConfigurationError, match=said):
        read_world(document, 'mine', 'mine.yaml')


def test_the_shipped_swarms_start_clear_of_every_world():
    shipped = [find_swarm_file(), config_folder() / 'robots/gazebo_mixed.yaml']
    for world in worlds():
        for given in shipped:
            source = swarm_file_in(str(given), {}, load_world(world))
            check_robots(source, load_swarm(source).robots)


def test_the_mixed_swarm_has_every_kind_that_has_a_model():
    mixed = load_swarm(config_folder() / 'robots/gazebo_mixed.yaml')
    assert {robot.kind for robot in mixed.robots} == set(KINDS)
