# SPDX-License-Identifier: Apache-2.0
"""The interface of the frame codec that a shell injects (``wire/`` holds the implementation)."""

from __future__ import annotations

from typing import Protocol

from swarm_coordination.mesh.rows import Frame, Identity


class FrameCodec(Protocol):
    """Bytes to frames and back, authenticated by the swarm key."""

    def encode(self, frame: Frame) -> bytes:
        """Return the authenticated bytes of ``frame``; raises UsageError on another swarm's."""
        ...

    def tag(self, frame: Frame) -> bytes:
        """Return what authenticates ``frame``; raises UsageError as ``encode`` does."""
        ...

    def decode(self, data: bytes) -> Frame:
        """Return the frame in ``data``; raises FrameError on anything that is not one."""
        ...

    def measure(self, part: object, sender: Identity | None = None) -> int:
        """Bytes that one part (a fragment, log item, ...) takes in a frame of ``sender``."""
        ...

    def overhead(self, frame: Frame) -> int:
        """Bytes that ``frame`` takes beyond its parts: header, lengths, authentication."""
        ...
