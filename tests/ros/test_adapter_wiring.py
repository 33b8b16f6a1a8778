# SPDX-License-Identifier: Apache-2.0
"""The adapters' nodes fly in virtual time: topics, QoS and requests are those of the makers."""

from pathlib import Path
import time
from types import SimpleNamespace

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Twist
from live.processes import children, gone, wait_for
import pytest
from rclpy.qos import ReliabilityPolicy
from ros.support import Ground
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from std_srvs.srv import SetBool
from swarm_coordination.ros import adapter, crazyflie_node, px4_node, qos
from swarm_coordination.ros.clock import ClockWentBack
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles.crazyflie import PERIOD_NS
from swarm_coordination.vehicles.offboard import HEARTBEAT_NS
from swarm_coordination.views import Pose

pytestmark = pytest.mark.ros


def kinds(*names):
    """Return stand-ins for a maker's messages, which hold what they are given."""
    return {name: type(name, (SimpleNamespace,), {}) for name in names}


PX4 = kinds('OffboardControlMode', 'TrajectorySetpoint', 'VehicleCommand', 'VehicleLocalPosition',
            'VehicleStatus', 'BatteryStatus')


class FullState(SimpleNamespace):
    """Crazyswarm2's full state, with its nested parts."""

    def __init__(self):
        super().__init__(header=SimpleNamespace(), pose=SimpleNamespace(), twist=SimpleNamespace())


CRAZYFLIE = {
    'FullState': FullState,
    **{name: SimpleNamespace(Request=type(name, (SimpleNamespace,), {}))
       for name in ('NotifySetpointsStop', 'Land')}}


class Ends:
    """Mixed into an adapter: what it sends under its maker's names is kept, on a clock of ours."""

    def __init__(self, runner):
        self.sent, self.heard, self.asked, self.now = {}, {}, [], NS_PER_S
        super().__init__(runner)
        self.core_clock = SimpleNamespace(now=lambda: self.now, stamp=Time)

    def create_publisher(self, kind, topic, profile, **more):
        """Keep what goes to the maker."""
        if kind not in (*PX4.values(), FullState):
            return super().create_publisher(kind, topic, profile, **more)
        sent = self.sent[topic] = []
        return SimpleNamespace(publish=sent.append)

    def create_subscription(self, kind, topic, take, profile, **more):
        """Keep who listens to the maker."""
        if kind not in PX4.values():
            return super().create_subscription(kind, topic, take, profile, **more)
        self.heard[topic] = (take, profile)
        return None

    def create_client(self, kind, name, **more):
        """Answer every request at once."""
        def call(request):
            self.asked.append((name, request))
            done = SimpleNamespace(cancelled=lambda: False, exception=lambda: None)
            return SimpleNamespace(add_done_callback=lambda callback: callback(done))

        return SimpleNamespace(service_is_ready=lambda: True, call_async=call)

    def say_fly(self, data):
        """Give or withdraw an operator's word; return the answer."""
        return self._on_fly(SetBool.Request(data=data), SetBool.Response())


class Px4(Ends, px4_node.Px4Node):
    """One vehicle under PX4 1.16, and its autopilot."""

    def run(self, seconds):
        """Let time pass, 10 m over the ground, the robot being sent east."""
        for _ in range(round(seconds * NS_PER_S / HEARTBEAT_NS)):
            self.now += HEARTBEAT_NS
            requests = [one.command for one in self.sent['/fmu/in/vehicle_command']]
            landing, offboard = 21 in requests, 176 in requests
            self.hear('vehicle_status_v1', nav_state=18 if landing else 14 if offboard else 4,
                      ARMING_STATE_ARMED=2, arming_state=2 if 400 in requests else 1)
            self.hear('vehicle_local_position_v1', xy_valid=True, z_valid=True, xy_global=True,
                      heading_good_for_control=True, x=0.0, y=0.0, z=-10.0, vx=0.0, vy=0.0,
                      vz=0.0, heading=1.5707963267948966, ref_lat=47.0, ref_lon=8.0, ref_alt=0.0)
            twist = Twist()
            twist.linear.x = 1.0
            self._on_command(twist)
            self.act(self.now)

    def hear(self, topic, **fields):
        """Hand a message of PX4's over."""
        self.heard[f'/fmu/out/{topic}'][0](SimpleNamespace(**fields))


def test_a_px4_node_flies_by_topics_that_carry_their_version_and_lands(run, monkeypatch):
    monkeypatch.setattr(px4_node, 'load', lambda *_: SimpleNamespace(**PX4))
    node = Px4(run.runner('robot1', origin_latitude_deg=47.0, origin_longitude_deg=8.0))
    try:
        assert set(node.heard) == {'/fmu/out/vehicle_local_position_v1',
                                   '/fmu/out/vehicle_status_v1', '/fmu/out/battery_status'}
        # PX4's bridge offers best effort: who asks for more hears nothing.
        assert all(profile.reliability is ReliabilityPolicy.BEST_EFFORT
                   for _, profile in node.heard.values())
        assert not node.say_fly(True).success  # nothing was heard of the vehicle
        node.run(1.5)
        still = [one.velocity for one in node.sent['/fmu/in/trajectory_setpoint']]
        assert {tuple(map(abs, velocity)) for velocity in still} == {(0.0, 0.0, 0.0)}
        assert node.sent['/fmu/in/vehicle_command'] == []
        assert node.say_fly(True).success
        node.run(1.0)
        first, second = node.sent['/fmu/in/vehicle_command']
        assert (first.command, first.param1, first.param2) == (176, 1.0, 6.0)
        assert (second.command, second.param1) == (400, 1.0)
        assert node.sent['/fmu/in/trajectory_setpoint'][-1].velocity[:2] == (
            pytest.approx([0.0, 1.0]))  # north, east
        beats = node.sent['/fmu/in/offboard_control_mode']
        assert len(beats) == 50
        assert all(beat.velocity for beat in beats)
        assert node.say_fly(False).success
        node.run(1.0)
        assert [one.command for one in node.sent['/fmu/in/vehicle_command']] == [176, 400, 21]
    finally:
        node.destroy_node()


class Crazyflie(Ends, crazyflie_node.CrazyflieNode):
    """One Crazyflie at Crazyswarm2, a metre over the ground."""

    def run(self, seconds):
        """Let time pass, the robot being sent east."""
        for _ in range(round(seconds * NS_PER_S / PERIOD_NS)):
            self.now += PERIOD_NS
            pose = PoseStamped()
            pose.header.frame_id, pose.pose.position.z = 'map', 1.0
            self._on_pose(pose)
            twist = Twist()
            twist.linear.x = 0.5
            self._on_command(twist)
            self.act(self.now)


def test_a_crazyflie_node_sends_full_states_ends_them_and_lands(run, monkeypatch):
    monkeypatch.setattr(crazyflie_node, 'load', lambda *_: SimpleNamespace(**CRAZYFLIE))
    node = Crazyflie(run.runner('robot1'))
    try:
        states = node.sent['/robot1/cmd_full_state']
        node.run(1.0)
        assert states == []  # they would pre-empt Crazyswarm2's take-off
        assert node.say_fly(True).success
        node.run(1.0)
        assert states[-1].header.frame_id == 'map'
        assert states[-1].twist.linear.x == 0.5
        assert states[-1].pose.position.z == pytest.approx(1.0)
        sent = len(states)
        node._on_land(Bool(data=True))
        node.run(1.0)
        assert [name for name, _ in node.asked] == [
            '/robot1/notify_setpoints_stop', '/robot1/land']
        assert (node.asked[1][1].height, node.asked[1][1].duration.sec) == (0.03, 3)
        assert len(states) == sent
        assert not node.say_fly(True).success
    finally:
        node.destroy_node()


def gone_back():
    """Raise what a clock does that was set back."""
    raise ClockWentBack('simulated time went from 9 ns back to 1 ns')


MET_BY = {
    'cmd_vel': (Twist, qos.COMMAND), 'land': (Bool, qos.DESCRIPTION),
    'battery_state': (BatteryState, qos.STATE), 'fly': None, 'its deadline': None,
    'its maker': None, 'its health': None,
}


@pytest.mark.parametrize('kind', ['px4', 'crazyflie'])
@pytest.mark.parametrize('met_by', MET_BY)
def test_time_that_goes_back_ends_an_adapter_well_wherever_it_is_met(
    run, monkeypatch, capfd, kind, met_by
):
    module, vendor = (px4_node, PX4) if kind == 'px4' else (crazyflie_node, CRAZYFLIE)
    monkeypatch.setattr(module, 'load', lambda *_: SimpleNamespace(**vendor))
    if met_by != 'its health':  # which would be asked for before anything else
        monkeypatch.setattr(adapter, 'Diagnosing', lambda *_: None)
    runner = run.runner('robot1')
    node = (Px4 if kind == 'px4' else Crazyflie)(runner)
    runner.add(node)
    ground = Ground(run)
    node.pose = (Pose(0.0, 0.0, 1.0, 0.0), NS_PER_S)  # without one no command is looked at
    never = time.monotonic_ns() + 3600 * NS_PER_S
    due = 0 if met_by == 'its deadline' else never
    node.core_clock = SimpleNamespace(now=gone_back, stamp=Time, due_ns=lambda _: due)
    if met_by == 'fly':
        answer = ground.call(run, SetBool, '/robot1/fly', SetBool.Request(data=True))
        assert not answer.success
        assert answer.message == 'fly: this adapter is on its way down'
    elif met_by == 'its maker' and kind == 'px4':
        node.hear('vehicle_status_v1', nav_state=4, ARMING_STATE_ARMED=2, arming_state=1)
    elif met_by == 'its maker':
        node._request(crazyflie_node.Ask.LAND)  # answered at once
    elif MET_BY[met_by] is not None:
        told, profile = MET_BY[met_by]
        publisher = ground.node.create_publisher(told, f'/robot1/{met_by}', profile)
        message = BatteryState(percentage=0.5) if told is BatteryState else told()
        runner.at(lambda: 0, lambda: publisher.publish(message))
    with pytest.raises(ClockWentBack):  # which ends the process with a line of it, and status 1
        assert run.spin(lambda: runner.stopping)
        runner.run()
    assert 'Traceback' not in ''.join(capfd.readouterr())


PARENT = """
import os, subprocess, sys, time
from swarm_coordination.live.lifetime import bound_to_this_process
path = os.pathsep.join([sys.argv[2], os.environ.get('PYTHONPATH', '')])
os.environ['PYTHONPATH'] = path.rstrip(os.pathsep)
subprocess.Popen([sys.executable, '-m', 'ros.landing_adapter', sys.argv[1]],
                 env=bound_to_this_process(os.environ))
time.sleep(300)
"""


def test_a_launch_that_is_killed_lands_the_crazyflies_that_it_flew(run):
    file = run.folder / 'asked'
    launch = run.start('launch', '-c', PARENT, file, Path(__file__).parent.parent)
    assert wait_for(lambda: file.exists() and file.read_text() == 'flies\n', 60.0), (
        run.log('launch').read_text())
    run.left = children(launch.pid)
    launch.kill()
    assert wait_for(lambda: gone(run.left), 30.0)
    assert file.read_text().split() == ['flies', 'NOTIFY_SETPOINTS_STOP', 'LAND']
