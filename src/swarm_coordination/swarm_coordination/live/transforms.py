# SPDX-License-Identifier: Apache-2.0
"""The tf topics without tf2_ros: whether there are messages for them, and transforms in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.bus import Bus
from swarm_coordination.transport import profiles

TF, TF_STATIC = '/tf', '/tf_static'


def available(bus: Bus) -> bool:
    """Whether there are messages for transforms."""
    return bus.types.TFMessage is not None


def require(bus: Bus) -> None:
    """Raise ConfigurationError where there are none."""
    if not available(bus):
        raise ConfigurationError(
            'environment', 'tf2_msgs', None, 'importable: run `make setup`, or source ROS 2'
        )


def listen(bus: Bus, take: Callable[[Any], None]) -> None:
    """Have ``take`` called with the list of transforms of every message on both topics."""
    for topic, profile in ((TF, profiles.TF), (TF_STATIC, profiles.TF_STATIC)):
        bus.subscribe(bus.types.TFMessage, topic, profile, lambda got: take(got.transforms))
