# SPDX-License-Identifier: Apache-2.0
"""
The swarm as Prometheus metrics: one table of what is served, read from the newest picture.

The registry asks in its own thread; it gets values only, the picture last handed over. What is
not known (no pose, no slot) has no sample rather than a made-up one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import math
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.station.watch import Picture, RobotSeen

# Those of a robot's nodes, then of its adapter; others' are not served.
PARTS = (
    'coordinator', 'formation_controller', 'mesh', 'consensus', 'controller', 'localisation',
    'frames', 'px4', 'crazyflie', 'battery',
)


class Metric(NamedTuple):
    """One metric of the swarm, or of each robot."""

    name: str
    text: str
    read: Callable[[Any], float]
    counter: bool = False


def _most(picture: Picture, read: Callable[[RobotSeen], float]) -> float:
    return max(map(read, picture.robots), default=math.nan)


def _least(picture: Picture, read: Callable[[RobotSeen], float]) -> float:
    return min(map(read, picture.robots), default=math.nan)


def _rms(errors: Iterable[float]) -> float:
    known = [error for error in errors if not math.isnan(error)]
    return math.sqrt(math.fsum(e * e for e in known) / len(known)) if known else math.nan


def _nearest(picture: Picture) -> float:
    at = [robot.pose[:3] for robot in picture.robots if robot.pose is not None]
    pairs = [math.dist(a, b) for k, a in enumerate(at) for b in at[k + 1:]]
    return min(pairs, default=math.nan)


def _margin(picture: Picture) -> float:
    spans = [
        math.dist(a.pose[:3], b.pose[:3]) for a, b in picture.links()
        if a.pose is not None and b.pose is not None
    ]
    return picture.kept_range_m - max(spans) if spans else math.nan


SWARM: tuple[Metric, ...] = (
    Metric('swarm_robots', 'Robots heard of in the last seconds', lambda p: len(p.robots)),
    Metric('swarm_leaders', 'Robots that lead with a quorum', lambda p: len(p.leaders())),
    Metric('swarm_islands', 'Groups of robots joined by links', lambda p: len(p.islands())),
    Metric('swarm_links', 'Pairs that hear each other', lambda p: len(p.links())),
    Metric('swarm_term', 'Highest term', lambda p: _most(p, lambda r: r.status.term)),
    Metric(
        'swarm_commit_index', 'Highest committed index',
        lambda p: _most(p, lambda r: r.status.commit),
    ),
    Metric(
        'swarm_commit_lag', 'Entries between the first and the last robot',
        lambda p: _most(p, lambda r: r.status.commit) - _least(p, lambda r: r.status.commit),
    ),
    Metric(
        'swarm_formation_error_rms_metres', 'Root mean square distance to the slots',
        lambda p: _rms([r.formation_error_m for r in p.robots]),
    ),
    Metric('swarm_least_distance_metres', 'Least distance of two robots', _nearest),
    Metric(
        'swarm_least_link_margin_metres', 'Least way a live link may still stretch',
        _margin,
    ),
)
ROBOT: tuple[Metric, ...] = (
    Metric('swarm_robot_status_age_seconds', 'Age of the last status', lambda r: r.age_s),
    Metric('swarm_robot_role', '0 follower, 1 pre-candidate, 2 candidate, 3 leader, 4 learner',
           lambda r: r.status.role),
    Metric('swarm_robot_term', 'Current term', lambda r: r.status.term),
    Metric('swarm_robot_quorum', 'Evidence of a leader with a quorum', lambda r: r.status.quorum),
    Metric('swarm_robot_commit_index', 'Committed index', lambda r: r.status.commit),
    Metric('swarm_robot_mode', '0 idle, 1 fly, 2 hold, 3 lease expired, 4 stopped, 5 aborted',
           lambda r: r.status.mode),
    Metric('swarm_robot_slot', 'Slot in the formation; -1: none', lambda r: r.status.slot),
    Metric('swarm_robot_pending_intents', 'Commands accepted and not committed',
           lambda r: r.status.pending_intents),
    Metric('swarm_robot_heard', 'Robots heard directly', lambda r: len(r.heard)),
    Metric('swarm_robot_kept_links', 'Links that its controller keeps', lambda r: len(r.kept)),
    Metric('swarm_robot_formation_error_metres', 'Distance to the slot',
           lambda r: r.formation_error_m),
    Metric('swarm_robot_progress_metres', 'Way along the path', lambda r: r.status.progress_m),
    Metric('swarm_robot_frames_sent', 'Frames sent', lambda r: r.status.frames_sent, True),
    Metric('swarm_robot_frames_received', 'Frames received',
           lambda r: r.status.frames_received, True),
    Metric('swarm_robot_frames_rejected', 'Frames refused',
           lambda r: r.status.frames_rejected, True),
    Metric('swarm_robot_sent_bytes', 'Bytes of frames sent', lambda r: r.status.bytes_sent, True),
)
HEALTH = ('swarm_robot_health', 'Reported by diagnostics: 0 OK, 1 WARN, 2 ERROR, 3 STALE')


def served_names() -> frozenset[str]:
    """Return every name under which samples appear (counters end in ``_total``)."""
    names = [m.name + ('_total' if m.counter else '') for m in (*SWARM, *ROBOT)]
    return frozenset((*names, HEALTH[0]))


class Collector:
    """Gives the newest picture to a registry."""

    def __init__(self) -> None:
        self.picture: Picture | None = None

    def collect(self) -> Iterator[Any]:
        """Yield all metrics."""
        picture = self.picture
        if picture is None:
            return
        for metric in SWARM:
            family: Any = GaugeMetricFamily(metric.name, metric.text)
            _add(family, [], metric.read(picture))
            yield family
        for metric in ROBOT:
            kind: Any = CounterMetricFamily if metric.counter else GaugeMetricFamily
            family = kind(metric.name, metric.text, labels=['robot'])
            for robot in picture.robots:
                _add(family, [robot.name], metric.read(robot))
            yield family
        family = GaugeMetricFamily(*HEALTH, labels=['robot', 'part'])
        for robot in picture.robots:
            for part in PARTS:
                if part in robot.health:
                    _add(family, [robot.name, part], robot.health[part].level)
        yield family


def serve(collector: Collector, port: int, address: str) -> Callable[[], None]:
    """
    Serve ``/metrics`` in a thread; return what ends it.

    Raises ConfigurationError where the address or port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        server, thread = start_http_server(port, address, registry)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            'parameter', 'metrics_port', port, f'free on {address}: {error}'
        ) from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def _add(family: Any, labels: list[str], value: float) -> None:
    if not math.isnan(value):
        family.add_metric(labels, float(value))
