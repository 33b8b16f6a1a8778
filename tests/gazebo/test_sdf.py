# SPDX-License-Identifier: Apache-2.0
"""Every world and model is read by the real parser, and names only what gz-sim has."""

from pathlib import Path
import shutil
import subprocess
from xml.etree import ElementTree

from gazebo.areas import built, EVERYTHING
from gazebo.stock import SYSTEMS
import pytest
from swarm_coordination.configuration.swarm import KINDS
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.gazebo.models import model_sdf, PLACEHOLDER, sim_folder
from swarm_coordination.gazebo.worlds import load_world, worlds

HERE = Path(__file__).resolve().parent
REQUIRED_WORLD_SYSTEMS = {'Physics', 'UserCommands', 'SceneBroadcaster'}
MODELS = {kind: model_sdf('robot7', kind) for kind in KINDS}


def texts():
    """Return (name, text) of everything."""
    found = [(name, built(name)) for name in worlds()]
    return [*found, ('everything', built('open_field', EVERYTHING)), *MODELS.items()]


@pytest.fixture(scope='module')
def parser(tmp_path_factory):
    """Give a program that loads files with libsdformat 12."""
    libraries = subprocess.run(
        ['pkg-config', '--cflags', '--libs', 'sdformat12'], capture_output=True, text=True,
        check=False) if shutil.which('pkg-config') else None
    if libraries is None or libraries.returncode or not shutil.which('g++'):
        pytest.skip('libsdformat-dev 12 (pkg-config sdformat12) or g++ is missing')
    program = tmp_path_factory.mktemp('sdf') / 'sdf_check'
    subprocess.run(
        ['g++', '-std=c++17', str(HERE / 'sdf_check.cpp'), '-o', str(program),
         *libraries.stdout.split()], check=True, timeout=110)
    return program


def test_the_parser_takes_every_world_and_model(parser, tmp_path):
    files = []
    for name, text in texts():
        path = tmp_path / f'{name}.sdf'
        path.write_text(text)
        files.append(str(path))
    assert len(files) == 8
    done = subprocess.run([str(parser), *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_parser_understands_the_area_as_it_is_meant(parser, tmp_path):
    # Its own reading, not the text: a misspelt element would be a warning and a default.
    path = tmp_path / 'everything.sdf'
    path.write_text(built('open_field', EVERYTHING))
    done = subprocess.run([str(parser), '--bodies', str(path)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == [
        'obstacle1_shed at 4 1 1.5 yaw 0.3 static: box 2 3 3',
        'obstacle2_mast at -3 0 4 yaw 0 static: cylinder 0.4 8',
        'obstacle3_lake_side at 8 -9 0 yaw 0 static: polyline (0 0) (4 0) (1 3) height 4',
        'obstacle4_beam at 0 -12 2.5 yaw 0 static: box 6 0.4 1',
    ]


def test_the_parser_refuses_what_is_wrong(parser, tmp_path):
    wrong = tmp_path / 'wrong.sdf'
    wrong.write_text(MODELS['differential'].replace('<child>left_wheel</child>',
                                                    '<child>no_such_link</child>'))
    assert subprocess.run([str(parser), str(wrong)], capture_output=True,
                          check=False).returncode == 1


@pytest.mark.parametrize(('name', 'text'), texts(), ids=lambda value: str(value)[:12])
def test_every_plugin_is_a_stock_system_with_parameters_that_it_reads(name, text):
    top = ElementTree.fromstring(text)
    assert top.get('version') == '1.9'
    plugins = list(top.iter('plugin'))
    assert plugins
    for plugin in plugins:
        library, parameters = SYSTEMS[plugin.get('name')]
        assert plugin.get('filename') == library
        assert {child.tag for child in plugin} <= parameters, plugin.get('name')


def test_worlds_have_what_spawning_and_ground_truth_need_and_are_named_as_their_files():
    assert set(worlds()) == {'open_field', 'gap', 'corridor', 'large_area'}
    for name in worlds():
        world = ElementTree.fromstring(built(name)).find('world')
        assert world.get('name') == name
        named = {plugin.get('name').rsplit('::', 1)[1] for plugin in world.findall('plugin')}
        assert named == REQUIRED_WORLD_SYSTEMS


@pytest.mark.parametrize('kind', KINDS)
def test_a_model_carries_its_robots_name_in_every_frame_and_topic(kind):
    text = MODELS[kind]
    assert PLACEHOLDER not in text
    assert ElementTree.fromstring(text).find('model').get('name') == 'robot7'
    other = model_sdf('robot8', kind)
    assert other.replace('robot8', 'robot7') == text
    for tag in ('odom_topic', 'tf_topic', 'odom_frame', 'robot_base_frame', 'frame_id',
                'child_frame_id', 'topic', 'robotNamespace'):
        for element in ElementTree.fromstring(text).iter(tag):
            assert 'robot7' in element.text or (tag, element.text) == ('odom_frame', 'map')


def test_joints_and_links_that_plugins_name_exist():
    for text in MODELS.values():
        model = ElementTree.fromstring(text).find('model')
        joints = {joint.get('name') for joint in model.findall('joint')}
        links = {link.get('name') for link in model.findall('link')}
        for tag in ('left_joint', 'right_joint', 'jointName'):
            assert {element.text for element in model.iter(tag)} <= joints
        for tag in ('linkName', 'comLinkName', 'parent', 'child'):
            assert {element.text for element in model.iter(tag)} <= links


def test_a_quadrotor_has_four_rotors_that_can_carry_it_and_turn_in_pairs():
    model = ElementTree.fromstring(MODELS['quadrotor']).find('model')
    mass = sum(float(element.text) for element in model.iter('mass'))
    motors = [plugin for plugin in model.findall('plugin')
              if plugin.get('name').endswith('MulticopterMotorModel')]
    thrust = sum(float(m.findtext('motorConstant')) * float(m.findtext('maxRotVelocity')) ** 2
                 for m in motors)
    assert len(motors) == 4
    assert thrust > 1.5 * 9.81 * mass
    turning = {m.findtext('jointName'): m.findtext('turningDirection') for m in motors}
    assert sorted(turning.values()) == ['ccw', 'ccw', 'cw', 'cw']
    for rotor in model.iter('rotor'):
        sign = '1' if turning[rotor.findtext('jointName')] == 'ccw' else '-1'
        assert rotor.findtext('direction') == sign
        assert rotor.findtext('forceConstant') == motors[0].findtext('motorConstant')


def test_an_unknown_world_or_kind_is_refused():
    with pytest.raises(ConfigurationError, match='one of corridor, gap'):
        load_world('moon')
    with pytest.raises(ConfigurationError, match='one with a model'):
        model_sdf('robot1', 'submarine')


def test_the_assets_lie_beside_the_configuration():
    assert (sim_folder() / 'README.md').is_file()
