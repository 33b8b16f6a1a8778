# SPDX-License-Identifier: Apache-2.0
"""The ground station: a scene for rviz without leftovers, the health of robots, an rviz file."""

from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
import pytest
from ros.support import bring_up, Ground
from swarm_coordination.configuration import load_swarm
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.ros import qos
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.health import (
    consensus_health,
    controller_health,
    localisation_health,
    mesh_health,
)
from swarm_coordination.ros.scene_markers import DELETED_IN, SceneMarkers
from swarm_coordination.ros.station_node import SCENE_TOPIC, StationNode
from swarm_coordination.ros.world_node import WorldNode
from swarm_coordination.station import watch
from swarm_coordination.station.shapes import Kind, Shape
from visualization_msgs.msg import Marker, MarkerArray
import yaml

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parent.parent.parent


def shape(number):
    """Return some shape."""
    return Shape('robots', number, Kind.ARROW, ((1.0, 2.0, 0.0),), 0.6, (1.0, 0.0, 0.0, 1.0))


def actions(array):
    """Return {(namespace, id): action}."""
    return {(m.ns, m.id): m.action for m in array.markers}


def test_what_is_gone_is_deleted_by_name_for_a_while_and_what_returns_is_not():
    markers, stamp = SceneMarkers(), None
    stamp = Marker().header.stamp
    markers.array([shape(1), shape(2)], stamp)
    gone = markers.array([shape(1)], stamp)
    assert actions(gone) == {('robots', 1): Marker.ADD, ('robots', 2): Marker.DELETE}
    back = markers.array([shape(1), shape(2)], stamp)
    assert actions(back) == {('robots', 1): Marker.ADD, ('robots', 2): Marker.ADD}
    arrays = [markers.array([], stamp) for _ in range(DELETED_IN + 2)]
    told = [len(array.markers) for array in arrays]
    assert told == [2] * DELETED_IN + [0, 0]


def test_every_kind_of_shape_is_a_marker_in_map_that_rviz_takes():
    shapes = [Shape('x', k.value, k, ((0.0, 0.0, 0.0),) * (3 if k is Kind.LINES else 1),
                    0.5, (1.0, 1.0, 1.0, 0.5), 'text') for k in Kind]
    for marker in SceneMarkers().array(shapes, Marker().header.stamp).markers:
        assert marker.header.frame_id == 'map'
        assert marker.scale.x > 0.0
        assert marker.color.a > 0.0
        assert sum(v * v for v in (marker.pose.orientation.z, marker.pose.orientation.w)) == (
            pytest.approx(1.0))


def test_a_station_shows_a_robot_reports_its_health_and_takes_it_away_when_it_goes(
        run, monkeypatch):
    monkeypatch.setattr(watch, 'GONE_S', 1.0)
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    world = run.runner(swarm_file=source)
    world.add(WorldNode(world))
    robot = run.runner('robot1', swarm_file=source, storage_dir=storage, diagnostics_period_s=0.1)
    nodes = [bring_up(kind(robot)) for kind in (CoordinatorNode, ControllerNode)]
    station = run.runner(swarm_file=source, metrics_port=0)
    node = StationNode(station)
    station.add(node)
    ground = Ground(run)
    ground.watch(MarkerArray, SCENE_TOPIC, qos.MARKERS)
    ground.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)

    def shown():
        newest = ground.newest(SCENE_TOPIC)
        return actions(newest) if newest else {}

    assert run.spin(lambda: shown().get(('robots', 0)) == Marker.ADD)
    assert run.spin(lambda: shown().get(('leader', 0)) == Marker.ADD)
    parts = {'coordinator', 'formation_controller', 'mesh', 'consensus', 'controller',
             'localisation'}
    assert run.spin(lambda: set(node.picture().robots[0].health) == parts)
    assert run.spin(lambda: node.picture().robots[0].health['localisation'].level == 0)
    for one in reversed(nodes):
        one.trigger_deactivate()
    assert run.spin(lambda: shown().get(('robots', 0)) == Marker.DELETE)


def test_localisation_is_stale_without_poses_and_wrong_when_they_are_refused():
    assert localisation_health(None, 0.3, {}, '').level.name == 'STALE'
    assert localisation_health(400_000_000, 0.3, {}, '').level.name == 'STALE'
    assert localisation_health(100_000_000, 0.3, {}, '').level.name == 'OK'
    refused = localisation_health(100_000_000, 0.3, {'wrong_frame': 4}, "frame 'odom'")
    assert (refused.level.name, refused.values['refused_wrong_frame']) == ('ERROR', 4)


def test_a_conflict_in_the_mesh_needs_a_person():
    from station.swarm import STATUS

    assert mesh_health(STATUS, 2, '', '').level.name == 'OK'
    assert mesh_health(STATUS, 0, '', '').level.name == 'WARN'
    assert mesh_health(STATUS, 2, 'two robots are called robot1', '').level.name == 'ERROR'
    assert mesh_health(STATUS, 2, '', '3 frames').values['refused'] == '3 frames'
    refusing = mesh_health(STATUS, 2, '', '3 frames', refusing=True)
    assert (refusing.level.name, refusing.message) == ('WARN', '3 frames')
    assert mesh_health(STATUS, 2, 'a copied disk', '3', refusing=True).level.name == 'ERROR'


def test_a_member_is_well_with_a_leader_warns_without_a_quorum_and_is_wrong_without_a_vote():
    from station.swarm import STATUS

    assert consensus_health(STATUS).level.name == 'OK'
    assert consensus_health(STATUS._replace(quorum=False)).level.name == 'WARN'
    held = consensus_health(STATUS._replace(may_vote=False, quorum=False))
    assert (held.level.name, held.values['may_vote']) == ('ERROR', False)


@pytest.mark.parametrize(('reasons', 'level'), [
    ((), 'OK'), (('neighbor',), 'OK'), (('table_stale',), 'WARN'), (('pose_frozen',), 'WARN'),
    (('target_missing',), 'WARN')])
def test_a_controller_that_flies_blind_warns_and_one_without_an_update_is_stale(reasons, level):
    assert controller_health(None, 0).level.name == 'STALE'
    report = FormationController(1, ControlSettings()).update(0)._replace(reasons=reasons)
    found = controller_health(report, 4)
    assert (found.level.name, found.values['messages_refused']) == (level, 4)


def test_the_rviz_file_shows_the_scene_and_a_model_of_every_robot_of_the_swarm_file():
    found = yaml.safe_load((ROOT / 'config/rviz/swarm.rviz').read_text())
    manager = found['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == 'map'
    displays = manager['Displays']
    scene = next(d for d in displays if d['Class'].endswith('/MarkerArray'))
    assert scene['Topic']['Value'] == SCENE_TOPIC
    assert scene['Topic']['Reliability Policy'] == 'Reliable'
    models = {d['TF Prefix']: d['Description Topic']['Value'] for d in displays
              if d['Class'].endswith('/RobotModel')}
    names = load_swarm(ROOT / 'config/swarm.yaml').names
    assert models == {name: f'/{name}/robot_description' for name in names}
