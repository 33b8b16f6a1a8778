# SPDX-License-Identifier: Apache-2.0
"""
Every QoS profile of the stack, each with its reason, and the log line for one that cannot match.

A deadline is only ever offered, never requested: a request matches no publisher that offers
none (a plain ``ros2 topic pub``, a bag). Staleness is a watchdog of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

# Frames that may wait while the executor is busy: each of 63 others (the table's bound) sends 20
# beacons a second, so this is 0.2 s of all of them; older ones would be discarded anyway after a
# tick gap of 0.3 s.
FRAME_DEPTH = 256
# One robot's log between two starts of an observer: more than a demo commits, 0.5 MB at most.
LOG_DEPTH = 1000
EVENT_DEPTH = 200


def _profile(
    depth: int,
    *,
    reliable: bool = False,
    latched: bool = False,
    deadline_s: float | None = None,
) -> QoSProfile:
    profile = QoSProfile(
        depth=depth,
        history=HistoryPolicy.KEEP_LAST,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
    if deadline_s is not None:
        profile.deadline = Duration(seconds=deadline_s)
    return profile


# Pose, odometry: only the newest counts, and resending an old one would delay it.
STATE = _profile(1)
# The same as offered by our own world: 50 Hz with room for a slow host.
STATE_OFFERED = _profile(1, deadline_s=0.5)
# Between the two nodes of a robot: a level, repeated 20 times a second.
TABLE = _profile(1)
TABLE_OFFERED = _profile(1, deadline_s=0.5)
# The air: a lost frame is lost; the mesh repeats what matters.
MESH = _profile(FRAME_DEPTH)
# Velocity set-points: reliable, as bases (Nav2, ros2_control) subscribe either way; only the
# newest is of use.
COMMAND = _profile(1, reliable=True)
# Status: a level as well, but one sample waits for an observer that was busy.
STATUS = _profile(5)
STATUS_OFFERED = _profile(5, deadline_s=2.0)
# Committed entries: each exactly once, in order, and a late joiner gets those before it.
LOG = _profile(LOG_DEPTH, reliable=True, latched=True)
# Events: the same for what people should not miss.
EVENTS = _profile(EVENT_DEPTH, reliable=True, latched=True)
# rviz asks for reliable markers; a late rviz gets the newest.
MARKERS = _profile(1, reliable=True, latched=True)
# The convention of diagnostic_aggregator.
DIAGNOSTICS = _profile(10, reliable=True)
# Simulated radio and ground truth: levels at a fixed rate.
RADIO = _profile(1)
WORLD = _profile(10)


def publisher_events(node: Any, topic: str) -> PublisherEventCallbacks:
    """Return event callbacks that log subscriptions that cannot match ``topic``."""
    return PublisherEventCallbacks(
        incompatible_qos=_warn(node, topic, 'a subscription'), use_default_callbacks=False
    )


def subscription_events(node: Any, topic: str) -> SubscriptionEventCallbacks:
    """Return event callbacks that log publishers that cannot match ``topic``."""
    return SubscriptionEventCallbacks(
        incompatible_qos=_warn(node, topic, 'a publisher'), use_default_callbacks=False
    )


def _warn(node: Any, topic: str, peer: str) -> Callable[[Any], None]:
    def warn(event: Any) -> None:
        node.get_logger().warning(
            f'{topic}: {peer} asks for QoS that does not match ours (policy '
            f'{event.last_policy_kind}, {event.total_count} so far): no data flows to or from it'
        )

    return warn
