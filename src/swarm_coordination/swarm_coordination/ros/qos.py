# SPDX-License-Identifier: Apache-2.0
"""
The profiles of ``transport.profiles`` as rclpy's, and the log line for one that cannot match.

What each is for, and why, stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from swarm_coordination.transport import profiles

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks


def of(profile: profiles.Profile) -> QoSProfile:
    """Return ``profile`` in rclpy's form."""
    found = QoSProfile(
        depth=profile.depth,
        history=HistoryPolicy.KEEP_LAST,
        reliability=(
            ReliabilityPolicy.RELIABLE if profile.reliable else ReliabilityPolicy.BEST_EFFORT
        ),
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL if profile.latched else DurabilityPolicy.VOLATILE
        ),
    )
    if profile.deadline_s is not None:
        found.deadline = Duration(seconds=profile.deadline_s)
    return found


STATE = of(profiles.STATE)
STATE_OFFERED = of(profiles.STATE_OFFERED)
TABLE = of(profiles.TABLE)
TABLE_OFFERED = of(profiles.TABLE_OFFERED)
MESH = of(profiles.MESH)
COMMAND = of(profiles.COMMAND)
STATUS = of(profiles.STATUS)
STATUS_OFFERED = of(profiles.STATUS_OFFERED)
LOG = of(profiles.LOG)
EVENTS = of(profiles.EVENTS)
MARKERS = of(profiles.MARKERS)
DIAGNOSTICS = of(profiles.DIAGNOSTICS)
RADIO = of(profiles.RADIO)
WORLD = of(profiles.WORLD)
TF = of(profiles.TF)
TF_STATIC = of(profiles.TF_STATIC)
DESCRIPTION = of(profiles.DESCRIPTION)


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
