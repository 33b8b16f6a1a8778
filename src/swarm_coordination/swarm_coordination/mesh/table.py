# SPDX-License-Identifier: Apache-2.0
"""
The table of other robots' rows: newest sections, what they list, what is known of their life.

Bounded by ``robots_max``: when full, a robot that never proved itself alive gives way first, then
the one silent for longest; where neither exists the newcomer is refused. What gives way or is
removed leaves a tombstone (incarnation, highest heartbeat), so that hearsay cannot bring
it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import enum
from typing import NamedTuple

from swarm_coordination.mesh.ages import later
from swarm_coordination.mesh.replay import ReplayWindow
from swarm_coordination.mesh.rows import (
    Beacon,
    Beat,
    ConsensusSection,
    Fragment,
    Identity,
    IntentSection,
    MissionSection,
)


class Life(enum.IntEnum):
    """What the failure detector believes of a row."""

    UNPROVEN = 0  # heard of, but nothing bounds the age of what was heard
    ALIVE = 1
    SUSPECT = 2
    SILENT = 3


class Section(enum.IntEnum):
    """Index of a section among the fields of a fragment, counted from ``beacon``."""

    BEACON = 0
    CONSENSUS = 1
    MISSION = 2
    INTENTS = 3


@dataclass(slots=True, eq=False)
class Row:
    """Everything known of one other robot. Times are of the own clock, in ns."""

    identity: Identity
    advance_ns: int  # when the newest heartbeat number was learnt
    interval_ns: int  # the owner's own rate: time per heartbeat, smoothed
    life: Life = Life.UNPROVEN
    heartbeat: int = 0  # newest number of this incarnation, by row or by hearsay
    beacon: Beacon | None = None
    consensus: ConsensusSection | None = None
    mission: MissionSection | None = None
    intents: IntentSection | None = None
    made_after_ns: int | None = None  # of ``beacon``
    refreshed_ns: int = 0  # when ``beacon`` was taken over
    pose: Beacon | None = None  # newest beacon with a position, of any incarnation
    pose_incarnation: int = 0
    pose_made_after_ns: int | None = None
    direct_ns: int | None = None  # when a frame of its own was last heard
    frame_made_after_ns: int | None = None  # of its newest frame heard
    window: ReplayWindow = field(default_factory=ReplayWindow)
    listed: dict[int, int] = field(default_factory=dict)  # lists as a live link -> learnt when
    listed_ids: tuple[int, ...] | None = None  # all of those, ascending; None: find them anew
    accusers: set[int] = field(default_factory=set)  # as many as are counted; only counted
    suspected_ns: int = 0
    confirmations_wanted: int = 0
    silent_ns: int | None = None  # declared silent at; stays set until it returns
    proofs: int = 0  # bounded advances since it went silent
    same_configuration: bool = True
    lost_name: bool = False
    # Whether its consensus and mission sections count, not only its position.
    cooperates: bool = True
    regained: bool = True  # False: after a gap, until it has echoed a fresh heartbeat
    echo: tuple[int, int] = (0, 0)  # newest (incarnation, heartbeat) in a frame of its own
    echo_ns: int | None = None  # when that frame came, believed or not
    lists: Beacon | None = None  # newest beacon that came with lists
    lists_made_after_ns: int | None = None
    lists_sent_ns: int = 0
    sends_left: list[int] = field(default_factory=lambda: [0, 0, 0, 0])  # by Section, to relay
    sent_ns: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    pose_sent_ns: int = 0  # when all who lack the pose of a silent robot last heard it
    digested_ns: int = 0
    # A later incarnation than its own that a digest showed, to be passed on to its owner; 0 none.
    shown_incarnation: int = 0
    shown_sent_ns: int = 0  # when one was passed on last
    newest_version: int = 0  # of its consensus section, as far as is known
    consensus_after_ns: int | None = None  # made-after time of ``consensus``
    vouched: bool = False  # a copy of it of bounded age has come
    proved: bool = False  # it was of bounded age when it was handed on last, heartbeat and all
    beat_left: bool = False  # the heartbeat in its consensus section is still to be relayed

    @property
    def behind(self) -> bool:
        """Whether a newer consensus section is known to exist than the one held."""
        return self.newest_version > (self.consensus.version if self.consensus else 0)

    @property
    def leads(self) -> bool:
        """Whether it says that it leads, as far as is known here."""
        return self.consensus is not None and self.consensus.leader == self.identity.storage_id

    def versions(self) -> tuple[int, int, int]:
        """Versions held of consensus, mission and intents; 0 for none."""
        return (
            self.consensus.version if self.consensus else 0,
            self.mission.version if self.mission else 0,
            self.intents.version if self.intents else 0,
        )

    @property
    def pose_version(self) -> tuple[int, int]:
        """Incarnation and heartbeat of the pose held; (0, -1) for none."""
        return (self.pose_incarnation, self.pose.heartbeat if self.pose else -1)

    def begin(self, identity: Identity) -> None:
        """Go over to a higher incarnation: its sections start afresh, the last pose stays."""
        self.identity = identity
        self.heartbeat = 0
        self.beacon = self.consensus = self.mission = self.intents = None
        self.window = ReplayWindow()
        self.lists = None
        self.listed.clear()
        self.listed_ids = None
        self.accusers.clear()
        self.proofs = 0
        self.judge(same_configuration=True)
        self.sends_left = [0, 0, 0, 0]
        self.newest_version, self.beat_left = 0, False
        self.consensus_after_ns, self.vouched, self.proved = None, False, False

    def judge(
        self, *, same_configuration: bool | None = None, lost_name: bool | None = None
    ) -> None:
        """Note whether its configuration is ours, whether another robot bears its name."""
        if same_configuration is not None:
            self.same_configuration = same_configuration
        if lost_name is not None:
            self.lost_name = lost_name
        self.cooperates = self.same_configuration and not self.lost_name

    def take_beacon(self, beacon: Beacon, made_after: int | None, now: int) -> bool:
        """
        Merge a beacon of the row's incarnation; return whether it is newer.

        An older beacon still helps: the one held was made later, so it inherits the bound.
        """
        held = self.beacon
        newer = held is None or beacon.heartbeat > held.heartbeat
        if newer:
            self.beacon = beacon
            self.refreshed_ns = now
            if beacon.localised:
                self.pose, self.pose_incarnation = beacon, self.identity.incarnation
                self.pose_made_after_ns = self.made_after_ns
        self.made_after_ns = made_after = later(self.made_after_ns, made_after)
        if self.pose is self.beacon:
            self.pose_made_after_ns = made_after
        return newer

    def take_silent_pose(self, incarnation: int, pose: Beacon) -> None:
        """Take over the last pose of a silent robot from a relay: nothing bounds its age."""
        self.pose, self.pose_incarnation = pose, incarnation
        self.pose_made_after_ns = None

    def take_sections(
        self,
        fragment: Fragment,
        beacon: Beacon | None,
        made_after: int | None = None,
        young_since: int = 0,
    ) -> Fragment | None:
        """
        Merge the other sections; return a fragment of what was newer, None for nothing.

        ``beacon`` is the fragment's where it was newer. ``made_after`` bounds the age of the
        sections; what was made after ``young_since`` is vouched for. A consensus section that
        nobody vouched for when it came is returned once more when somebody does.
        """
        owner, age_ms, _, consensus, mission, intents, _, beat = fragment
        if consensus is not None or beat is not None:
            consensus = self._take_consensus(consensus, beat, made_after, young_since)
        if mission is not None:
            if mission.version > (self.mission.version if self.mission else 0):
                self.mission = mission
            else:
                mission = None
        if intents is not None:
            if intents.version > (self.intents.version if self.intents else 0):
                self.intents = intents
            else:
                intents = None
        if beacon is None and consensus is None and mission is None and intents is None:
            return None
        fields = (owner, age_ms, beacon, consensus, mission, intents, False, None)
        return tuple.__new__(Fragment, fields)

    def _take_consensus(
        self,
        section: ConsensusSection | None,
        beat: Beat | None,
        made_after: int | None,
        young_since: int,
    ) -> ConsensusSection | None:
        """Merge a section, or the beat in its place; return the one held where it says more."""
        held, newer = self.consensus, section
        if beat is not None:
            newer, version, term = self._beaten(beat), beat.version, beat.term
        else:
            assert section is not None
            version, term = section.version, section.term
            self.newest_version = max(self.newest_version, version)
            if held is not None and _order(section) <= _order(held):
                newer = None
        same = held is not None and (version, term) == (held.version, held.term)
        if newer is None and not same:
            return None
        if newer is not None:
            self.consensus = newer
        # What is held was made after all that came before it, and after a copy of itself.
        self.consensus_after_ns = after = later(self.consensus_after_ns, made_after)
        young = after is not None and after >= young_since
        known = self.vouched
        if beat is None and newer is not None:
            self.vouched = young
        elif same:  # a beat of a later version vouches for nothing but itself
            self.vouched = known or young
        self.proved = young and self.vouched
        return self.consensus if newer is not None or self.vouched is not known else None

    def _beaten(self, beat: Beat) -> ConsensusSection | None:
        """Return the section held with a newer heartbeat, where both are of one leader."""
        held = self.consensus
        if beat.version > self.newest_version:
            self.newest_version = beat.version
        if held is None or beat.term != held.term or not held.leader:
            return None
        if beat.heartbeat <= held.heartbeat:
            return None
        return held.beating(held.version, beat.heartbeat)


def _order(section: ConsensusSection) -> tuple[int, int]:
    """Within a version only the heartbeat changes, and it only rises."""
    return (section.version, section.heartbeat)


class Tombstone(NamedTuple):
    """What was known of a robot that was removed from the table."""

    incarnation: int
    heartbeat: int
    expires_ns: int


class Table:
    """Rows by storage id, kept sorted so that nothing depends on the order of arrival."""

    def __init__(self, robots_max: int, tombstone_ns: int) -> None:
        self._robots_max, self._tombstone_ns = robots_max, tombstone_ns
        self.by_id: dict[int, Row] = {}
        self._sorted: tuple[Row, ...] = ()
        self.ids: tuple[int, ...] = ()  # of all rows, ascending
        self._tombstones: dict[int, Tombstone] = {}

    def get(self, storage_id: int) -> Row | None:
        """Row of one robot."""
        return self.by_id.get(storage_id)

    def rows(self) -> tuple[Row, ...]:
        """All rows by ascending storage id."""
        return self._sorted

    def add(self, identity: Identity, interval_ns: int, now: int) -> Row | None:
        """Return a new row; None where the table is full or the grave forbids it."""
        grave = self._grave(identity.storage_id, now)
        if grave is not None and identity.incarnation < grave.incarnation:
            return None
        if len(self.by_id) >= self._robots_max and not self._make_room(now):
            return None
        row = Row(identity, now, interval_ns)
        if grave is not None:
            row.silent_ns = now
            if identity.incarnation == grave.incarnation:
                row.life = Life.SILENT
                row.heartbeat = grave.heartbeat
        self.by_id[identity.storage_id] = row
        self._sort()
        return row

    def add_silent(self, identity: Identity, interval_ns: int, now: int) -> Row | None:
        """
        Return a new row for a robot that a relay holds as silent.

        None where the table is full, because nobody gives way to the dead, and where a grave is
        at least as new: who was removed here does not come back because others still hold it.
        """
        grave = self._grave(identity.storage_id, now)
        if grave is not None and identity.incarnation <= grave.incarnation:
            return None
        if len(self.by_id) >= self._robots_max:
            return None
        row = Row(identity, now, interval_ns, life=Life.SILENT, silent_ns=now)
        self.by_id[identity.storage_id] = row
        self._sort()
        return row

    def remove(self, storage_id: int, now: int) -> None:
        """Drop a row; one that was ever alive leaves a tombstone."""
        row = self.by_id.pop(storage_id, None)
        if row is None:
            return
        self._sort()
        if row.life is Life.UNPROVEN and row.silent_ns is None:
            return
        self._tombstones.pop(storage_id, None)
        # As many graves as rows: beyond that the oldest is forgotten.
        if len(self._tombstones) >= self._robots_max:
            del self._tombstones[next(iter(self._tombstones))]
        self._tombstones[storage_id] = Tombstone(
            row.identity.incarnation, row.heartbeat, now + self._tombstone_ns
        )

    def _grave(self, storage_id: int, now: int) -> Tombstone | None:
        grave = self._tombstones.get(storage_id)
        if grave is not None and grave.expires_ns <= now:
            del self._tombstones[storage_id]
            return None
        return grave

    def _make_room(self, now: int) -> bool:
        victim = next((row for row in self._sorted if row.life is Life.UNPROVEN), None)
        if victim is None:
            silent = [row for row in self._sorted if row.life is Life.SILENT]
            victim = min(silent, key=lambda row: row.silent_ns or 0, default=None)
        if victim is None:
            return False
        self.remove(victim.identity.storage_id, now)
        return True

    def _sort(self) -> None:
        self.ids = tuple(sorted(self.by_id))
        self._sorted = tuple(self.by_id[storage_id] for storage_id in self.ids)
