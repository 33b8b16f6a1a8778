# SPDX-License-Identifier: Apache-2.0
"""
The mesh of one robot: what comes in with the time, what goes out, what is known of the others.

``merge`` takes a frame over (``reception.py`` judges whether to believe it, ``merge.py`` takes its
parts over), ``tick`` passes the failure detector's verdicts, ``compose`` gives the next frame when
it is due and affordable. Everything the mesh remembers is in its ``parts.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
import random

from swarm_coordination.bounds import COORDINATE_MAX_MM, SPEED_MAX_MM_S
from swarm_coordination.errors import UsageError
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.compose import Composer
from swarm_coordination.mesh.events import MergeResult, MeshEvent, MeshStatistics
from swarm_coordination.mesh.neighbors import neighbor_table
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.reception import Reception
from swarm_coordination.mesh.rows import (
    Beacon,
    ConsensusSection,
    Frame,
    Identity,
    IntentSection,
    LogItem,
    MissionSection,
    StopFlag,
    Want,
)
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.snapshots import SnapshotExchange
from swarm_coordination.mesh.table import Life
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import NeighborTable

# What an own fragment with intents may take beside the header, at most this share of the MTU.
_INTENTS_SHARE = 0.8
STOP_LEVEL_MIN, STOP_LEVEL_MAX = 1, 3
_LIVING = (Life.ALIVE, Life.SUSPECT)
_NO_MISSION = MissionSection(0, 0, 0, 0, 0)


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
    stops_skipped : see ``StopRegister``; not 0 where the disk has forgotten.

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
        stops_skipped: int = 0,
    ) -> None:
        self._settings, self._codec = settings, codec
        self._parts = MeshParts(identity, settings, stops, stops_skipped)
        ids = (cluster_id, config_hash)
        self._composer = Composer(settings, ids, codec, self._parts, rng, now)
        self._reception = Reception(settings, config_hash, self._parts, self._composer, rng, now)
        self._gap_ns = seconds_to_ns(settings.tick_gap_max_s)
        self._sent = [0, 0]  # frames, bytes

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
        """State after which index the leader's log is wanted; None asks for nothing."""
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
        self._reception.set_roster(storage_ids)

    # -- log items -----------------------------------------------------------------------------

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

    # -- snapshots -----------------------------------------------------------------------------

    @property
    def snapshots(self) -> SnapshotExchange:
        """Return what is offered to others and what is on its way here."""
        return self._parts.snapshots

    # -- stops ---------------------------------------------------------------------------------

    def raise_stop(self, level: int) -> StopFlag:
        """
        Raise a safety stop of our own; it leaves with the next frame, at once.

        Raises UsageError for another level, ProposalRefused where no counter is left for it.
        """
        if not STOP_LEVEL_MIN <= level <= STOP_LEVEL_MAX:
            raise UsageError(f'a stop has level {STOP_LEVEL_MIN} to {STOP_LEVEL_MAX}, not {level}')
        flag = self._parts.stops.raise_stop(level, self.identity.incarnation)
        self._composer.urge()
        return flag

    def take_anew(self) -> tuple[StopFlag, ...]:
        """Return own stops raised anew since the last call, as a life before became known."""
        anew = self._parts.stops.take_anew()
        if anew:
            self._composer.urge()
        return anew

    def lift(self, counters: Iterable[tuple[int, int]]) -> None:
        """Lift the stops that a committed entry names, as (issuer, counter)."""
        self._parts.stops.lift(counters)

    def lift_exactly(self, counters: Iterable[tuple[int, int]]) -> None:
        """Take these stops for lifted, as (issuer, counter), and no others."""
        self._parts.stops.lift_exactly(counters)

    def highest_stop(self, issuer: int) -> int:
        """Return the highest counter known of an issuer's stops, in force or lifted; 0: none."""
        return self._parts.stops.highest(issuer)

    def active_stops(self) -> tuple[StopFlag, ...]:
        """Return the stops in force, sorted by issuer."""
        return self._parts.stops.active()

    # -- time and frames -----------------------------------------------------------------------

    def merge(self, frame: Frame, size: int, now: int) -> MergeResult:
        """Take a decoded frame of ``size`` bytes from the air; never raises on what is in it."""
        return self._reception.merge(frame, size, now)

    def tick(self, now: int) -> tuple[MeshEvent, ...]:
        """Pass verdicts, notice a pause of this process; return what happened since last time."""
        self._reception.tick(now)
        self._parts.links.refresh(now)
        events = self._parts.detector.tick(now)
        self._reception.check_names(now)
        return events

    def beacon_due(self, now: int) -> bool:
        """Whether a beacon leaves now, so that the pose in it has to be stated."""
        return self._composer.beacon_due(now)

    @property
    def is_urged(self) -> bool:
        """Whether a frame wants to leave before the next beacon."""
        return self._composer.is_urged

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
        latest = self._reception.last_tick_ns + self._gap_ns // 3
        return min(self._composer.deadline(now), latest)

    # -- what is known -------------------------------------------------------------------------

    def neighbors(self, now: int, own_epoch: int) -> NeighborTable:
        """Return everybody whose position is known, silent robots included."""
        rows, drift_ppm = self._parts.table.rows(), self._settings.clock_drift_ppm
        own_id = self.identity.storage_id
        return neighbor_table(rows, self._parts.links, own_id, own_epoch, now, drift_ppm)

    def alive(self) -> tuple[int, ...]:
        """Storage ids not declared silent, own included; without robots that are only avoided."""
        others = [
            row.identity.storage_id
            for row in self._parts.table.rows()
            if row.cooperates and row.life in _LIVING
        ]
        return tuple(sorted((self.identity.storage_id, *others)))

    def intents(self) -> tuple[tuple[int, IntentSection], ...]:
        """Intents that the robots believed alive show, by ascending storage id."""
        return tuple(
            (row.identity.storage_id, row.intents)
            for row in self._parts.table.rows()
            if row.intents and row.cooperates and row.life in _LIVING
        )

    def mission(self, storage_id: int) -> MissionSection:
        """Where a robot says it stands in the mission; version 0 where that is unknown."""
        row = self._parts.table.get(storage_id)
        return row.mission if row and row.mission else _NO_MISSION

    def island(self, now: int) -> tuple[int, ...]:
        """Storage ids reachable over links that both ends list, own included."""
        return self._parts.links.island(now)

    def name_of(self, storage_id: int) -> str:
        """Name of a robot in the table, "" where it is unknown."""
        if storage_id == self.identity.storage_id:
            return self.identity.name
        row = self._parts.table.get(storage_id)
        return row.identity.name if row else ''

    def rows_held(self) -> tuple[int, ...]:
        """Storage ids of all other robots in the table, ascending; the rest is given up."""
        return self._parts.table.ids

    def forget(self, storage_id: int, now: int) -> None:
        """Remove a robot, as an operator decided; a tombstone keeps hearsay from reviving it."""
        self._parts.table.remove(storage_id, now)

    def statistics(self) -> MeshStatistics:
        """Return the counts since the start."""
        rejections = self._reception.rejections
        frames, size = self._reception.received
        reasons = tuple(sorted(rejections.items()))
        return MeshStatistics(
            self._sent[0], self._sent[1], frames, size, sum(rejections.values()), reasons
        )


def _representable(position_mm: tuple[int, int, int], velocity_mm_s: tuple[int, int, int]) -> bool:
    """Whether a pose is within what a frame carries; one beyond is a localisation gone wrong."""
    x, y, z = position_mm
    vx, vy, vz = velocity_mm_s
    far, fast = COORDINATE_MAX_MM, SPEED_MAX_MM_S
    return (
        -far <= x <= far and -far <= y <= far and -far <= z <= far
        and -fast <= vx <= fast and -fast <= vy <= fast and -fast <= vz <= fast
    )
