# SPDX-License-Identifier: Apache-2.0
"""A pose is as old as its stamp says by the ROS clock, however late it is read."""

import math
from types import SimpleNamespace

from nav_msgs.msg import Odometry
import pytest
from rclpy.time import Time
from ros.support import MAKE
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.live.localisation import Localisation
from swarm_coordination.live.quiet import PERIOD_NS
from swarm_coordination.live.stamps import AHEAD_MAX_NS
from swarm_coordination.ros import clock as clock_module
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.messages import messages
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import Pose

pytestmark = pytest.mark.ros
# Far apart, as the clocks of a host are: seconds since it started, seconds since 1970.
STEADY_NS = 5_000 * NS_PER_S
ROS_NS = 1_700_000_000 * NS_PER_S
HERE = Pose(1.0, 2.0, 0.0, math.pi / 2)


class Bench:
    """A ``Localisation`` without DDS, on clocks that are set by hand."""

    def __init__(self, monkeypatch):
        self.waited_ns = 0
        self.ros_step_ns = 0
        self.got, self.said = [], []
        monkeypatch.setattr(
            clock_module.time, 'monotonic_ns', lambda: STEADY_NS + self.waited_ns
        )
        ros = SimpleNamespace(now=self.ros_time)
        node = SimpleNamespace(
            get_clock=lambda: ros, get_parameter=lambda name: SimpleNamespace(value=False)
        )
        bus = SimpleNamespace(
            clock=CoreClock(node), types=messages(), subscribe=lambda *_: None,
            say=lambda text, level: self.said.append(text),
        )
        self.reader = Localisation(bus, 'robot1', lambda *taken: self.got.append(taken))

    def ros_time(self):
        """Return ROS time now."""
        return Time(nanoseconds=ROS_NS + self.waited_ns + self.ros_step_ns)

    def stamp(self, age_ns):
        """Return the stamp of something ``age_ns`` old."""
        return Time(nanoseconds=self.ros_time().nanoseconds - age_ns).to_msg()

    def pose(self, stamp):
        """Hand over a pose."""
        self.reader._take_pose(MAKE.pose_to(HERE, stamp))

    def age_ns(self):
        """Age of the newest pose handed on, by the core's clock."""
        return STEADY_NS + self.waited_ns - self.got[-1][2]


@pytest.fixture
def bench(monkeypatch):
    """Give a ``Bench``."""
    return Bench(monkeypatch)


def test_a_pose_is_handed_on_with_the_time_of_its_stamp(bench):
    bench.pose(bench.stamp(30 * NS_PER_MS))
    assert bench.age_ns() == 30 * NS_PER_MS
    assert bench.reader.pose == pytest.approx(HERE)


def test_a_robot_does_not_fly_by_a_pose_with_an_old_stamp(bench):
    bench.pose(bench.stamp(10 * NS_PER_S))
    pose, velocity, time_ns = bench.got[-1]
    controller = FormationController(1, ControlSettings())
    assert controller.observe(pose, velocity, time_ns)
    assert 'pose_stale' in controller.update(STEADY_NS).reasons


def test_a_pose_that_waited_while_the_process_was_paused_is_old(bench):
    waiting = bench.stamp(5 * NS_PER_MS)
    bench.waited_ns = 2 * NS_PER_S
    bench.pose(waiting)
    assert bench.age_ns() == 2 * NS_PER_S + 5 * NS_PER_MS


def test_a_stamp_of_zero_counts_from_receipt(bench):
    bench.pose(Time().to_msg())
    assert bench.age_ns() == 0


def test_a_stamp_within_the_tolerance_ahead_counts_as_now(bench):
    bench.pose(bench.stamp(-AHEAD_MAX_NS))
    assert bench.age_ns() == 0


def test_a_stamp_from_the_future_is_refused_counted_and_said_now_and_then(bench):
    for _ in range(3):
        bench.pose(bench.stamp(-AHEAD_MAX_NS - NS_PER_MS))
    assert bench.got == []
    assert bench.reader.refused == {'from_the_future': 3}
    assert bench.reader.pose is None
    assert len(bench.said) == 1
    assert '0.101 s ahead' in bench.said[0]
    bench.waited_ns = PERIOD_NS
    bench.pose(bench.stamp(-AHEAD_MAX_NS - NS_PER_MS))
    assert len(bench.said) == 2


def test_a_pose_older_than_the_newest_is_dropped(bench):
    bench.pose(bench.stamp(10 * NS_PER_MS))
    bench.pose(bench.stamp(50 * NS_PER_MS))
    assert len(bench.got) == 1
    assert bench.reader.refused == {'late': 1}


def test_a_clock_of_the_host_that_is_set_back_leaves_ages_as_they_are(bench):
    bench.pose(bench.stamp(10 * NS_PER_MS))
    bench.ros_step_ns = -3600 * NS_PER_S
    bench.waited_ns = 20 * NS_PER_MS
    bench.pose(bench.stamp(10 * NS_PER_MS))
    assert len(bench.got) == 2
    assert bench.age_ns() == 10 * NS_PER_MS


@pytest.mark.parametrize(('age_ms', 'north_mps'), [(5, 1.0), (400, 0.0)])
def test_a_velocity_much_older_than_the_pose_is_not_used(bench, age_ms, north_mps):
    stamp = bench.stamp(age_ms * NS_PER_MS)
    odometry = MAKE.odometry_to(HERE, (0.0, 1.0, 0.0), 'robot1', stamp)
    bench.reader._take_odometry(odometry)
    bench.pose(bench.stamp(0))
    assert bench.got[-1][1] == pytest.approx((0.0, north_mps, 0.0))


def test_odometry_from_the_future_is_refused(bench):
    message = Odometry()
    message.child_frame_id = 'base_link'
    message.header.stamp = bench.stamp(-NS_PER_S)
    bench.reader._take_odometry(message)
    assert bench.reader.refused == {'from_the_future': 1}


def test_a_refusal_is_told_for_a_second(bench):
    bench.pose(bench.stamp(-NS_PER_S))
    now = STEADY_NS + bench.waited_ns
    assert 'from_the_future' in bench.reader.fresh_refusal(now)
    assert 'from_the_future' in bench.reader.fresh_refusal(now + NS_PER_S)
    assert bench.reader.fresh_refusal(now + NS_PER_S + 1) == ''
