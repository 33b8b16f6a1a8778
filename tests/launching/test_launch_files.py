# SPDX-License-Identifier: Apache-2.0
"""The launch files with the real `launch`: arguments described, wrong ones refused, whole ends."""

import importlib.util
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

from launching import stand_ins
from live.processes import gone
import psutil
import pytest
from swarm_coordination.launching.params_file import said
from swarm_coordination.live import attendant
import yaml

pytest.importorskip('launch', reason='the ROS package launch is missing: source ROS 2')
pytest.importorskip('launch_ros', reason='the ROS package launch_ros is missing: source ROS 2')

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
FOLDER = Path(__file__).resolve().parent.parent.parent / 'launch'
FILES = sorted(FOLDER.glob('*.launch.py'))
# `ros2 launch FILE`, without the command line tool around it.
RUN = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *words = sys.argv[1:]
given = [tuple(word.split(':=', 1)) for word in words]
service = LaunchService()
service.include_launch_description(IncludeLaunchDescription(
    PythonLaunchDescriptionSource(file), launch_arguments=given))
sys.exit(service.run())
"""
ROBOTS = FOLDER.parent / 'config/robots'
ONE = """
all: {}
robot_types: {holonomic: {kind: holonomic}}
robots: {robot1: {type: holonomic, start: {x_m: 0.0, y_m: 0.0}}}
"""


def module(path):
    """Return a launch file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem.replace('.', '_'), path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def description(path):
    """Return the launch description of a file."""
    return module(path).generate_launch_description()


@pytest.fixture
def launched(domain, tmp_path):
    """Give what starts a launch file in the background; all is ended with the test."""
    running = []
    temporary = tmp_path / 'tmp'
    temporary.mkdir()

    def start(name, *words):
        with (tmp_path / 'launch.log').open('wb') as log:
            process = subprocess.Popen(
                [sys.executable, '-c', RUN, str(FOLDER / name), *words], stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, 'TMPDIR': str(temporary)})
        running.append(process)
        return process

    start.log = lambda: (tmp_path / 'launch.log').read_text(errors='replace')
    start.swarm_file = tmp_path / 'one.yaml'
    start.swarm_file.write_text(ONE)
    start.storage = tmp_path / 'robots'
    start.left = lambda: [
        path.name for path in temporary.iterdir()
        if path.name.startswith(('swarm_', 'launch_params_'))]
    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def watcher(domain):
    """Give a node that sees who is there."""
    from rclpy.node import Node
    from swarm_coordination.ros.executor import Runner

    runner = Runner(domain_id=domain)
    node = Node('watcher', context=runner.context, enable_rosout=False)
    runner.add(node)
    yield node
    runner.close()


def wait_for(condition, seconds):
    """Wait until ``condition()`` holds; return whether it came to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path):
    arguments = description(path).get_launch_arguments()
    assert arguments
    for argument in arguments:
        assert argument.description
        assert argument.description != 'no description given'


@pytest.mark.parametrize(('name', 'words', 'said'), [
    ('swarm.launch.py', ['robots:=none'], 'a whole number'),
    ('swarm.launch.py', ['robots:=99'], '1 to 12 robots'),
    ('swarm.launch.py', ['swarm_file:=/nowhere.yaml'], 'an existing file'),
    ('swarm.launch.py', ['params_file:=/nowhere.yaml'], 'an existing file'),
    ('swarm.launch.py', ['world:=mars'], 'mars'),
    ('swarm.launch.py', ['world:=gazebo', 'robots:=1', 'gazebo_world:=moon'], 'one of corridor'),
    ('demo.launch.py', ['scenario:=nothing'], 'nothing'),
    ('demo.launch.py', ['robots:=99'], '5 to 12 for scenario default'),
    ('demo.launch.py', ['world:=gazebo', 'gazebo_world:=moon'], 'one of corridor'),
    ('gazebo.launch.py', ['gazebo_world:=moon'], 'one of corridor'),
    ('demo.launch.py', ['world:=gazebo', 'gazebo_world:=corridor', 'scenario:=gap'],
     'has obstacles of its own'),
    ('gazebo.launch.py', ['robots:=0'], '1 to 12 robots'),
    ('gazebo.launch.py', ['robots:=3', f'swarm_file:={FOLDER.parent}/config/robots/px4.yaml'],
     'at most 1.5 m/s in Gazebo'),
    ('swarm.launch.py', ['robots:=3', 'world:=gazebo', f'swarm_file:={ROBOTS}/px4.yaml'],
     'at most 1.5 m/s in Gazebo'),
    ('swarm.launch.py', ['robots:=2', 'world:=none', 'vehicle:=px4',
                         f'swarm_file:={ROBOTS}/turtlebot4.yaml'], 'none with robot1, a differ'),
    ('swarm.launch.py', ['robots:=1', 'vehicle:=px4', f'swarm_file:={ROBOTS}/px4.yaml'],
     'or world:=none'),
    ('swarm.launch.py', ['robots:=1', 'vehicle:=balloon'], 'balloon'),
    ('robot.launch.py', ['namespace:=robot1', 'storage_dir:=/x', 'vehicle:=crazyflie',
                         f'swarm_file:={ROBOTS}/turtlebot4.yaml'], 'none with robot1, a differ'),
    ('robot.launch.py', ['namespace:=robot1', 'storage_dir:=/x', 'cmd_vel_stamped:=perhaps'],
     'perhaps'),
    ('robot.launch.py', ['namespace:=robot1', 'storage_dir:=/x', 'vehicle:=px4', 'pose_source:=tf',
                         f'swarm_file:={ROBOTS}/px4.yaml'], 'pose or empty with vehicle:=px4'),
    ('swarm.launch.py', ['robots:=1', 'cmd_vel_stamped:=true'], 'false with world:=embedded'),
    ('rviz.launch.py', ['rviz_config:=/nowhere.rviz'], 'an existing file'),
    ('ground_station.launch.py', ['metrics_port:=many'], 'a whole number'),
    ('robot.launch.py', ['namespace:=nobody', 'storage_dir:=/x'], 'one of robot1'),
    ('robot.launch.py', ['namespace:=robot1'], 'storage_dir'),
])
def test_a_wrong_argument_ends_the_launch_before_anything_starts(launched, name, words, said):
    if name == 'swarm.launch.py':
        words = [*words, f'storage_dir:={launched.storage}']
    process = launched(name, *words)
    assert process.wait(30.0) == 1
    assert said in launched.log()
    nothing_was_begun(launched)


STAMPED = '/**/formation_controller: {ros__parameters: {cmd_vel_stamped: true}}\n'
BY_TF = '/robot1/coordinator: {ros__parameters: {pose_source: tf}}\n'


@pytest.mark.parametrize(('name', 'text', 'words', 'said'), [
    ('swarm.launch.py', STAMPED, ['robots:=1'],
     '/**/formation_controller: cmd_vel_stamped: True is not valid: false with world:=embedded'),
    ('swarm.launch.py', STAMPED, ['robots:=1', 'world:=gazebo'], 'false with world:=gazebo'),
    ('swarm.launch.py', BY_TF.replace('tf', 'pose'), ['robots:=1', 'world:=gazebo'],
     "/robot1/coordinator: pose_source: 'pose' is not valid: tf with world:=gazebo"),
    ('swarm.launch.py', BY_TF.replace('tf', 'start'), ['robots:=1'],
     "/robot1/coordinator: pose_source: 'start' is not valid: pose or tf with world:=embedded"),
    ('swarm.launch.py', BY_TF,
     ['robots:=1', 'world:=none', 'vehicle:=px4', f'swarm_file:={ROBOTS}/px4.yaml'],
     "/robot1/coordinator: pose_source: 'tf' is not valid: pose or empty with vehicle:=px4"),
    ('robot.launch.py', BY_TF,
     ['namespace:=robot1', 'storage_dir:=/x', 'vehicle:=px4', f'swarm_file:={ROBOTS}/px4.yaml'],
     'pose or empty with vehicle:=px4'),
    ('robot.launch.py', '/**: {ros__parameters: {a', ['namespace:=robot1', 'storage_dir:=/x'],
     'given.yaml'),
])
def test_a_file_of_parameters_that_does_not_fit_ends_the_launch_before_anything_starts(
    launched, name, text, words, said
):
    given = launched.swarm_file.with_name('given.yaml')
    given.write_text(text)
    if name == 'swarm.launch.py':
        words = [*words, f'storage_dir:={launched.storage}']
    process = launched(name, *words, f'params_file:={given}')
    assert process.wait(30.0) == 1
    assert said in launched.log()
    assert f'{given}: ' in launched.log()
    nothing_was_begun(launched)


def nothing_was_begun(launched):
    """Hold a launch that was refused to it: no process, no storage, no files."""
    assert 'process started' not in launched.log()
    assert not launched.storage.exists()
    assert launched.left() == []


@pytest.mark.parametrize(('argument', 'in_file', 'simulated'), [
    ('', '', False), ('true', '', True), ('', 'true', True), ('false', 'true', False)])
def test_a_robot_of_a_simulated_world_leaves_transforms_to_it(
    tmp_path, argument, in_file, simulated
):
    file = tmp_path / 'given.yaml'
    file.write_text(f'/**/coordinator: {{ros__parameters: {{radio_filter: {in_file or False}}}}}')
    given = SimpleNamespace(text=lambda _: argument, flag=lambda _: argument == 'true')
    launch = module(FOLDER / 'robot.launch.py')
    assert launch.simulated(given, 'robot1', [str(file)]) is simulated
    assert launch.simulated(given, 'robot1', []) is (argument == 'true')


def test_a_robot_that_is_not_started_may_stand_in_a_wall_of_the_world(launched):
    source = launched.swarm_file.with_name('three.yaml')
    names = {'robot1': -6.0, 'robot2': -9.0, 'robot3': 12.0}
    source.write_text(ONE.split('robots:')[0] + 'robots: {' + ', '.join(
        f'{name}: {{type: holonomic, start: {{x_m: {x}, y_m: 11.0}}}}'
        for name, x in names.items()) + '}\n')
    words = ('world:=gazebo', 'gazebo_world:=gap', f'swarm_file:={source}',
             f'storage_dir:={launched.storage}')
    assert launched('swarm.launch.py', 'robots:=3', *words).wait(30.0) == 1
    assert 'robot3' in launched.log()
    assert not launched.storage.exists()
    process = launched('swarm.launch.py', 'robots:=2', 'gui:=false', *words)
    assert wait_for((launched.storage / 'robot2').is_dir, 40.0), launched.log()
    # Where there is no Gazebo it ends by the want of that.
    wait_for(lambda: process.poll() is not None or 'process started' in launched.log(), 40.0)
    process.send_signal(signal.SIGINT)
    process.wait(40.0)
    assert launched.left() == []


def test_a_swarm_comes_up_and_ctrl_c_ends_all_of_it(launched):
    process = launched(
        'swarm.launch.py', 'robots:=1', f'swarm_file:={launched.swarm_file}',
        f'storage_dir:={launched.storage}')
    assert wait_for(lambda: 'leader in term' in launched.log(), 40.0), launched.log()
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) >= 2
    process.send_signal(signal.SIGINT)
    assert process.wait(15.0) == 0
    assert wait_for(lambda: gone(below), 20.0)
    assert launched.left() == []


def test_a_robot_that_refuses_its_configuration_ends_the_launch_with_an_error(launched):
    wrong = launched.swarm_file.with_name('wrong.yaml')
    wrong.write_text('/**:\n  ros__parameters:\n    control.gain: 99.0\n')
    process = launched(
        'swarm.launch.py', 'robots:=1', f'swarm_file:={launched.swarm_file}',
        f'storage_dir:={launched.storage}', f'params_file:={wrong}')
    assert process.wait(40.0) == 1
    assert 'control.gain: 99.0 is not valid' in launched.log()
    assert 'refuses its configuration' in launched.log()


def test_a_robot_without_storage_is_tried_again_and_again_ever_more_seldom(launched):
    launched(
        'robot.launch.py', 'namespace:=robot1', f'swarm_file:={launched.swarm_file}',
        'storage_dir:=/nowhere')
    assert wait_for(lambda: 'again in 2 s' in launched.log(), 40.0), launched.log()
    assert 'provision' in launched.log()


@pytest.mark.parametrize(('words', 'kind'), [
    ((), 'geometry_msgs/msg/TwistStamped'),
    (('cmd_vel_stamped:=false',), 'geometry_msgs/msg/Twist')])
def test_a_given_argument_goes_before_the_file_of_parameters(launched, watcher, words, kind):
    stamped = launched.swarm_file.with_name('stamped.yaml')
    stamped.write_text('/robot1/formation_controller:\n  ros__parameters:\n'
                       '    cmd_vel_stamped: true\n')
    launched('swarm.launch.py', 'robots:=1', 'world:=none', f'swarm_file:={launched.swarm_file}',
             f'storage_dir:={launched.storage}', f'params_file:={stamped}', *words)

    def kinds():
        return {end.topic_type for end in watcher.get_publishers_info_by_topic('/robot1/cmd_vel')}

    assert wait_for(kinds, 40.0), launched.log()
    assert kinds() == {kind}


@pytest.mark.parametrize(('words', 'simulated'), [((), True), (('use_sim_time:=false',), False)])
def test_station_and_rviz_take_their_time_as_the_robots_do(
    launched, watcher, monkeypatch, words, simulated
):
    folder = launched.storage.parent
    prefix = stand_ins.packages(folder, {'rviz2': {'rviz2': None}})
    monkeypatch.setenv(
        'AMENT_PREFIX_PATH', f'{prefix}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    given = launched.swarm_file.with_name('given.yaml')
    given.write_text('/**: {ros__parameters: {use_sim_time: true}}\n'
                     '/ground_station: {ros__parameters: {metrics_port: 0}}\n')
    launched('swarm.launch.py', 'robots:=1', 'world:=none', 'rviz:=true', *words,
             f'swarm_file:={launched.swarm_file}', f'storage_dir:={launched.storage}',
             f'params_file:={given}')
    there = wait_for(lambda: {'ground_station', 'formation_controller'}
                     <= set(watcher.get_node_names()), 40.0)
    assert there, launched.log()
    for node in ('/ground_station', '/robot1/formation_controller'):
        assert parameter(watcher, node, 'use_sim_time') is simulated
    assert parameter(watcher, '/robot1/coordinator', 'publish_tf') == 'pose'  # for its model
    assert wait_for((folder / 'rviz2.calls').exists, 10.0)
    (called,) = yaml.safe_load((folder / 'rviz2.calls').read_text())
    files = [word for at, word in enumerate(called) if called[at - 1] == '--params-file']
    assert '-p' in called[:called.index(str(given))]
    assert said(files, '/rviz', 'use_sim_time').value is simulated


def parameter(watcher, node, name):
    """Return what a running node has as a parameter."""
    from rcl_interfaces.srv import GetParameters

    client = watcher.create_client(GetParameters, f'{node}/get_parameters')
    assert wait_for(client.service_is_ready, 20.0)
    answer = client.call_async(GetParameters.Request(names=[name]))

    def answered():
        watcher.executor.spin_once(timeout_sec=0.1)
        return answer.done()

    assert wait_for(answered, 20.0)
    (value,) = answer.result().values
    return value.string_value or value.bool_value


def test_an_adapter_runs_beside_its_robot_and_misses_its_makers_messages(launched):
    if importlib.util.find_spec('px4_msgs') is not None:
        pytest.skip('px4_msgs is installed')
    process = launched('robot.launch.py', 'namespace:=robot1', f'storage_dir:={launched.storage}',
                       'vehicle:=px4', f'swarm_file:={ROBOTS}/px4.yaml',
                       f'params_file:={ROBOTS}/safety.yaml')
    assert process.wait(60.0) == 1
    assert 'importable: build and source PX4/px4_msgs' in launched.log()


@pytest.mark.parametrize('number', [
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_a_launch_ends_it_leaves_neither_ours_nor_the_programs_of_others(
    launched, monkeypatch, number
):
    folder = launched.storage.parent
    prefix = stand_ins.ros_gz(folder)
    monkeypatch.setenv(
        'AMENT_PREFIX_PATH', f'{prefix}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    process = launched(
        'gazebo.launch.py', 'robots:=1', 'gui:=false', f'swarm_file:={launched.swarm_file}')
    called = [folder / f'{name}.calls' for name in ('gazebo', 'parameter_bridge', 'create')]
    assert wait_for(lambda: all(path.exists() for path in called), 60.0), launched.log()
    below = psutil.Process(process.pid).children(recursive=True)
    # Bridge and Gazebo, each with one of its own that is deaf, gazebo_world, who attends to it.
    assert len(below) >= 8
    process.send_signal(number)
    process.wait(40.0)
    assert wait_for(lambda: gone(below), 60.0)
    assert launched.left() == []


# A launch of the user: ours, and after it something that starts what shall outlive all of it, as
# `ros2` does its daemon.
COMPOSITE = """
from launch import LaunchDescription
from launch.actions import ExecuteProcess, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

def generate_launch_description():
    ours = [IncludeLaunchDescription(
        PythonLaunchDescriptionSource({folder!r} + '/' + name + '.launch.py'),
        launch_arguments=list(words.items())) for name, words in {given!r}.items()]
    return LaunchDescription([*ours, ExecuteProcess(cmd=[{python!r}, '-c', {program!r}])])
"""
DAEMON = """
import pathlib, subprocess
daemon = subprocess.Popen(['sleep', '300'], start_new_session=True)
pathlib.Path({file!r}).write_text(str(daemon.pid))
"""


def test_what_a_launch_starts_beside_ours_is_not_touched(launched, monkeypatch):
    folder = launched.storage.parent
    prefix = stand_ins.ros_gz(folder)
    both = f'{prefix}{os.pathsep}{stand_ins.packages(folder / "more", {"rviz2": {"rviz2": None}})}'
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{both}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    number, composite = folder / 'daemon', folder / 'composite.launch.py'
    composite.write_text(COMPOSITE.format(
        folder=str(FOLDER), python=sys.executable, program=DAEMON.format(file=str(number)),
        given={'gazebo': {'robots': '1', 'gui': 'false', 'swarm_file': str(launched.swarm_file)},
               'rviz': {}}))
    process = launched(str(composite))
    bridged = folder / 'parameter_bridge.calls'
    called = [folder / 'gazebo.calls', folder / 'more/rviz2.calls', bridged, number]
    assert wait_for(lambda: all(path.exists() for path in called), 60.0), launched.log()
    assert wait_for(number.read_text, 20.0)
    daemon = psutil.Process(int(number.read_text()))
    try:
        below = psutil.Process(process.pid).children()
        (bridge,) = [one for one in below if 'lib/ros_gz_bridge' in ' '.join(one.cmdline())]
        mark = bridge.environ()[attendant.MARK]
        bridge.kill()
        assert wait_for(lambda: len(bridged.read_text().splitlines()) == 2, 60.0), launched.log()
        # Gazebo, rviz, the bridge that was started again, each with two of its own that are deaf;
        # and the two that the first one left.
        assert wait_for(lambda: len(attendant.marked(mark)) == 11, 60.0), launched.log()
        assert attendant.MARK not in daemon.environ()
        process.send_signal(signal.SIGINT)
        process.wait(60.0)
        assert wait_for(lambda: not attendant.marked(mark), 60.0)
        assert not gone([daemon])
    finally:
        daemon.kill()


def test_an_attendant_that_has_ended_is_told_of(launched, monkeypatch):
    folder = launched.storage.parent
    prefix = stand_ins.packages(folder, {'rviz2': {'rviz2': None}})
    monkeypatch.setenv(
        'AMENT_PREFIX_PATH', f'{prefix}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    process = launched('rviz.launch.py')
    assert wait_for((folder / 'rviz2.calls').exists, 60.0), launched.log()
    below = psutil.Process(process.pid).children()
    (attending,) = [one for one in below if attendant.__name__ in one.cmdline()]
    (shown,) = [one for one in below if 'lib/rviz2' in ' '.join(one.cmdline())]
    mark = shown.environ()[attendant.MARK]
    attending.kill()
    assert wait_for(lambda: 'has ended itself (status -9)' in launched.log(), 60.0)
    process.send_signal(signal.SIGINT)
    process.wait(40.0)
    attendant.end(mark, 0.1)


TWICE = """
import psutil
from launch import LaunchDescription, LaunchService
from swarm_coordination.launching.attended import attended

def attending():
    service = LaunchService()
    service.include_launch_description(LaunchDescription([attended()]))
    assert service.run() == 0
    return psutil.Process().children()

(first,) = attending()
assert attending() == [first]
first.kill()
while first.status() != psutil.STATUS_ZOMBIE:
    pass
(other,) = [one for one in attending() if one != first]
assert other.status() != psutil.STATUS_ZOMBIE
"""


def test_a_process_has_one_attendant_and_another_where_that_has_ended(domain):
    subprocess.run([sys.executable, '-c', TWICE], check=True, timeout=100.0)


def test_a_model_that_cannot_be_spawned_ends_the_launch_and_is_named(launched, monkeypatch):
    prefix = stand_ins.ros_gz(launched.storage.parent, create=1)
    monkeypatch.setenv(
        'AMENT_PREFIX_PATH', f'{prefix}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    process = launched(
        'gazebo.launch.py', 'robots:=1', 'gui:=false', f'swarm_file:={launched.swarm_file}')
    assert process.wait(60.0) == 1
    assert 'the model of robot1 was not made (status 1)' in launched.log()
