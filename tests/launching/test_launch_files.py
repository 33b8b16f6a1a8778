# SPDX-License-Identifier: Apache-2.0
"""The launch files with the real `launch`: arguments described, wrong ones refused, whole ends."""

import importlib.util
from pathlib import Path
import signal
import subprocess
import sys
import time

import psutil
import pytest

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
ONE = """
all: {}
robot_types: {holonomic: {kind: holonomic}}
robots: {robot1: {type: holonomic, start: {x_m: 0.0, y_m: 0.0}}}
"""


def description(path):
    """Return the launch description of a file."""
    spec = importlib.util.spec_from_file_location(path.stem.replace('.', '_'), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


@pytest.fixture
def launched(domain, tmp_path):
    """Give what starts a launch file in the background; all is ended with the test."""
    running = []

    def start(name, *words):
        with (tmp_path / 'launch.log').open('wb') as log:
            process = subprocess.Popen(
                [sys.executable, '-c', RUN, str(FOLDER / name), *words], stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        running.append(process)
        return process

    start.log = lambda: (tmp_path / 'launch.log').read_text(errors='replace')
    start.swarm_file = tmp_path / 'one.yaml'
    start.swarm_file.write_text(ONE)
    start.storage = tmp_path / 'robots'
    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


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
    assert 'process started' not in launched.log()


def test_a_swarm_comes_up_and_ctrl_c_ends_all_of_it(launched):
    process = launched(
        'swarm.launch.py', 'robots:=1', f'swarm_file:={launched.swarm_file}',
        f'storage_dir:={launched.storage}')
    assert wait_for(lambda: 'leader in term' in launched.log(), 40.0), launched.log()
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) >= 2
    process.send_signal(signal.SIGINT)
    assert process.wait(15.0) == 0
    assert wait_for(lambda: not any(p.is_running() for p in below), 3.0)


def test_a_robot_that_is_killed_comes_back_after_a_while(launched):
    process = launched(
        'swarm.launch.py', 'robots:=1', f'swarm_file:={launched.swarm_file}',
        f'storage_dir:={launched.storage}')
    assert wait_for(lambda: 'leader in term' in launched.log(), 40.0), launched.log()
    robots = [p for p in psutil.Process(process.pid).children(recursive=True)
              if any(word.endswith('robot') for word in p.cmdline()[:3])]
    robots[0].kill()
    assert wait_for(lambda: 'again in 1 s' in launched.log(), 10.0), launched.log()
    assert wait_for(lambda: launched.log().count('leader in term') >= 2, 40.0), launched.log()


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
