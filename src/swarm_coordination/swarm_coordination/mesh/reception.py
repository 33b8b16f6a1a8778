# SPDX-License-Identifier: Apache-2.0
"""
Reception: whether a frame may be believed, and by how much.

A frame is judged in this order, the cheapest and most certain first:

1. own echo: dropped (one that we did not send means a copied disk: ``selves.py``);
2. safety stops are taken whatever else is wrong with the frame: they can only rise;
3. a tick gap: the frame may have been queued while this process slept, so it is dropped; until a
   sender has echoed a heartbeat made after the gap it is not believed, and after the link
   time-out, when no queue can be left, everybody is. What is not believed is still echoed;
4. incarnation older than the row's, or frame counter seen before: dropped;
5. another configuration: only its beacon is taken, for avoidance;
6. the rest, part by part (``merge.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
import random

from swarm_coordination.mesh.ages import later
from swarm_coordination.mesh.compose import Composer
from swarm_coordination.mesh.echoes import Unpacked
from swarm_coordination.mesh.events import MergeResult, MeshEvent
from swarm_coordination.mesh.merge import Merger
from swarm_coordination.mesh.names import losers_of_names
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import Beacon, Fragment, Frame, Identity, StopFlag
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Row
from swarm_coordination.units import ns_to_seconds, seconds_to_ns

# A fragment of the sender's own, its beacon with the list written out, what matters of the list.
_OwnPart = tuple[Fragment, Beacon | None, Unpacked | None]


class Reception:
    """
    Judges frames and hands their parts on.

    Attributes
    ----------
    last_tick_ns : when ``tick`` was called last.
    received : frames and bytes so far.
    rejections : frames refused so far, by reason, of which there are five.

    """

    def __init__(
        self,
        settings: MeshSettings,
        config_hash: int,
        parts: MeshParts,
        composer: Composer,
        rng: random.Random,
        now: int,
    ) -> None:
        self._parts, self._composer, self._rng = parts, composer, rng
        self._config_hash = config_hash
        self._merger = Merger(
            parts, composer.silent, composer.selves, rng, composer.urge, self._admit,
            seconds_to_ns(settings.proof_age_max_s),
        )
        self._beacon_ns = seconds_to_ns(settings.beacon_period_s)
        self._gap_ns = seconds_to_ns(settings.tick_gap_max_s)
        self._link_ns = seconds_to_ns(settings.link_timeout_s)
        self._roster: frozenset[int] = frozenset()
        self.last_tick_ns = now
        self.received = [0, 0]
        self.rejections: dict[str, int] = {}
        self._regaining_since: int | None = None
        self._named_rows: tuple[Row, ...] | None = None
        self._said_own_name = False

    def merge(self, frame: Frame, size: int, now: int) -> MergeResult:
        """Take a decoded frame of ``size`` bytes from the air; never raises on what is in it."""
        self.received[0] += 1
        self.received[1] += size
        sender = frame.header.sender
        if sender.storage_id == self._parts.own.identity.storage_id:
            self._composer.selves.heard(frame, now)
            return self._reject('own_echo')
        stops: tuple[StopFlag, ...] = ()
        if frame.stops:
            stops = tuple(flag for flag in frame.stops if self._parts.stops.merge(flag))
        if stops:
            self._composer.urge()
        known = self._parts.table.by_id.get(sender.storage_id)
        own_parts, echo = self._own_parts(frame, known, now)
        if now - self.last_tick_ns > self._gap_ns:
            return self._reject('gap', stops)
        row, reason = self._sender_row(frame, known, echo, now)
        if row is None:
            return self._reject(reason, stops)
        made_after = self._heard_directly(row, frame, echo, now)
        if frame.header.config_hash != self._config_hash:
            self._mark_mismatch(row, now)
        return self._merge_parts(row, frame, own_parts, made_after, stops, now)

    def set_roster(self, storage_ids: Iterable[int]) -> None:
        """State who wins a dispute over a name."""
        self._roster = frozenset(storage_ids)
        self._named_rows = None

    def tick(self, now: int) -> None:
        """Notice a pause of this process, and when nothing can be queued from it any more."""
        pause = now - self.last_tick_ns
        if pause > self._gap_ns:
            self._begin_regaining(pause, now)
        elif self._regaining_since is not None and now - self._regaining_since > self._link_ns:
            self._regaining_since = None
        self.last_tick_ns = now

    def _sender_row(
        self, frame: Frame, row: Row | None, echo: int | None, now: int
    ) -> tuple[Row | None, str]:
        """
        Return the sender's row where its frame may be believed, else why not.

        ``row`` is the one known so far.
        """
        sender = frame.header.sender
        if self._regaining_since is not None and not (row and row.regained):
            if echo is None or echo < self._regaining_since:
                return None, 'gap'
            if row is not None:
                row.regained = True
        if row is None or sender.incarnation > row.identity.incarnation:
            row = self._admit(sender, now)
            if row is None:
                return None, 'table_full'
        if sender.incarnation < row.identity.incarnation:
            return None, 'old_incarnation'
        if not row.window.accept(frame.header.counter):
            return None, 'replay'
        return row, ''

    def _own_parts(
        self, frame: Frame, row: Row | None, now: int
    ) -> tuple[list[_OwnPart], int | None]:
        """
        Return what the sender says of itself, and what it echoes of us.

        Beside each part its beacon with the list written out, and what matters of that. (Not
        where ``row`` is None: who gives way to a newcomer may be listed.)
        """
        sender = frame.header.sender
        parts: list[_OwnPart] = []
        echo = None
        for part in frame.fragments:
            if part.owner != sender:
                continue
            beacon, read = part.beacon, None
            if beacon is not None:
                self._parts.echoes.compare(beacon, now)
                if row is not None:
                    self._note_echo(row, sender, beacon, now)
                beacon, read = self._parts.unpacked(beacon, self._composer.heartbeat)
                echo = later(echo, self._merger.echo(beacon, read))
            parts.append((part, beacon, read if row is not None else None))
        return parts, echo

    def _note_echo(self, row: Row, sender: Identity, beacon: Beacon, now: int) -> None:
        """
        Remember the heartbeat to echo, whether the frame is believed or not.

        An echo says how old our own beacon is at most, nothing of the sender's, so a frame that
        came late does no harm in it. And two robots that each wait for the other's fresh echo
        would otherwise wait until nothing can be queued any more.
        """
        echo = (sender.incarnation, beacon.heartbeat)
        if echo > row.echo and sender.incarnation >= row.identity.incarnation:
            row.echo, row.echo_ns = echo, now

    def _heard_directly(self, row: Row, frame: Frame, echo: int | None, now: int) -> int | None:
        """
        Note a live link; return the made-after time of the frame.

        A frame with the highest counter was made after every frame before it, so it inherits
        their bound; one that comes late has only its own echo.
        """
        new_link = not self._parts.links.live(row, now)
        row.direct_ns = now
        if new_link:
            self._parts.own.repeat_all()
            self._parts.links.refresh(now, force=True)
            for silent in self._parts.table.rows():
                silent.pose_sent_ns = 0
        if frame.header.counter < row.window.highest:
            return echo
        row.frame_made_after_ns = later(row.frame_made_after_ns, echo)
        return row.frame_made_after_ns

    def _merge_parts(
        self,
        row: Row,
        frame: Frame,
        own_parts: list[_OwnPart],
        made_after: int | None,
        stops: tuple[StopFlag, ...],
        now: int,
    ) -> MergeResult:
        news: list[tuple[Identity, Fragment, bool]] = []
        for part, beacon, read in own_parts:
            newer = self._merger.own_fragment(row, part, beacon, read, made_after, now)
            if newer is not None and row.cooperates:
                news.append((part.owner, newer, row.proved))
        if not row.cooperates:
            return MergeResult(stops=stops)
        sender = frame.header.sender
        for part in frame.fragments:
            if part.owner.storage_id != sender.storage_id:
                beacon = part.beacon
                if beacon is not None and not self._merger.has_read(part.owner, beacon):
                    beacon, _ = self._parts.unpacked(beacon, self._composer.heartbeat)
                outcome = self._merger.relayed_fragment(row, part, beacon, made_after, now)
                if outcome is not None:
                    news.append(outcome)
        for digest in frame.digests:
            self._merger.digest(row, digest, now)
        if frame.items or frame.want is not None or frame.snapshot is not None:
            self._take_items(row, frame, now)
        # With every frame that is believed: without the call of Python's that checks nothing.
        fields = (tuple(news), frame.items, stops, frame.want, '')
        return tuple.__new__(MergeResult, fields)

    def _take_items(self, row: Row, frame: Frame, now: int) -> None:
        sender = row.identity.storage_id
        if frame.items:
            relay = bool(self._parts.links.lacking(sender))
            fresh = [self._parts.items.hear(item, now, relay=relay) for item in frame.items]
            if relay and any(fresh):
                self._composer.urge()
        if frame.want is not None:
            willing = self._rng.random() * (1 + self._parts.links.helpers(sender)) < 1
            self._parts.items.want(sender, frame.want, now, willing=willing)
            self._parts.snapshots.behind(sender, frame.want.index, now)
        if frame.snapshot is not None:
            self._parts.snapshots.hear(sender, frame.snapshot, now)
            if self._parts.snapshots.is_asked:
                self._composer.urge()

    def _reject(self, reason: str, stops: tuple[StopFlag, ...] = ()) -> MergeResult:
        self.rejections[reason] = self.rejections.get(reason, 0) + 1
        return MergeResult(stops=stops, rejected=reason)

    def _admit(self, identity: Identity, now: int) -> Row | None:
        """Return a row for an identity that is new, by storage id or by incarnation."""
        table, detector = self._parts.table, self._parts.detector
        row = table.get(identity.storage_id)
        if row is None:
            row = table.add(identity, self._beacon_ns, now)
            if row is None:
                return None
        else:
            row.begin(identity)
            detector.reincarnated(row, now)
        self._named_rows = None  # a higher incarnation may bear another name
        self.check_names(now)
        return row

    def check_names(self, now: int) -> None:
        """Decide anew who bears which name, where the table has changed."""
        rows = self._parts.table.rows()
        if rows is self._named_rows:
            return
        self._named_rows = rows
        lost = losers_of_names(
            self._parts.own.identity, [row.identity for row in rows], self._roster
        )
        for row in rows:
            loses = row.identity.storage_id in lost
            if loses and not row.lost_name:
                self._parts.detector.report('duplicate_name', row, now, 'another robot bears it')
            row.judge(lost_name=loses)
        loses = self._parts.own.identity.storage_id in lost
        if loses and not self._said_own_name:
            self._report_own('duplicate_name', now, 'another robot bears our name')
        self._said_own_name = loses

    def _mark_mismatch(self, row: Row, now: int) -> None:
        if row.same_configuration:
            row.judge(same_configuration=False)
            text = 'its shared settings differ from ours: avoided, not obeyed'
            self._parts.detector.report('configuration_mismatch', row, now, text)

    def _report_own(self, kind: str, now: int, text: str) -> None:
        name, storage_id, incarnation = self._parts.own.identity
        self._parts.detector.report_event(
            MeshEvent(now, kind, storage_id, name, incarnation, text)
        )

    def _begin_regaining(self, pause: int, now: int) -> None:
        """Believe nobody until fresh echoes come; hold nobody's silence against them."""
        self._regaining_since = now
        for row in self._parts.table.rows():
            row.regained = False
        self._parts.detector.shift(pause, now)
        self._report_own('gap', now, f'no tick for {ns_to_seconds(pause):.2f} s')
