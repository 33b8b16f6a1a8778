# SPDX-License-Identifier: Apache-2.0
"""A frame in the making: parts are added while they fit."""

from __future__ import annotations

from typing import TypeVar

from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.rows import (
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    ITEMS_MAX,
    LogItem,
    SnapshotChunk,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWant,
    StopFlag,
    Want,
)

_Part = TypeVar('_Part')
# Array of three, two of them perhaps empty, and the length of the third.
_SNAPSHOT_PART_BYTES = 6


class Draft:
    """Collects the parts of one frame, never longer than ``limit`` bytes."""

    def __init__(self, codec: FrameCodec, header: FrameHeader, limit: int) -> None:
        self._codec, self._header = codec, header
        self.limit = limit
        self.overhead = self.size = codec.overhead(Frame(header))
        self.missing = 0  # bytes that it would need to have for the first part refused
        self.fragments: list[Fragment] = []
        self.stops: list[StopFlag] = []
        self.items: list[LogItem] = []
        self.digests: list[Digest] = []
        self.want: Want | None = None
        self.snapshot: SnapshotPart | None = None
        self.refused_snapshot = False  # a part about snapshots did not fit

    def add_fragment(self, part: Fragment) -> bool:
        """Add a fragment where it fits; return whether it did."""
        return self._add(self.fragments, part)

    def add_stop(self, part: StopFlag) -> bool:
        """Add a stop flag where it fits; return whether it did."""
        return self._add(self.stops, part)

    def add_item(self, part: LogItem) -> bool:
        """Add a log item where it fits; return whether it did."""
        return self._add(self.items, part)

    def add_digest(self, part: Digest) -> bool:
        """Add a digest where it fits; return whether it did."""
        return self._add(self.digests, part)

    def set_want(self, want: Want | None) -> None:
        """State what is wanted, where it fits."""
        size = self._codec.measure(want) if want is not None else 0
        if want is not None and self.size + size <= self.limit:
            self.size += size
            self.want = want

    def cost(self, part: SnapshotChunk | SnapshotOffer | SnapshotWant) -> int:
        """Bytes by which a part about snapshots would make the frame longer."""
        return self._codec.measure(part) + (0 if self.snapshot else _SNAPSHOT_PART_BYTES)

    def add_chunk(self, chunk: SnapshotChunk) -> bool:
        """Add a chunk of a snapshot where it fits; return whether it did."""
        part = self.snapshot or SnapshotPart()
        if len(part.chunks) >= ITEMS_MAX:
            return False
        return self._set_snapshot(chunk, part._replace(chunks=(*part.chunks, chunk)))

    def set_offer(self, offer: SnapshotOffer) -> bool:
        """Offer a snapshot where that fits; return whether it did."""
        return self._set_snapshot(
            offer, (self.snapshot or SnapshotPart())._replace(offer=offer)
        )

    def set_snapshot_want(self, want: SnapshotWant) -> bool:
        """Ask for chunks where that fits; return whether it did."""
        return self._set_snapshot(want, (self.snapshot or SnapshotPart())._replace(want=want))

    def _set_snapshot(
        self, part: SnapshotChunk | SnapshotOffer | SnapshotWant, whole: SnapshotPart
    ) -> bool:
        size = self.cost(part)
        if self.size + size > self.limit:
            self.refused_snapshot = True
            return False
        self.size += size
        self.snapshot = whole
        return True

    @property
    def empty(self) -> bool:
        """Whether it says anything."""
        return not (
            self.fragments or self.stops or self.items or self.digests or self.snapshot
        )

    def frame(self) -> Frame:
        """Return the finished frame."""
        return Frame(
            self._header,
            tuple(self.fragments),
            tuple(self.stops),
            tuple(self.items),
            tuple(self.digests),
            self.want,
            self.snapshot,
        )

    def _add(self, parts: list[_Part], part: _Part) -> bool:
        size = self._codec.measure(part, self._header.sender)
        if len(parts) >= ITEMS_MAX or self.size + size > self.limit:
            self.missing = self.missing or self.size + size
            return False
        parts.append(part)
        self.size += size
        return True
