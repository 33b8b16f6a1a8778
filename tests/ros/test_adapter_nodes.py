# SPDX-License-Identifier: Apache-2.0
"""
A robot flies through an adapter: robot, adapter and vehicle as processes, makers' messages built.

The messages are stand-ins (``vendor_messages``), the vehicles too (``fake_vehicles``); the robot
and the adapters are those that fly.
"""

import importlib.util
import json
import shutil
import signal
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from ros import vendor_messages
from ros.support import Ground
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool
from swarm_coordination.ros import qos
from swarm_coordination.vehicles.crazyflie import Phase
from swarm_msgs import msg as swarm
from swarm_msgs.srv import ProposeCommand, SetStop

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(400)]
MISSION = {
    'kind': 'start_mission', 'name': 'east', 'speed_mm_s': 600, 'lease_ms': 60_000,
    'formation': {'shape': 'column', 'spacing_mm': 2000}, 'on_loss': 'repack',
}


@pytest.fixture(scope='module')
def surroundings(domain, tmp_path_factory):
    """Build both packages once; give the environment that finds them."""
    if not shutil.which('c++') or importlib.util.find_spec('rosidl_generator_py') is None:
        pytest.skip('a C++ compiler or rosidl_generator_py is missing')
    return vendor_messages.build(tmp_path_factory.mktemp('vendor'), vendor_messages.PACKAGES)


class Flight:
    """A robot with its adapter and vehicle, and who looks on."""

    def __init__(self, run, surroundings, kind, adapter, x_m, y_m, *parameters):
        self.run, self.ended = run, []
        run.environment = surroundings
        source = run.swarm_file(0.0, 'quadrotor')
        text = source.read_text().replace('x_m: 0.0, y_m: 0.0', f'x_m: {x_m}, y_m: {y_m}')
        source.write_text(text)
        storage = run.storage() / 'robot1'
        self.vehicle = run.start('vehicle', '-m', 'ros.fake_vehicles', kind)
        self.adapter = run.start(
            'adapter', '-m', f'swarm_coordination.ros.{adapter}', '--ros-args', '-r',
            '__ns:=/robot1', *parameters)
        self.robot = run.start(
            'robot', '-m', 'swarm_coordination.ros.robot_main', '--ros-args', '-r',
            '__ns:=/robot1', '-p', f'swarm_file:={source}', '-p', f'storage_dir:={storage}')
        ground = self.ground = Ground(run)
        ground.watch(String, '/vehicle', 10)
        ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)
        ground.watch(PoseStamped, '/robot1/pose', qos.STATE)
        self.until(lambda: ground.seen['/robot1/status'] and ground.seen['/vehicle'])
        self.until(lambda: ground.newest('/robot1/status').quorum)
        self.until(lambda: ground.seen['/robot1/pose'])

    def until(self, condition, seconds=60.0):
        """Spin until it holds."""
        processes = [
            one for one in (self.vehicle, self.adapter, self.robot) if one not in self.ended]
        held = self.run.spin(
            lambda: condition() or any(one.poll() is not None for one in processes), seconds)
        logs = [self.run.log(name).read_text()[-2000:] for name in ('vehicle', 'adapter', 'robot')]
        assert held, logs
        assert all(one.poll() is None for one in processes), logs

    @property
    def state(self):
        """Return what the vehicle tells of itself."""
        return json.loads(self.ground.newest('/vehicle').data)

    @property
    def place(self):
        """Return x and y of the robot in map."""
        at = self.ground.newest('/robot1/pose').pose.position
        return at.x, at.y

    def ask(self, kind, name, request):
        """Call a service of the robot."""
        return self.ground.call(self.run, kind, f'/robot1/{name}', request, 60.0)

    def fly_east(self):
        """Send the robot 30 m to the east of where it is."""
        x, y = (round(1000 * value) for value in self.place)
        command = json.dumps({**MISSION, 'path': [[x, y], [x + 30_000, y]]})
        answer = self.ask(ProposeCommand, 'propose', ProposeCommand.Request(command=command))
        assert answer.accepted, answer.message

    def stays(self, seconds=1.0):
        """Return how far the robot moves in a while."""
        before = self.place
        self.run.spin(lambda: False, seconds)
        return max(abs(a - b) for a, b in zip(self.place, before))


def test_px4_is_armed_flown_held_and_left_to_itself(run, surroundings):
    flight = Flight(run, surroundings, 'px4', 'px4_main', 5.0, 10.0)
    flight.ground.watch(BatteryState, '/robot1/battery_state', qos.STATE)
    flight.until(lambda: flight.ground.seen['/robot1/battery_state'])
    assert flight.ground.newest('/robot1/battery_state').percentage == 0.75
    # Its own origin is 5 m east and 10 m north of the shared one.
    assert flight.place == pytest.approx((5.0, 10.0), abs=0.01)
    flight.fly_east()
    run.spin(lambda: False, 1.0)
    assert flight.state['asked'] == []  # nobody said fly
    assert flight.ask(SetBool, 'fly', SetBool.Request(data=True)).success
    flight.until(lambda: flight.state['mode'] == 14 and flight.state['armed'])
    assert flight.state['asked'][0] == 176
    flight.until(lambda: flight.place[0] > 7.0)
    north, east, down = flight.state['told']
    assert east > 0.3
    assert abs(north) < 0.2
    assert abs(down) < 0.2
    assert flight.place[1] == pytest.approx(10.0, abs=0.3)
    # The operator's stop, then none: it stands, in offboard mode, under a heartbeat.
    assert flight.ask(SetStop, 'stop', SetStop.Request(level=1)).accepted
    flight.until(lambda: max(map(abs, flight.state['told'])) < 0.02)
    assert flight.stays() < 0.05
    assert (flight.state['mode'], flight.state['armed']) == (14, True)
    # A controller that is taken down commands no more: silence, and PX4's own action.
    change = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_DEACTIVATE))
    assert flight.ask(ChangeState, 'formation_controller/change_state', change).success
    flight.until(lambda: flight.state['mode'] == 4)
    beats = flight.state['heartbeats']
    run.spin(lambda: False, 1.0)
    assert flight.state['heartbeats'] == beats
    assert flight.stays() == 0.0


def test_px4_lands_by_its_own_mode_where_the_operator_withdraws_fly(run, surroundings):
    flight = Flight(run, surroundings, 'px4', 'px4_main', 5.0, 10.0)
    flight.fly_east()
    assert flight.ask(SetBool, 'fly', SetBool.Request(data=True)).success
    flight.until(lambda: flight.place[0] > 6.0)
    assert flight.ask(SetBool, 'fly', SetBool.Request(data=False)).success
    flight.until(lambda: flight.state['mode'] == 18)
    assert flight.state['asked'].count(21) == 1
    beats = flight.state['heartbeats']
    run.spin(lambda: False, 1.0)
    # The heartbeat goes on, on zero velocity: nothing is asked for, nothing flown.
    assert flight.state['heartbeats'] > beats
    assert flight.state['told'] == [0.0, 0.0, 0.0]
    assert set(flight.state['asked']) == {176, 400, 21}


def diagnosed(flight, part):
    """Return the newest level and message that a part of the robot reported."""
    for array in reversed(flight.ground.seen['/diagnostics']):
        for one in array.status:
            if one.name == f'robot1: {part}':
                return one.level, one.message
    return None, ''


@pytest.fixture
def crazyflie(run, surroundings, request):
    """Give a Crazyflie that flies east by its operator's word."""
    kind = getattr(request, 'param', 'crazyflie')
    flight = Flight(run, surroundings, kind, 'crazyflie_main', 0.0, 0.0)
    flight.ground.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    run.spin(lambda: False, 1.0)
    assert flight.state['setpoints'] == 0  # nobody said fly: Crazyswarm2 may take off
    assert flight.ask(SetBool, 'fly', SetBool.Request(data=True)).success
    flight.fly_east()
    flight.until(lambda: flight.place[0] > 1.0)
    return flight


def test_a_crazyflie_follows_full_states_holds_and_lands_in_order(run, crazyflie):
    flight = crazyflie
    assert flight.state['told'][0] > 0.3
    assert flight.place[1] == pytest.approx(0.0, abs=0.2)
    assert flight.ask(SetStop, 'stop', SetStop.Request(level=1)).accepted
    flight.until(lambda: max(map(abs, flight.state['told'])) < 0.02)
    assert flight.stays() < 0.05
    assert flight.state['asked'] == []
    land = flight.ground.node.create_publisher(Bool, '/robot1/land', qos.DESCRIPTION)
    land.publish(Bool(data=True))
    flight.until(lambda: flight.state['asked'] == ['notify', 'land'])
    sent = flight.state['setpoints']
    began = time.monotonic()
    run.spin(lambda: time.monotonic() > began + 1.0)
    assert flight.state['setpoints'] == sent  # the landing is the firmware's
    assert flight.state['at'][2] == pytest.approx(0.03)
    flight.until(lambda: diagnosed(flight, 'crazyflie') == (DiagnosticStatus.OK, 'landed'))
    answer = flight.ask(SetBool, 'fly', SetBool.Request(data=True))
    assert (answer.success, 'land' in answer.message) == (False, True)


def test_a_crazyflie_whose_controller_dies_is_held_and_landed_by_its_adapter(crazyflie):
    flight = crazyflie
    flight.robot.kill()
    flight.robot.wait()
    flight.ended.append(flight.robot)
    held = (DiagnosticStatus.WARN, Phase.HOLDING.value)
    flight.until(lambda: diagnosed(flight, 'crazyflie') == held)
    flight.until(lambda: flight.state['asked'] == ['notify', 'land'])
    assert flight.state['told'] == [0.0, 0.0, 0.0]


def test_an_adapter_that_is_ended_in_the_air_lands_its_robot(crazyflie):
    flight = crazyflie
    flight.adapter.send_signal(signal.SIGINT)
    assert flight.adapter.wait(30.0) == 0
    flight.ended.append(flight.adapter)
    flight.until(lambda: flight.state['asked'] == ['notify', 'land'])


@pytest.mark.parametrize('crazyflie', ['slow_crazyflie'], indirect=True)
def test_an_adapter_that_is_ended_before_its_requests_are_answered_lands_its_robot(crazyflie):
    flight = crazyflie
    land = flight.ground.node.create_publisher(Bool, '/robot1/land', qos.DESCRIPTION)
    land.publish(Bool(data=True))
    flight.until(lambda: diagnosed(flight, 'crazyflie')[1] == Phase.NOTIFYING.value)
    flight.adapter.send_signal(signal.SIGINT)
    assert flight.adapter.wait(30.0) == 0
    flight.ended.append(flight.adapter)
    flight.until(lambda: flight.state['asked'][-1:] == ['land'])
