# SPDX-License-Identifier: Apache-2.0
"""
What ros_gz_bridge says and hears of a Gazebo with a swarm in it, without Gazebo.

The models do what Gazebo's systems do: they keep a velocity until the next one comes. Where they
are, what their odometry says and the clock go over the topics of the bridge's own configuration.
"""

import math
import time

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile
from ros.support import MAKE
from rosgraph_msgs.msg import Clock
from swarm_coordination.gazebo.bridge import bridged
from swarm_coordination.live.frames import base_frame, odom_frame
from swarm_coordination.views import Pose

STEP_S, SHOWN_EVERY = 0.01, 5


class Models:
    """Gazebo with the models of ``robots``; it steps when ``run`` spins."""

    def __init__(self, run, robots, factor=1.0):
        runner = run.runner()
        self.node = Node('models', context=runner.context)
        runner.add(self.node)
        self.poses = {robot.name: robot.start for robot in robots}
        self.told = {name: Twist() for name in self.poses}
        self.frames = dict.fromkeys(self.poses, 'map')  # of the truth
        self.odometry = {name: odom_frame(name) for name in self.poses}  # its frame
        self.bases = {name: base_frame(name) for name in self.poses}
        self.starts = {r.name: r.start for r in robots if r.kind == 'differential'}
        self.slip_m = 0.0  # of wheels, along x of their odometry
        self.spawned = set(self.poses)
        self.steps, self._begun = 0, 0
        self._factor, self._due_ns = factor, 0
        self._topics = {one.gz_topic_name: one.ros_topic_name for one in bridged(list(self.poses))}
        self._clock = self._publisher(Clock, '/clock')
        self._out = {}
        for name in self.poses:
            for last in ('truth', 'odometry'):
                self._out[name, last] = self._publisher(Odometry, f'/model/{name}/{last}')
            self.node.create_subscription(
                Twist, self._topics[f'/model/{name}/cmd_vel'],
                lambda told, name=name: self.told.update({name: told}), QoSProfile(depth=10))
        runner.at(lambda: self._due_ns, self._step)

    def _publisher(self, kind, gz_topic):
        return self.node.create_publisher(kind, self._topics[gz_topic], QoSProfile(depth=10))

    def _step(self):
        # A busy host makes the world slow, never jumpy.
        self._due_ns = time.monotonic_ns() + int(1e9 * STEP_S / self._factor)
        self.steps += 1
        for name, told in self.told.items():
            at = self.poses[name]
            cosine, sine = math.cos(at.yaw), math.sin(at.yaw)
            self.poses[name] = Pose(
                at.x + STEP_S * (cosine * told.linear.x - sine * told.linear.y),
                at.y + STEP_S * (sine * told.linear.x + cosine * told.linear.y),
                at.z + STEP_S * told.linear.z, at.yaw + STEP_S * told.angular.z)
        clock = Clock()
        milliseconds = 10 * (self.steps - self._begun)
        clock.clock.sec, clock.clock.nanosec = milliseconds // 1000, milliseconds % 1000 * 10**6
        self._clock.publish(clock)
        if self.steps % SHOWN_EVERY == 0:
            for name in sorted(self.spawned):
                self._show(name, clock.clock)

    def reset(self):
        """Let the world begin anew, its clock at 0, everybody where they are."""
        self._begun = self.steps

    def _show(self, name, stamp):
        at, told = self.poses[name], self.told[name]
        for last, frame in (('truth', self.frames[name]), ('odometry', self.odometry[name])):
            message = Odometry(child_frame_id=self.bases[name])
            message.header.frame_id, message.header.stamp = frame, stamp
            if last == 'odometry' and name in self.starts:
                at = self._counted(name)
            place = message.pose.pose.position
            place.x, place.y, place.z = at.x, at.y, at.z
            message.pose.pose.orientation = MAKE.yaw_to_quaternion(at.yaw)
            message.twist.twist = told
            self._out[name, last].publish(message)

    def _counted(self, name):
        """Return the pose since the start, as wheels count it."""
        at, start = self.poses[name], self.starts[name]
        dx, dy = at.x - start.x, at.y - start.y
        cosine, sine = math.cos(start.yaw), math.sin(start.yaw)
        return Pose(
            cosine * dx + sine * dy + self.slip_m, -sine * dx + cosine * dy, 0.0,
            at.yaw - start.yaw)
