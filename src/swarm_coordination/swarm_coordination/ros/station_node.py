# SPDX-License-Identifier: Apache-2.0
"""
Node ``ground_station``: watches every robot; serves markers for rviz and metrics for Prometheus.

It decides nothing and no robot waits for it. What it shows is rebuilt from what it hears, so it
may be started and ended at any time, in several places at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.live.watching import WatchFeed
from swarm_coordination.ros import qos
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.live_parameters import LiveParameters
from swarm_coordination.ros.options import StationOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.ros.scene_markers import SceneMarkers
from swarm_coordination.station.metrics import Collector, serve
from swarm_coordination.station.scene import scene
from swarm_coordination.station.watch import Health, Picture, SwarmWatch
from swarm_coordination.units import seconds_to_ns
from swarm_msgs import msg as swarm
from visualization_msgs.msg import MarkerArray

SCENE_TOPIC = '/swarm/scene'


class StationNode(Node):
    """The eyes of an operator."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read parameters, listen to every robot of the swarm file; raises ConfigurationError."""
        super().__init__(
            'ground_station',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        self._end_metrics: Callable[[], None] | None = None
        overrides = Overrides(self)
        self._options = overrides.group(StationOptions(), '')
        overrides.done(ignored=OF_ROBOTS)
        LiveParameters(self).add('', self._options, self._take_options)
        found = load_swarm(find_swarm_file(self._options.swarm_file or None))
        control = found.robots[0].settings.control
        self._watch = SwarmWatch(found.names, control.kept_range_m, found.area)
        self._markers = SceneMarkers()
        self._collector = Collector()
        if self._options.metrics_port:
            self._end_metrics = serve(
                self._collector, self._options.metrics_port, self._options.metrics_address
            )
        self._scene = self.create_publisher(MarkerArray, SCENE_TOPIC, qos.MARKERS)
        feed = WatchFeed(self._watch, self._refused)
        for name in found.names:
            self._listen(feed, name)
        self.create_subscription(
            DiagnosticArray, '/diagnostics', self._on_diagnostics, qos.DIAGNOSTICS
        )
        self._next_ns = 0
        runner.at(lambda: self._next_ns, self._show)

    def picture(self) -> Picture:
        """Return the swarm as known now."""
        return self._watch.picture(time.monotonic_ns())

    def _listen(self, feed: WatchFeed, name: str) -> None:
        for kind, topic, take, profile in (
            (swarm.RobotStatus, 'status', feed.status, qos.STATUS),
            (PoseStamped, 'pose', feed.pose, qos.STATE),
            (swarm.FormationTarget, 'target', feed.target, qos.TABLE),
        ):
            self.create_subscription(
                kind, f'/{name}/{topic}', partial(take, name), profile,
                event_callbacks=qos.subscription_events(self, f'/{name}/{topic}'),
            )

    def _take_options(self, options: StationOptions) -> None:
        self._options = options

    def _refused(self, name: str, error: MessageRefused) -> None:
        self.get_logger().error(f'{name}: {error}', throttle_duration_sec=5.0)

    def _on_diagnostics(self, message: Any) -> None:
        now = time.monotonic_ns()
        for status in message.status:
            robot, _, part = status.name.partition(': ')
            values = {value.key: value.value for value in status.values}
            level = int.from_bytes(status.level, 'little')
            self._watch.health(robot, part, Health(level, status.message, values), now)

    def _show(self) -> None:
        self._next_ns = time.monotonic_ns() + seconds_to_ns(self._options.scene_period_s)
        picture = self._collector.picture = self.picture()
        stamp = self.get_clock().now().to_msg()
        self._scene.publish(self._markers.array(scene(picture), stamp))

    def destroy_node(self) -> None:
        """End the metrics' server, then leave."""
        if self._end_metrics is not None:
            self._end_metrics()
            self._end_metrics = None
        super().destroy_node()
