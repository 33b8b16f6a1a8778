# SPDX-License-Identifier: Apache-2.0
"""
Taking over what a frame brings into the table: echoes, sections, hearsay, relays to make.

Whether the frame may be believed at all has been decided before (``mesh.py``); here its parts
are judged one by one, newest wins, and what the neighbours lack is marked for relaying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import random

from swarm_coordination.mesh.ages import later, relayed_made_after
from swarm_coordination.mesh.echoes import Unpacked
from swarm_coordination.mesh.own import consensus_changed, Urgency, urgency_of
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import (
    Beacon,
    ConsensusSection,
    Digest,
    Fragment,
    Heard,
    Identity,
)
from swarm_coordination.mesh.selves import OtherSelves
from swarm_coordination.mesh.silent import SilentPoses
from swarm_coordination.mesh.table import Life, Row, Section

# A digest that far behind in heartbeats (1 s at 20 Hz) is a row that does not get through.
_BEACONS_BEHIND = 20
# A digest of a leader that far behind comes from a robot that misses its beacons.
_BEACONS_MISSED = 3
# Relays of a change: once, and once more against loss, so that many hops do not thin it out.
# Consensus heartbeats alone are not repeated.
_RELAY_REPEATS = 2


class Merger:
    """Applies believed frames to the table."""

    def __init__(
        self,
        parts: MeshParts,
        silent: SilentPoses,
        selves: OtherSelves,
        rng: random.Random,
        urge: Callable[[], None],
        admit: Callable[[Identity, int], Row | None],
        proof_ns: int,
    ) -> None:
        self._own, self._table, self._sent = parts.own, parts.table, parts.sent
        self._links, self._detector, self._rng = parts.links, parts.detector, rng
        self._silent, self._selves = silent, selves
        self._urge, self._admit = urge, admit
        self._proof_ns = proof_ns

    def echo(self, beacon: Beacon | None, read: Unpacked | None) -> int | None:
        """Made-after time of a beacon by the newest own heartbeat that it echoes."""
        if beacon is None:
            return None
        if read is not None:
            own = read.own
            return None if own is None else self._sent.sent_at(own.incarnation, own.heartbeat)
        mine = self._own.identity.storage_id
        for who, incarnation, heartbeat, _ in beacon.heard:
            if who == mine:
                return self._sent.sent_at(incarnation, heartbeat)
        return None

    def own_fragment(
        self,
        row: Row,
        fragment: Fragment,
        beacon: Beacon | None,
        read: Unpacked | None,
        made_after: int | None,
        now: int,
    ) -> Fragment | None:
        """
        Merge what a sender says of itself; return what was newer.

        ``beacon`` is the fragment's with its list written out; ``read`` may be None for it.
        """
        return self._take(row, fragment, beacon, read, (made_after, made_after), now)

    def has_read(self, owner: Identity, beacon: Beacon) -> bool:
        """
        Return whether the packed list of a relayed beacon says nothing new.

        Several neighbours relay the same one: the list of that very beacon has been read, links
        and echo. (An older one may echo us where the newer, being a part, does not.)
        """
        row = self._table.get(owner.storage_id)
        return bool(
            row is not None
            and row.lists is not None
            and row.lists.heartbeat == beacon.heartbeat
            and row.identity.incarnation == owner.incarnation
            and not beacon.heard
        )

    def relayed_fragment(
        self,
        relay: Row,
        fragment: Fragment,
        beacon: Beacon | None,
        frame_made_after: int | None,
        now: int,
    ) -> tuple[Identity, Fragment, bool] | None:
        """
        Merge what a relay says of another robot; return what was newer.

        ``beacon`` is the fragment's with its list written out.
        """
        owner, made_after = fragment.owner, relayed_made_after(frame_made_after, fragment.age_ms)
        if owner.storage_id == self._own.identity.storage_id:
            if beacon is not None:  # the age is the beacon's
                self._selves.shown(owner.incarnation, beacon.heartbeat, now, made_after)
            return None
        if fragment.silent:
            self._silent.take(relay, fragment.with_beacon(beacon), now)
            return None
        row = self._table.get(owner.storage_id)
        if row is None or owner.incarnation > row.identity.incarnation:
            row = self._admit(owner, now)
        if row is None or owner.incarnation < row.identity.incarnation or not row.cooperates:
            return None
        # An echo in the beacon says nothing of the other sections, which came by themselves.
        bounds = (later(made_after, self.echo(beacon, None)), made_after)
        self._settle_relay(relay, row, fragment)
        newer = self._take(row, fragment, beacon, None, bounds, now)
        return None if newer is None else (owner, newer, row.proved)

    def digest(self, sender: Row, digest: Digest, now: int) -> None:
        """Compare what a neighbour holds with what is held here; mark what it lacks."""
        if digest.storage_id == self._own.identity.storage_id:
            self._own_digest(digest)
            self._selves.shown(digest.incarnation, digest.heartbeat, now, None)
            return
        row = self._table.get(digest.storage_id)
        if row is None or not row.cooperates:
            return
        if digest.incarnation == row.identity.incarnation:
            self._detector.advance(row, digest.heartbeat, now)
        elif digest.incarnation > row.identity.incarnation:
            # Told by who is not heard there where its owner's disk forgot: passed on.
            row.shown_incarnation = max(row.shown_incarnation, digest.incarnation)
        if digest.storage_id in sender.listed:
            # Its owner is heard there, and answers itself; or was, until a moment ago.
            if self._missed(row, digest):
                self._links.miss(sender.identity.storage_id, digest.storage_id, now)
                row.beat_left, row.sends_left[Section.BEACON] = True, _RELAY_REPEATS
            return
        behind = self._behind(row, digest)
        if not behind:
            return
        if self._rng.random() * (1 + self._links.helpers(sender.identity.storage_id)) < 1:
            for section in behind:
                row.sends_left[section] = max(1, row.sends_left[section])

    def _missed(self, row: Row, digest: Digest) -> bool:
        """Whether newer beacons of a leader are held here than where the digest comes from."""
        return (
            row.leads
            and digest.incarnation == row.identity.incarnation
            and row.beacon is not None
            and row.beacon.heartbeat > digest.heartbeat + _BEACONS_MISSED
        )

    def _behind(self, row: Row, digest: Digest) -> list[Section]:
        if digest.incarnation > row.identity.incarnation:
            return []
        if digest.incarnation < row.identity.incarnation:
            return list(Section)
        held = row.versions()
        theirs = (digest.consensus, digest.mission, digest.intents)
        behind = [Section(at + 1) for at in range(3) if held[at] > theirs[at]]
        if row.beacon and row.beacon.heartbeat > digest.heartbeat + _BEACONS_BEHIND:
            behind.append(Section.BEACON)
        return behind

    def _own_digest(self, digest: Digest) -> None:
        own = self._own
        if digest.incarnation > own.identity.incarnation:
            return
        older = digest.incarnation < own.identity.incarnation
        if own.consensus and (older or digest.consensus < own.consensus.version):
            own.repeat(Section.CONSENSUS)
        if own.mission and (older or digest.mission < own.mission.version):
            own.repeat(Section.MISSION)
        if own.intents and (older or digest.intents < own.intents.version):
            own.repeat(Section.INTENTS)

    def _settle_relay(self, relay: Row, row: Row, fragment: Fragment) -> None:
        """Drop a pending relay of ours that the very frame has made superfluous."""
        if not self._links.covered(relay, row.identity.storage_id):
            return
        held, beat = row.consensus, fragment.consensus or fragment.beat
        if beat and held and beat.heartbeat >= held.heartbeat:
            row.beat_left = False
        if fragment.beacon and row.beacon and fragment.beacon.heartbeat >= row.beacon.heartbeat:
            row.sends_left[Section.BEACON] = 0
        if (
            fragment.consensus
            and row.consensus
            and fragment.consensus.version >= row.consensus.version
        ):
            row.sends_left[Section.CONSENSUS] = 0
        if fragment.intents and row.intents and fragment.intents.version >= row.intents.version:
            row.sends_left[Section.INTENTS] = 0

    def _take(
        self,
        row: Row,
        fragment: Fragment,
        beacon: Beacon | None,
        read: Unpacked | None,
        bounds: tuple[int | None, int | None],
        now: int,
    ) -> Fragment | None:
        """
        Merge one fragment of the row's own incarnation; return what was newer.

        ``bounds``: made-after times of its beacon and of its other sections.
        """
        made_after, sections_after = bounds
        relay = row.cooperates and bool(self._links.lacking(row.identity.storage_id))
        if beacon is not None:
            if row.take_beacon(beacon, made_after, now):
                self._detector.advance(row, beacon.heartbeat, now)
                if row.life is not Life.ALIVE:
                    self._detector.prove(row, now)
                made_after = row.made_after_ns
                if relay:
                    row.sends_left[Section.BEACON] = _RELAY_REPEATS
                self._take_lists(row, beacon, read, made_after, now)
            else:
                self._take_lists(row, beacon, read, made_after, now)
                beacon = None
        if not row.cooperates:
            return None
        before = row.consensus
        newer = row.take_sections(fragment, beacon, sections_after, now - self._proof_ns)
        if newer is None:
            return None
        if relay:
            self._mark_relays(row, newer, before)
        return newer

    def _mark_relays(self, row: Row, newer: Fragment, before: ConsensusSection | None) -> None:
        left = row.sends_left
        if newer.consensus is not None:
            if urgency_of(before, newer.consensus) is not Urgency.NONE:
                left[Section.CONSENSUS] = _RELAY_REPEATS
                self._urge()
            elif consensus_changed(before, newer.consensus):
                left[Section.CONSENSUS] = max(1, left[Section.CONSENSUS])
            else:
                row.beat_left = True
        if newer.mission is not None:
            left[Section.MISSION] = 1
        if newer.intents is not None:
            left[Section.INTENTS] = _RELAY_REPEATS
            self._urge()

    def _take_lists(
        self,
        row: Row,
        beacon: Beacon,
        read: Unpacked | None,
        made_after: int | None,
        now: int,
    ) -> None:
        """
        Read what a beacon hears and suspects: links, hearsay of heartbeats, accusations.

        A relay mostly leaves the lists out, so the newest lists may belong to an older beacon.
        """
        held = row.lists
        if held is not None and beacon.heartbeat <= held.heartbeat:
            return
        if not beacon.heard and not beacon.accused:
            return
        row.lists, row.lists_made_after_ns = beacon, made_after
        if read is not None and read.links is not None:
            self._take_links(row, read.links, now)
            entries: Iterable[Heard] = read.fresher
            if read.own is not None:
                self._selves.shown(read.own.incarnation, read.own.heartbeat, now, None)
        else:
            self._take_listed(row, beacon.heard, now)
            entries = beacon.heard
        rows = self._table.by_id
        for who, incarnation, heartbeat, _ in entries:
            other = rows.get(who)
            if (
                other is not None
                and heartbeat > other.heartbeat
                and incarnation == other.identity.incarnation
            ):
                self._detector.advance(other, heartbeat, now)
        if row.cooperates:
            self._take_accusations(row, beacon, now)

    def _take_links(self, row: Row, links: tuple[int, ...], now: int) -> None:
        """Note robots that are all known here, or ourselves, as live links of the row's owner."""
        known = len(row.listed)
        row.listed.update(dict.fromkeys(links, now))
        if len(row.listed) != known:
            row.listed_ids = None

    def _take_listed(self, row: Row, heard: tuple[Heard, ...], now: int) -> None:
        """Note the live links in a list, and what it shows of ourselves."""
        mine = self._own.identity.storage_id
        rows, listed = self._table.by_id, row.listed
        for who, incarnation, heartbeat, direct in heard:
            if not direct:
                if listed.pop(who, None) is not None:
                    row.listed_ids = None
            elif who in rows or who == mine:
                if who not in listed:
                    row.listed_ids = None
                listed[who] = now
            if who == mine:
                self._selves.shown(incarnation, heartbeat, now, None)

    def _take_accusations(self, row: Row, beacon: Beacon, now: int) -> None:
        mine = self._own.identity.storage_id
        for accusation in beacon.accused:
            if accusation.storage_id == mine:
                self._selves.accused(accusation, row.identity.name, now)
                continue
            other = self._table.get(accusation.storage_id)
            if other is not None and other is not row:
                self._detector.accuse(other, row.identity.storage_id, accusation)
