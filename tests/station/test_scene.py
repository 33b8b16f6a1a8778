# SPDX-License-Identifier: Apache-2.0
"""The scene: stable ids, one shape each, colours that say what they mean; and as a PNG."""

from pathlib import Path
import random

from station.swarm import kept, NOW, STATUS, watched
from swarm_coordination.area.shapes import Area, box, cylinder, polygon
from swarm_coordination.station.scene import margin_colour, scene
from swarm_coordination.station.shapes import Kind
from swarm_coordination.station.snapshot import draw
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose

ROOT = Path(__file__).resolve().parent.parent.parent
CHAIN = [('robot1', 'robot2'), ('robot2', 'robot3'), ('robot3', 'robot4')]


def keys(shapes):
    """Return what identifies each shape."""
    return [(shape.namespace, shape.number) for shape in shapes]


def test_no_two_shapes_share_an_identity():
    rng = random.Random(1)
    for _ in range(50):
        links = [pair for pair in CHAIN if rng.random() < 0.6]
        shapes = scene(watched(links).picture(NOW))
        assert len(set(keys(shapes))) == len(shapes)


def test_a_robots_shapes_keep_their_ids_when_others_go():
    watch = watched(CHAIN)
    of_third = {key for key in keys(scene(watch.picture(NOW))) if key[1] == 2}
    later = NOW + 10 * NS_PER_S
    watch.status('robot3', STATUS._replace(name='robot3', role=0), [], 0.0, later)
    watch.pose('robot3', Pose(1.0, 1.0, 0.0, 0.0))
    watch.slot('robot3', (1.0, 1.0, 0.0))
    assert {key for key in keys(scene(watch.picture(later))) if key[0] != 'trails'} == of_third


def test_a_link_is_drawn_between_its_robots_thick_where_it_is_kept():
    watch = watched(CHAIN)
    watch.health('robot2', 'controller', kept(1), NOW)
    links = {shape.number: shape for shape in scene(watch.picture(NOW))
             if shape.namespace == 'links'}
    assert set(links) == {1, 256 + 2, 2 * 256 + 3}
    assert links[1].points == ((0.0, 0.0, 0.0), (3.0, 0.0, 0.0))
    assert links[1].size_m > 2 * links[258].size_m
    assert links[1].colour[3] > links[258].colour[3]


def test_the_colour_of_a_link_goes_from_green_over_yellow_to_red_as_its_margin_shrinks():
    assert margin_colour(0.9) == margin_colour(0.5) == (0.0, 1.0, 0.0, 1.0)
    assert margin_colour(0.25) == (1.0, 1.0, 0.0, 1.0)
    assert margin_colour(0.0) == margin_colour(-0.2) == (1.0, 0.0, 0.0, 1.0)


def test_the_leader_wears_a_crown_and_labels_tell_the_term():
    shapes = scene(watched(CHAIN).picture(NOW))
    assert [s.number for s in shapes if s.namespace == 'leader'] == [0]
    label = next(s for s in shapes if s.namespace == 'labels' and s.number == 0)
    assert 'term 9' in label.text


def test_islands_are_named_and_coloured_apart_when_there_are_several():
    assert not [s for s in scene(watched(CHAIN).picture(NOW)) if s.namespace == 'islands']
    shapes = scene(watched(CHAIN[:1]).picture(NOW))
    assert [s.text for s in shapes if s.namespace == 'islands'] == [
        'island 1 of 3: 2 robots', 'island 2 of 3: 1 robots', 'island 3 of 3: 1 robots']
    colours = {s.colour for s in shapes if s.namespace == 'robots'}
    assert len(colours) == 3


def test_a_robot_that_the_swarm_has_given_up_is_an_obstacle():
    watch = watched(CHAIN)
    for name in ('robot1', 'robot2', 'robot3', 'robot4'):
        alive = ('robot1', 'robot2', 'robot3')
        watch.status(name, STATUS._replace(name=name, alive=alive), [], 0.0, NOW)
    shapes = scene(watch.picture(NOW))
    assert [s.number for s in shapes if s.namespace == 'obstacles'] == [3]


def area():
    """Return an area with one of each."""
    solid = (
        box((4.0, 1.0), (2.0, 1.0), 0.0, high_m=3.0, name='shed'),
        cylinder((-3.0, 0.0), 0.4, name='mast'),
    )
    return Area((*solid, *polygon([(0, 9), (6, 9), (3, 12)])), ((-9, -9), (9, -9), (9, 14)))


def test_obstacles_and_zones_of_the_swarm_file_are_shown_with_their_names():
    shapes = scene(watched(CHAIN).picture(NOW)._replace(area=area()))
    found = dict(zip(keys(shapes), shapes))
    assert len(found) == len(shapes)
    shed = found['area', 0]
    assert shed.kind is Kind.LINES
    assert {(abs(x - 4.0), abs(y - 1.0)) for x, y, _ in shed.points} == {(1.0, 0.5)}
    assert {z for _, _, z in shed.points} == {0.0, 3.0}
    assert shed.points[0] == shed.points[4]  # closed
    assert (found['area', 2].kind, found['area', 2].size_m) == (Kind.CYLINDER, 0.8)
    assert found['area', 2].points == ((-3.0, 0.0, 0.0),)
    assert len(found['area', 4].points) == 4
    assert [s.text for s in shapes if s.namespace == 'area_names'] == ['shed', 'mast']
    assert len(found['zone', 0].points) == 4
    assert not [s for s in scene(watched(CHAIN).picture(NOW)) if s.namespace in ('area', 'zone')]


def test_rviz_shows_every_namespace_that_a_scene_can_have():
    shown = (ROOT / 'config/rviz/swarm.rviz').read_text()
    watch = watched(CHAIN[:1])
    watch.status('robot4', STATUS._replace(name='robot4', alive=('robot1',)), [], 0.0, NOW)
    for shape in scene(watch.picture(NOW)._replace(area=area())):
        assert f'{shape.namespace}: true' in shown


def test_the_scene_is_drawn_into_a_png(tmp_path):
    shapes = scene(watched(CHAIN[:2]).picture(NOW)._replace(area=area()))
    assert {shape.kind for shape in shapes} >= {Kind.ARROW, Kind.TEXT, Kind.LINES, Kind.SPHERE}
    draw(shapes, 'four robots', tmp_path / 'swarm.png')
    data = (tmp_path / 'swarm.png').read_bytes()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    assert len(data) > 10_000
