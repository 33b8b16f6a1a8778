# SPDX-License-Identifier: Apache-2.0
"""
The mesh of one robot: what comes in with the time, what goes out, what is known of the others.

Theory of operation. Every robot keeps a table of rows, one per other robot, and broadcasts
frames: its own row each beacon period, and the rows, log items and stops that its neighbours
lack. ``merge`` judges a frame in this order, the cheapest and most certain first:

1. own echo: dropped (a frame of ours that we did not send means a copied disk);
2. safety stops are taken whatever else is wrong with the frame: they can only rise;
3. a tick gap: the frame may have been queued while this process slept, so it is dropped; until a
   sender has echoed a heartbeat made after the gap it is not believed, and after the link
   time-out, when no queue can be left, everybody is;
4. incarnation older than the row's, or frame counter seen before: dropped;
5. another configuration: only its beacon is taken, for avoidance;
6. the rest, part by part (``merge.py``).

``tick`` passes the failure detector's verdicts; ``compose`` gives the next frame when due.
"""

from __future__ import annotations

from collections.abc import Iterable
import random

from swarm_coordination.bounds import COORDINATE_MAX_MM, SPEED_MAX_MM_S
from swarm_coordination.errors import UsageError
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.compose import Composer
from swarm_coordination.mesh.events import MergeResult, MeshEvent, MeshStatistics
from swarm_coordination.mesh.merge import Merger
from swarm_coordination.mesh.names import losers_of_names
from swarm_coordination.mesh.neighbors import neighbor_table
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import (
    Accusation,
    Beacon,
    ConsensusSection,
    Fragment,
    Frame,
    Identity,
    IntentSection,
    LogItem,
    MissionSection,
    StopFlag,
    Want,
)
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import NeighborTable

# What an own fragment with intents may take beside the header, at most this share of the MTU.
_INTENTS_SHARE = 0.8
STOP_LEVEL_MIN, STOP_LEVEL_MAX = 1, 3


class Mesh:
    """
    One robot's end of the mesh.

    Parameters
    ----------
    identity : own name, storage id and (already durable) incarnation.
    settings : see ``MeshSettings``; checked by whoever loaded them.
    cluster_id, config_hash : go into every frame.
    codec : measures parts against the MTU; the caller encodes and decodes with it.
    rng : for the phase of the beacons and for who answers when several could.
    now : ns of the caller's monotone clock.
    stops : (issuer, counter, level) of the stops read back from storage.

    """

    def __init__(
        self,
        identity: Identity,
        settings: MeshSettings,
        cluster_id: int,
        config_hash: int,
        codec: FrameCodec,
        rng: random.Random,
        now: int,
        stops: Iterable[tuple[int, int, int]] = (),
    ) -> None:
        self._settings, self._codec, self._rng = settings, codec, rng
        self._config_hash = config_hash
        self._parts = MeshParts(identity, settings, stops)
        ids = (cluster_id, config_hash)
        self._composer = Composer(settings, ids, codec, self._parts, rng, now)
        self._merger = Merger(
            self._parts, rng, self._composer.urge, self._admit, self._note_accused
        )
        self._gap_ns = seconds_to_ns(settings.tick_gap_max_s)
        self._link_ns = seconds_to_ns(settings.link_timeout_s)
        self._last_tick_ns = now
        self._regaining_since: int | None = None
        self._roster: frozenset[int] = frozenset()
        self._accused_incarnation = -1
        self._said_duplicate_storage = False
        self._said_own_name = False
        self._named_rows: tuple[Row, ...] = ()
        self._received = [0, 0]  # frames, bytes
        self._sent = [0, 0]
        self._rejections: dict[str, int] = {}

    # -- the own row ---------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Own name, storage id and incarnation."""
        return self._parts.own.identity

    def set_beacon(
        self,
        position_mm: tuple[int, int, int],
        yaw_mrad: int,
        velocity_mm_s: tuple[int, int, int],
        epoch: int,
        *,
        localised: bool,
    ) -> None:
        """State where this robot is; goes out with the next beacon."""
        if not _representable(position_mm, velocity_mm_s):
            position_mm, velocity_mm_s, yaw_mrad, localised = (0, 0, 0), (0, 0, 0), 0, False
        self._composer.state = Beacon(
            0, localised, *position_mm, yaw_mrad, *velocity_mm_s, epoch, ()
        )

    def set_consensus(self, section: ConsensusSection) -> None:
        """State the consensus levels; anything but a heartbeat goes out early."""
        if self._parts.own.set_consensus(section):
            self._composer.urge()

    def set_mission(self, section: MissionSection) -> None:
        """State the mission levels; goes out with the next beacon."""
        self._parts.own.set_mission(section)

    def set_intents(self, section: IntentSection) -> None:
        """State the oldest unapplied intents, as many of them as fit a frame; goes out early."""
        room = int(self._settings.mtu_bytes * _INTENTS_SHARE)
        fitting = section
        while len(fitting.intents) > 1 and self._codec.measure(fitting) > room:
            fitting = fitting._replace(intents=fitting.intents[:-1])
        if self._parts.own.set_intents(fitting):
            self._composer.urge()

    def set_want(self, want: Want | None) -> None:
        """State up to where the leader's log is verified; None asks for nothing."""
        self._composer.want = want

    def raise_incarnation(self, incarnation: int) -> None:
        """Go over to a higher incarnation, which the caller has made durable before."""
        if incarnation <= self.identity.incarnation:
            return
        self._parts.own.identity = self.identity._replace(incarnation=incarnation)
        self._parts.own.repeat_all()
        self._composer.urge()

    def set_roster(self, storage_ids: Iterable[int]) -> None:
        """State who belongs to the swarm: of two robots with one name the one in it wins."""
        self._roster = frozenset(storage_ids)

    # -- log items and stops -------------------------------------------------------------------

    def offer_items(self, items: Iterable[LogItem], now: int, *, push: bool = True) -> None:
        """
        Hand over entries of the own log.

        The leader pushes what is new (and answers every want itself). With ``push`` False they
        only lie ready for those who want them, and one of those that hold them answers.
        """
        for item in items:
            self._parts.items.offer(item, now, push=push)
        if self._parts.items.pushing:
            self._composer.urge()

    def items_wanted(self, now: int) -> tuple[Want, ...]:
        """Wants of neighbours that the cache cannot serve: offer what follows, where known."""
        return self._parts.items.wanted(now)

    def item(self, leader_term: int, index: int) -> LogItem | None:
        """Return a log item still held in the cache."""
        return self._parts.items.get(leader_term, index)

    def raise_stop(self, level: int) -> StopFlag:
        """Raise a safety stop of our own; it leaves with the next frame, at once."""
        if not STOP_LEVEL_MIN <= level <= STOP_LEVEL_MAX:
            raise UsageError(f'a stop has level {STOP_LEVEL_MIN} to {STOP_LEVEL_MAX}, not {level}')
        self._composer.urge()
        return self._parts.stops.raise_stop(level)

    def lift(self, counters: Iterable[tuple[int, int]]) -> None:
        """Lift the stops that a committed entry names, as (issuer, counter)."""
        self._parts.stops.lift(counters)

    def active_stops(self) -> tuple[StopFlag, ...]:
        """Return the stops in force, sorted by issuer."""
        return self._parts.stops.active()

    # -- time and frames -----------------------------------------------------------------------

    def merge(self, frame: Frame, size: int, now: int) -> MergeResult:
        """Take a decoded frame of ``size`` bytes from the air; never raises on what is in it."""
        self._received[0] += 1
        self._received[1] += size
        sender = frame.header.sender
        if sender.storage_id == self.identity.storage_id:
            self._check_own_echo(frame, now)
            return self._reject('own_echo')
        stops = tuple(flag for flag in frame.stops if self._parts.stops.merge(flag))
        if stops:
            self._composer.urge()
        own_parts = [part for part in frame.fragments if part.owner == sender]
        echoes = [self._merger.echo(part.beacon) for part in own_parts]
        echo = max((made for made in echoes if made is not None), default=None)
        if now - self._last_tick_ns > self._gap_ns:
            return self._reject('gap', stops)
        row, reason = self._sender_row(frame, echo, now)
        if row is None:
            return self._reject(reason, stops)
        made_after = self._heard_directly(row, frame, echo, now)
        if frame.header.config_hash != self._config_hash:
            self._mark_mismatch(row, now)
        return self._merge_parts(row, frame, own_parts, made_after, stops, now)

    def tick(self, now: int) -> tuple[MeshEvent, ...]:
        """Pass verdicts, notice a pause of this process; return what happened since last time."""
        pause = now - self._last_tick_ns
        if pause > self._gap_ns:
            self._begin_regaining(pause, now)
        elif self._regaining_since is not None and now - self._regaining_since > self._link_ns:
            self._regaining_since = None
        self._last_tick_ns = now
        self._parts.links.refresh(now)
        events = self._parts.detector.tick(now)
        if self._parts.table.rows() is not self._named_rows:
            self._check_names(now)  # somebody was dropped: his name is free again
        return events

    def compose(self, now: int) -> Frame | None:
        """Return the next frame where one is due and affordable; call until None."""
        frame = self._composer.compose(now)
        if frame is not None:
            self._sent[0] += 1
            self._sent[1] += self._composer.last_size
        return frame

    def next_deadline(self, now: int) -> int:
        """Time by which ``tick`` and ``compose`` want to be called."""
        # A third of the gap: a tick may be late by two thirds before it counts as a pause.
        return min(self._composer.deadline(now), self._last_tick_ns + self._gap_ns // 3)

    # -- what is known -------------------------------------------------------------------------

    def neighbors(self, now: int, own_epoch: int) -> NeighborTable:
        """Return everybody whose position is known, silent robots included."""
        rows, drift_ppm = self._parts.table.rows(), self._settings.clock_drift_ppm
        own_id = self.identity.storage_id
        return neighbor_table(rows, self._parts.links, own_id, own_epoch, now, drift_ppm)

    def alive(self) -> tuple[int, ...]:
        """Storage ids not declared silent, own included; without robots that are only avoided."""
        others = (
            row.identity.storage_id
            for row in self._parts.table.rows()
            if row.cooperates and row.life in (Life.ALIVE, Life.SUSPECT)
        )
        return tuple(sorted((self.identity.storage_id, *others)))

    def intents(self) -> tuple[tuple[int, IntentSection], ...]:
        """Intents that the robots believed alive show, by ascending storage id."""
        return tuple(
            (row.identity.storage_id, row.intents)
            for row in self._parts.table.rows()
            if row.cooperates and row.life in (Life.ALIVE, Life.SUSPECT) and row.intents
        )

    def applied(self, storage_id: int) -> int:
        """Log index that a robot says it has applied; 0 where that is unknown."""
        row = self._parts.table.get(storage_id)
        return row.mission.applied if row and row.mission else 0

    def island(self, now: int) -> tuple[int, ...]:
        """Storage ids reachable over links that both ends list, own included."""
        return self._parts.links.island(now)

    def name_of(self, storage_id: int) -> str:
        """Name of a robot in the table, "" where it is unknown."""
        if storage_id == self.identity.storage_id:
            return self.identity.name
        row = self._parts.table.get(storage_id)
        return row.identity.name if row else ''

    def forget(self, storage_id: int, now: int) -> None:
        """Remove a robot, as an operator decided; a tombstone keeps hearsay from reviving it."""
        self._parts.table.remove(storage_id, now)

    def statistics(self) -> MeshStatistics:
        """Return the counts since the start."""
        rejected = sum(self._rejections.values())
        reasons = tuple(sorted(self._rejections.items()))
        sent, received = self._sent, self._received
        return MeshStatistics(sent[0], sent[1], received[0], received[1], rejected, reasons)

    # -- judging a frame -----------------------------------------------------------------------

    def _sender_row(self, frame: Frame, echo: int | None, now: int) -> tuple[Row | None, str]:
        """Return the sender's row where its frame may be believed, else why not."""
        sender = frame.header.sender
        row = self._parts.table.get(sender.storage_id)
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
        if frame.header.counter < row.window.highest:
            return echo
        if echo is not None and (row.frame_made_after_ns or 0) < echo:
            row.frame_made_after_ns = echo
        return row.frame_made_after_ns

    def _merge_parts(
        self,
        row: Row,
        frame: Frame,
        own_parts: list[Fragment],
        made_after: int | None,
        stops: tuple[StopFlag, ...],
        now: int,
    ) -> MergeResult:
        news: list[tuple[Identity, Fragment]] = []
        for part in own_parts:
            newer = self._merger.own_fragment(row, part, made_after, now)
            if newer is not None and row.cooperates:
                news.append((part.owner, newer))
        if not row.cooperates:
            return MergeResult(stops=stops)
        sender = frame.header.sender
        for part in frame.fragments:
            if part.owner.storage_id != sender.storage_id:
                outcome = self._merger.relayed_fragment(row, part, made_after, now)
                if outcome is not None:
                    news.append(outcome)
        for digest in frame.digests:
            self._merger.digest(row, digest, now)
        self._take_items(row, frame, now)
        return MergeResult(tuple(news), frame.items, stops, frame.want)

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

    def _reject(self, reason: str, stops: tuple[StopFlag, ...] = ()) -> MergeResult:
        self._rejections[reason] = self._rejections.get(reason, 0) + 1
        return MergeResult(stops=stops, rejected=reason)

    def _admit(self, identity: Identity, now: int) -> Row | None:
        """Return a row for an identity that is new, by storage id or by incarnation."""
        table, detector = self._parts.table, self._parts.detector
        row = table.get(identity.storage_id)
        if row is None:
            row = table.add(identity, seconds_to_ns(self._settings.beacon_period_s), now)
            if row is None:
                return None
        else:
            row.begin(identity)
            detector.reincarnated(row, now)
        self._check_names(now)
        return row

    def _check_names(self, now: int) -> None:
        rows = self._named_rows = self._parts.table.rows()
        lost = losers_of_names(self.identity, [row.identity for row in rows], self._roster)
        for row in rows:
            loses = row.identity.storage_id in lost
            if loses and not row.lost_name:
                self._parts.detector.report('duplicate_name', row, now, 'another robot bears it')
            row.lost_name = loses
        loses = self.identity.storage_id in lost
        if loses and not self._said_own_name:
            self._report_own('duplicate_name', now, 'another robot bears our name')
        self._said_own_name = loses

    def _mark_mismatch(self, row: Row, now: int) -> None:
        if row.same_configuration:
            row.same_configuration = False
            text = 'its shared settings differ from ours: avoided, not obeyed'
            self._parts.detector.report('configuration_mismatch', row, now, text)

    def _note_accused(self, row: Row, accusation: Accusation, now: int) -> None:
        if self._accused_incarnation < accusation.incarnation:
            self._accused_incarnation = accusation.incarnation
            self._report_own('accused', now, f'suspected by {row.identity.name}')

    def _check_own_echo(self, frame: Frame, now: int) -> None:
        sender = frame.header.sender
        mine = self.identity.incarnation
        ahead = sender.incarnation == mine and frame.header.counter > self._composer.counter
        if (ahead or sender.incarnation > mine) and not self._said_duplicate_storage:
            self._said_duplicate_storage = True
            self._report_own('duplicate_storage', now, 'somebody else speaks as us')

    def _report_own(self, kind: str, now: int, text: str) -> None:
        name, storage_id, incarnation = self.identity
        self._parts.detector.report_event(
            MeshEvent(now, kind, storage_id, name, incarnation, text)
        )

    def _begin_regaining(self, pause: int, now: int) -> None:
        """Believe nobody until fresh echoes come; hold nobody's silence against them."""
        self._regaining_since = now
        for row in self._parts.table.rows():
            row.regained = False
        self._parts.detector.shift(pause)
        self._report_own('gap', now, f'no tick for {pause / 1e9:.2f} s')


def _representable(position_mm: tuple[int, int, int], velocity_mm_s: tuple[int, int, int]) -> bool:
    """Whether a pose is within what a frame carries; one beyond is a localisation gone wrong."""
    return (
        max(map(abs, position_mm)) <= COORDINATE_MAX_MM
        and max(map(abs, velocity_mm_s)) <= SPEED_MAX_MM_S
    )
