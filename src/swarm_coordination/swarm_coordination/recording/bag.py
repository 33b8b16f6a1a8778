# SPDX-License-Identifier: Apache-2.0
"""
A rosbag2 folder: one MCAP file of messages as they came over the wire, and metadata.yaml.

Definitions are those of the installed packages, each with all that it is made of, so that readers
without them (Foxglove) can decode. ``metadata.yaml`` is rosbag2's version 5, which Humble, Jazzy
and Kilted read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
from typing import Any, NamedTuple

from mcap.writer import Writer
from swarm_coordination.errors import ConfigurationError, StorageError
from swarm_coordination.transport.profiles import Profile
import yaml

_RULE = '=' * 80
# A field of another message: package/Type or Type, bounded or not, array or not.
_FIELD = re.compile(r'^\s*([A-Za-z_][\w]*(?:/[A-Za-z_]\w*)?)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w+')
_PLAIN = frozenset((
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32',
    'uint32', 'int64', 'uint64', 'string', 'wstring',
))
_UNBOUNDED = {'sec': 9_223_372_036, 'nsec': 854_775_807}


class Recorded(NamedTuple):
    """A topic of a bag: its type is ``package/msg/Name``."""

    topic: str
    kind: str
    profile: Profile


def full_definition(kind: str, read: Callable[[str], str]) -> str:
    """
    Return a type's definition and those of all types in it, in the form of ``ros2msg``.

    ``read('geometry_msgs/msg/Point')`` gives one definition.
    """
    texts, waiting, seen = [], [kind], {kind}
    while waiting:
        one = waiting.pop(0)
        text = read(one)
        package = one.split('/')[0]
        head = '' if one == kind else f'{_RULE}\nMSG: {package}/{one.split("/")[-1]}\n'
        texts.append(head + text.rstrip() + '\n')
        for line in text.splitlines():
            found = _FIELD.match(line.split('#')[0])
            if found is None or found[1] in _PLAIN:
                continue
            inside, _, name = found[1].rpartition('/')
            full = f'{inside or package}/msg/{name}'
            if full not in seen:
                seen.add(full)
                waiting.append(full)
    return ''.join(texts)


class BagWriter:
    """Writes one bag; times are ROS time in nanoseconds."""

    def __init__(
        self, folder: Path, topics: list[Recorded], read: Callable[[str], str]
    ) -> None:
        """Make the folder, which must not exist; raises ConfigurationError, StorageError."""
        if folder.exists():
            raise ConfigurationError('command line', 'bag', str(folder), 'a new folder')
        try:
            folder.mkdir(parents=True)
            self._file = (folder / f'{folder.name}_0.mcap').open('wb')
        except OSError as error:
            raise StorageError(f'{folder}: {error.strerror}') from error
        self._folder, self._read = folder, read
        self._topics: list[Recorded] = []
        self._writer: Any = Writer(self._file)
        self._writer.start(profile='ros2', library='swarm_coordination')
        self._channels: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._first_ns = self._last_ns = 0
        self._schemas: dict[str, int] = {}
        for one in topics:
            self.join(one)

    def join(self, one: Recorded) -> None:
        """Take a topic in, at any time; raises ConfigurationError without its definition."""
        if one.kind not in self._schemas:
            text = full_definition(one.kind, self._read)
            self._schemas[one.kind] = self._writer.register_schema(
                one.kind, 'ros2msg', text.encode()
            )
        self._channels[one.topic] = self._writer.register_channel(
            one.topic, 'cdr', self._schemas[one.kind],
            {'offered_qos_profiles': offered_qos(one.profile)},
        )
        self._topics.append(one)
        self._counts[one.topic] = 0

    @property
    def messages(self) -> int:
        """Messages written so far."""
        return sum(self._counts.values())

    def add(self, topic: str, data: bytes, now: int) -> None:
        """Add a message, as it came."""
        if not self.messages:
            self._first_ns = now
        self._last_ns = now
        self._counts[topic] += 1
        self._writer.add_message(
            self._channels[topic], log_time=now, publish_time=now, data=data,
            sequence=self._counts[topic],
        )

    def close(self) -> None:
        """Finish the file and write metadata.yaml."""
        self._writer.finish()
        self._file.close()
        (self._folder / 'metadata.yaml').write_text(
            yaml.safe_dump(self._metadata(), sort_keys=False), encoding='utf-8'
        )

    def _metadata(self) -> dict[str, Any]:
        # Texts of their own in each place: written twice, one object would become a YAML alias.
        def times() -> dict[str, Any]:
            return {
                'duration': {'nanoseconds': self._last_ns - self._first_ns},
                'starting_time': {'nanoseconds_since_epoch': self._first_ns},
            }

        name = f'{self._folder.name}_0.mcap'
        topics = [
            {
                'topic_metadata': {
                    'name': one.topic,
                    'type': one.kind,
                    'serialization_format': 'cdr',
                    'offered_qos_profiles': offered_qos(one.profile),
                },
                'message_count': self._counts[one.topic],
            }
            for one in self._topics
        ]
        return {'rosbag2_bagfile_information': {
            'version': 5,
            'storage_identifier': 'mcap',
            **times(),
            'message_count': self.messages,
            'topics_with_message_count': topics,
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [name],
            'files': [{'path': name, **times(), 'message_count': self.messages}],
        }}


def offered_qos(profile: Profile) -> str:
    """Return a profile as rosbag2 writes it, a YAML text of rmw's numbers."""
    deadline = _UNBOUNDED
    if profile.deadline_s is not None:
        seconds, rest = divmod(profile.deadline_s, 1.0)
        deadline = {'sec': int(seconds), 'nsec': round(rest * 1e9)}
    return yaml.safe_dump([{
        'history': 1,
        'depth': profile.depth,
        'reliability': 1 if profile.reliable else 2,
        'durability': 1 if profile.latched else 2,
        'deadline': dict(deadline),
        'lifespan': dict(_UNBOUNDED),
        'liveliness': 1,
        'liveliness_lease_duration': dict(_UNBOUNDED),
        'avoid_ros_namespace_conventions': False,
    }], sort_keys=False)
