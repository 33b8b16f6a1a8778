# SPDX-License-Identifier: Apache-2.0
"""Real processes: the demo judges itself, ends everything, and leaves nothing behind."""

import json
from pathlib import Path
import signal
import time

from geometry_msgs.msg import Twist
from live.processes import quickest, trap, wait_for
import psutil
import pytest
from ros.support import Ground
from swarm_coordination.ros import qos
from swarm_msgs import msg as swarm
from swarm_msgs.srv import ProposeCommand

pytestmark = pytest.mark.ros
# Its bounds are loose: two demos at once share the processors with each other.
SCENARIO = Path(__file__).with_name('scenario.yaml')


@pytest.mark.timeout(150)
def test_the_demo_flies_the_smoke_scenario_and_every_expectation_holds(run, tmp_path):
    run.cwd = tmp_path / 'elsewhere'
    run.cwd.mkdir()
    ran = trap(run.cwd)
    process, out = run.play('smoke', 'smoke')
    report = run.judged(process, out, 120)
    assert len(report['robots']) == 5
    assert report['seed'] == 1
    assert {'rmw', 'ros_distro'} <= set(report['versions'])
    assert not ran.exists()  # nobody has run what lies where the user stands


@pytest.mark.timeout(240)
def test_two_demos_at_once_do_not_meet(run):
    demos = [run.play('one', SCENARIO), run.play('two', SCENARIO)]
    reports = [run.judged(process, out, 200) for process, out in demos]
    assert reports[0]['domain'] != reports[1]['domain']


@pytest.mark.parametrize('number', [
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL,
])
def test_a_demo_that_is_ended_leaves_no_process_after_three_seconds(run, number):
    def ended(attempt):
        # Somewhere in the middle of the robots' start.
        return run.seconds_to_end(number, 4, f'ended{attempt}', SCENARIO, settle_s=0.5)

    assert quickest(ended, 3.0) <= 3.0


def test_a_wrong_parameter_ends_a_process_with_status_2_and_says_why(run):
    process = run.start_nodes(
        'robot_main', '-r', '__ns:=/robot1', '-p', f'swarm_file:={run.swarm_file()}',
        '-p', f'storage_dir:={run.storage() / "robot1"}', '-p', 'mesh.mtu_bytes:=10',
    )
    assert process.wait(30.0) == 2
    said = run.log('robot_main').read_text()
    assert 'parameter: mesh.mtu_bytes: 10 is not valid: at least' in said
    assert 'Traceback' not in said


def test_ros_arguments_that_are_none_end_a_process_alike(run):
    process = run.start_nodes('robot_main', '--params-file', run.folder / 'nowhere.yaml')
    assert process.wait(30.0) == 2
    said = run.log('robot_main').read_text()
    assert 'robot: command line: ROS arguments: ' in said
    assert 'Traceback' not in said


def test_sigterm_ends_a_robot_within_a_second(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'

    def ended(_):
        process = run.start_nodes('robot_main', '-r', '__ns:=/robot1', '-p',
                                  f'swarm_file:={source}', '-p', f'storage_dir:={storage}')
        lock = psutil.Process(process.pid)
        assert wait_for(lambda: lock.num_threads() > 6, 30.0)  # DDS is up
        time.sleep(0.5)
        sent_s = time.monotonic()
        process.terminate()
        assert process.wait(30.0) == 0, run.log('robot_main').read_text()
        return time.monotonic() - sent_s

    assert quickest(ended, 1.0) <= 1.0


def test_a_coordinator_killed_alone_leaves_its_robot_braking_to_a_stop(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    common = ('-p', f'swarm_file:={source}')
    robot = ('-r', '__ns:=/robot1', *common, '-p', f'storage_dir:={storage}')
    run.start_nodes('world_main', *common)
    run.start_nodes('controller_main', *robot)
    coordinator = run.start_nodes('coordinator_main', *robot)
    ground = Ground(run)
    ground.watch(swarm.WorldState, '/swarm/world', qos.WORLD)
    ground.watch(Twist, '/robot1/cmd_vel', qos.COMMAND)
    mission = {
        'kind': 'start_mission', 'name': 'straight', 'speed_mm_s': 600, 'lease_ms': 60_000,
        'formation': {'shape': 'column', 'spacing_mm': 2000}, 'path': [[0, 0], [60_000, 0]],
        'on_loss': 'repack',
    }
    request = ProposeCommand.Request(command=json.dumps(mission))
    answer = ground.call(run, ProposeCommand, '/robot1/propose', request, 30.0)
    assert answer.accepted, answer.message

    def speed():
        world = ground.newest('/swarm/world')
        return world.velocities[0].x if world else 0.0

    assert run.spin(lambda: speed() > 0.4, 15.0)
    coordinator.kill()
    coordinator.wait()
    killed, commands = time.monotonic(), ground.seen['/robot1/cmd_vel']
    commands.clear()
    assert run.spin(lambda: speed() == 0.0)
    # Not at once (its last table is good for a second) nor much later: by twenty commands a
    # second, which a busy host makes fewer, never more. And commanded, not by time-out.
    assert time.monotonic() - killed > 0.5
    assert 0 < sum(command.linear.x > 0.0 for command in commands) < 50
    assert run.spin(lambda: all(ground.newest('/swarm/world').commanded))
    at = ground.newest('/swarm/world').positions[0].x
    assert not run.spin(lambda: abs(ground.newest('/swarm/world').positions[0].x - at) > 0.02, 1.0)
