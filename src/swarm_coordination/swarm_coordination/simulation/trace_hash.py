# SPDX-License-Identifier: Apache-2.0
"""
A running hash over everything that leaves a robot: equal runs have equal hashes.

Frames, persist requests, committed entries, events and velocity commands enter it, each with
its time and robot.
"""

from __future__ import annotations

import hashlib
import struct

from swarm_coordination.robot.outputs import RobotOutput

_PREFIX = struct.Struct('>cQHI')
_COMMAND = struct.Struct('>4d')


class Trace:
    """BLAKE2b over the outputs of all robots, in the order they came."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def output(self, robot: int, output: RobotOutput, now: int) -> None:
        """Take everything that robot number ``robot`` handed over at ``now``."""
        for frame in output.frames:
            self._add(b'F', robot, now, frame)
        for request in output.persist:
            self._add(b'P', robot, now, repr(request).encode())
        for entry in output.committed:
            self._add(b'C', robot, now, repr(entry).encode())
        for event in output.events:
            self._add(b'E', robot, now, repr(event).encode())
        if output.command is not None:
            self._add(b'V', robot, now, _COMMAND.pack(*output.command))

    def note(self, now: int, text: str) -> None:
        """Take something that was done to the swarm."""
        self._add(b'N', 0, now, text.encode())

    def hexdigest(self) -> str:
        """Return the hash of everything so far."""
        return self._hash.hexdigest()

    def _add(self, kind: bytes, robot: int, now: int, data: bytes) -> None:
        self._hash.update(_PREFIX.pack(kind, now, robot, len(data)))
        self._hash.update(data)
