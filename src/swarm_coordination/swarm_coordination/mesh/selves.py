# SPDX-License-Identifier: Apache-2.0
"""
What others show under our own storage id: our past, an accusation, or a copy of our disk.

Others refuse whatever is older than what they hold, so a robot whose disk forgot (its
incarnation, and with it its heartbeat, fell) would never be heard again. It sees its own past in
their rows, digests, lists and accusations, and reports it as an accusation: the caller makes a
higher incarnation durable and goes over to it. A stop that it has raised meanwhile is raised anew
at once, under that incarnation: under the lower one others may hold it as lifted.

A copied disk shows the same numbers, but it goes on making them. Certain of that is who sees
something under its own id that was made while it ran and that it did not make: a frame unlike
the one it sent under that number, a row ahead of its own and younger than itself, or an older
number of its own that tells of what it heard just now. From then on nothing ahead raises the
incarnation, or the two copies would drive each other up for ever.
"""

from __future__ import annotations

from swarm_coordination.errors import UsageError
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.events import MeshEvent
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import Accusation, Frame, INCARNATION_MAX
from swarm_coordination.units import NS_PER_S

# Own frames remembered, to tell an echo from a copy: some 20 s at a robot's usual rate.
FRAMES_MAX = 1024
# Islands that parted at different times hold different pasts of ours, but not more than this:
# what is ahead of us once again is a copy, which nobody relays to us, and answers us.
PASTS_MAX = 8
# No queue that we ourselves drain holds a frame for so long.
_QUEUED_MAX_NS = 10 * NS_PER_S
# Nor is the air still full of what we sent before a restart: starting takes longer than this.
_SETTLED_NS = NS_PER_S


class OtherSelves:
    """Judges everything that bears the own storage id; reports by events."""

    def __init__(self, parts: MeshParts, codec: FrameCodec, now: int) -> None:
        self._parts, self._codec = parts, codec
        self._started_ns = self._covered_ns = now  # frames made since then are remembered
        self._frames: dict[tuple[int, int], tuple[bytes, int]] = {}  # -> digest, when
        self._heartbeat = 0  # of our newest beacon
        self._counter = 0  # of our newest frame
        self._told_incarnation = -1
        self._pasts = 0
        self._copied = False

    def sent(self, frame: Frame, heartbeat: int, now: int) -> None:
        """Remember a frame of ours that leaves now."""
        self._heartbeat, self._counter = heartbeat, frame.header.counter
        if len(self._frames) >= FRAMES_MAX:
            _, self._covered_ns = self._frames.pop(next(iter(self._frames)))
        self._frames[frame.header.sender.incarnation, self._counter] = (self._digest(frame), now)

    def heard(self, frame: Frame, now: int) -> None:
        """Judge a frame that names us as its sender."""
        if self._is_foreign(frame, now):
            self._report_copy(now)

    def shown(self, incarnation: int, heartbeat: int, now: int, made_after: int | None) -> None:
        """Judge what somebody holds of us; ``made_after`` bounds when it was made."""
        if not self._ahead(incarnation, heartbeat):
            return
        made_since = made_after is not None and made_after > self._started_ns
        if made_since or self._pasts >= PASTS_MAX:
            self._report_copy(now)
        elif not self._copied:
            text = f'others hold incarnation {incarnation} of us'
            self._pasts += self._go_beyond(incarnation, now, text)
            self._parts.stops.outlive(incarnation + 1)

    def accused(self, accusation: Accusation, accuser: str, now: int) -> None:
        """Judge another robot's suspicion of us."""
        if accusation.incarnation == self._parts.own.identity.incarnation:
            self._go_beyond(accusation.incarnation, now, f'suspected by {accuser}')
        else:
            self.shown(accusation.incarnation, accusation.heartbeat, now, None)

    def _go_beyond(self, incarnation: int, now: int, text: str) -> bool:
        """Report, once for each, an incarnation that we have to exceed."""
        if not self._told_incarnation < incarnation < INCARNATION_MAX:
            return False
        self._told_incarnation = incarnation
        self._report('accused', incarnation, now, text)
        return True

    def _ahead(self, incarnation: int, heartbeat: int) -> bool:
        return (incarnation, heartbeat) > (self._parts.own.identity.incarnation, self._heartbeat)

    def _is_foreign(self, frame: Frame, now: int) -> bool:
        """Whether a frame under our name was made by somebody else while we ran."""
        key = (frame.header.sender.incarnation, frame.header.counter)
        own = self._frames.get(key)
        if own is not None:
            return own[0] != self._digest(frame)
        running = now - self._started_ns
        if key > (self._parts.own.identity.incarnation, self._counter):
            return running > _SETTLED_NS
        return now - self._covered_ns > _QUEUED_MAX_NS and self._echoes_of_late(frame, now)

    def _echoes_of_late(self, frame: Frame, now: int) -> bool:
        """
        Whether a frame lists a heartbeat made since we remember all that we send.

        Without that it may be one of our own, recorded before and sent again by somebody who has
        not even the key: no reason to give up a vote.
        """
        since = now - (now - self._covered_ns) // 2  # half: heartbeats do not come like clockwork
        for part in frame.fragments:
            if part.owner != frame.header.sender or part.beacon is None:
                continue
            for heard in self._parts.unpacked(part.beacon, self._heartbeat)[0].heard:
                row = self._parts.table.get(heard.storage_id)
                if row is None or heard.incarnation != row.identity.incarnation:
                    continue
                behind = max(0, row.heartbeat - heard.heartbeat)
                if row.advance_ns - behind * row.interval_ns >= since:
                    return True
        return False

    def _digest(self, frame: Frame) -> bytes:
        """Return the tag of a frame, which covers all of it; none of another's."""
        try:
            return self._codec.tag(frame)
        except UsageError:  # another configuration, or longer than any frame of ours
            return b''

    def _report_copy(self, now: int) -> None:
        if not self._copied:
            self._copied = True
            incarnation = self._parts.own.identity.incarnation
            self._report('duplicate_storage', incarnation, now, 'somebody else speaks as us')

    def _report(self, kind: str, incarnation: int, now: int, text: str) -> None:
        name, storage_id, _ = self._parts.own.identity
        event = MeshEvent(now, kind, storage_id, name, incarnation, text)
        self._parts.detector.report_event(event)
