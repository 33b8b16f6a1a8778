# SPDX-License-Identifier: Apache-2.0
"""Records what a swarm says into a bag: raw messages of all its topics, as offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import importlib
import os
from pathlib import Path
import sys
import time
from typing import Any

from rclpy.node import Node
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.recorded_topics import of_one_kind, OTHER_KIND, recorded_topics
from swarm_coordination.recording.bag import BagWriter, Recorded
from swarm_coordination.ros import qos
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.messages import messages


def definition(kind: str) -> str:
    """Return the definition of an installed message; raises ConfigurationError."""
    package, _, name = kind.split('/')
    # Where ROS is absent the virtual environment is the prefix.
    paths = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    prefixes = [path for path in paths if path]
    for prefix in prefixes:
        path = Path(prefix) / 'share' / package / 'msg' / f'{name}.msg'
        if path.is_file():
            return path.read_text(encoding='utf-8')
    raise ConfigurationError(
        'environment', 'AMENT_PREFIX_PATH', ':'.join(prefixes), f'with {package}/msg/{name}.msg'
    )


def record(
    folder: Path, robots: Sequence[str], domain: int, done: Callable[[int], bool]
) -> int:
    """
    Record until ``done(messages)`` holds or a signal comes; return how many messages.

    Raises ConfigurationError where the folder exists or a definition is missing.
    """
    # Those of more than one type are joined once somebody publishes them.
    fixed, waiting = of_one_kind(recorded_topics(robots, is_known))
    bag = BagWriter(folder, fixed, definition)
    runner = Runner(domain_id=domain)
    runner.stop_on_signals()
    try:
        node = Node(
            f'recorder_{os.getpid()}', context=runner.context, enable_rosout=False,
            start_parameter_services=False,
        )
        runner.add(node)
        for one in fixed:
            _listen(node, bag, one)
        while not (runner.stopping or done(bag.messages)):
            for one in tuple(waiting):
                if (found := as_published(node, one)) is not None:
                    waiting.remove(one)
                    bag.join(found)
                    _listen(node, bag, found)
            runner.spin_until(time.monotonic() + 0.1)
        for one in waiting:
            bag.join(one)
    finally:
        runner.close()
        runner.restore_signals()
        bag.close()
    return bag.messages


def _listen(node: Any, bag: BagWriter, one: Recorded) -> None:
    def take(data: bytes) -> None:
        bag.add(one.topic, data, time.time_ns())

    node.create_subscription(
        _class_of(one.kind), one.topic, take, qos.of(one.profile), raw=True
    )


def as_published(node: Any, one: Recorded) -> Recorded | None:
    """Return a topic in the type that its publishers have; None: there are none yet."""
    kinds = {end.topic_type for end in node.get_publishers_info_by_topic(one.topic)}
    return next((one._replace(kind=kind) for kind in (OTHER_KIND[one.kind], one.kind)
                 if kind in kinds), None)


def is_known(kind: str) -> bool:
    """Whether messages of ``package/msg/Name`` can be taken here; those of tf may be missing."""
    return not kind.startswith('tf2_msgs/') or messages().TFMessage is not None


def _class_of(kind: str) -> Any:
    package, _, name = kind.split('/')
    return getattr(importlib.import_module(f'{package}.msg'), name)
