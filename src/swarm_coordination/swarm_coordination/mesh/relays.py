# SPDX-License-Identifier: Apache-2.0
"""
Relaying: what goes into a frame of other robots' rows, because a neighbour lacks it.

A row is relayed only while some neighbour does not list its owner as heard. Consensus changes,
log items and intents go at once; a leader's heartbeats with every beacon; everything else at
most once per relay period, the row longest unsent first. Beacons are mostly lists, so a relayed
beacon goes without them but for one per list period, which carries the owner's live links. That
is sound: lists rotate anyway, a receiver keeps each entry until it times out or is taken back. The
newest lists are repeated, so that loss over many hops delays them and does not thin them out.
"""

from __future__ import annotations

from collections.abc import Iterator

from swarm_coordination.mesh.ages import stated_age_ms
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.own import beat_of
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import Beacon, Fragment
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Row, Section
from swarm_coordination.units import seconds_to_ns

# Sends left of a consensus section from which on it may not wait: a change, not a heartbeat.
CHANGED = 2
# Ages that differ by no more are stated as one, the older: the owner's name costs 20 bytes again.
SAME_AGE_MS = 100
# A row is overdue once there were no bytes for it for so many relay periods. Heartbeats go on in
# lists meanwhile, but prove nothing.
OVERDUE = 2
# The lists of a row that is overdue go with it where they were not relayed for so many of their
# periods: two relays may be lost before its links lapse.
OVERDUE_LISTS = 3
# Bytes of a beacon for such rows: five of them, or two with lists. Less where they come in more
# slowly than within this part of a second, but always one row.
OVERDUE_BYTES, OVERDUE_SHARE = 300, 20


class Relays:
    """Adds other robots' rows and the log items to a frame."""

    def __init__(self, settings: MeshSettings, parts: MeshParts) -> None:
        self._parts = parts
        self._drift_ppm = settings.clock_drift_ppm
        self._relay_ns = seconds_to_ns(settings.relay_period_s)
        self._lists_ns = seconds_to_ns(settings.lists_period_s)
        self._refresh_ns = seconds_to_ns(settings.refresh_period_s)
        self._max_age_ns = seconds_to_ns(settings.row_relay_max_age_s)
        self._mtu = settings.mtu_bytes
        self._intents_first = False
        self._left_out: dict[int, int] = {}  # robots whose beacons want bytes: since when
        self._overdue_bytes = min(OVERDUE_BYTES, settings.byte_budget_per_s // OVERDUE_SHARE)

    def add_urgent(self, draft: Draft, now: int, *, beacon_due: bool) -> bool:
        """Add consensus changes, log items and intents; return whether some did not fit."""
        if self._parts.links.all_hear_all and self._parts.items.is_idle:
            return False  # as nearly always in one hop
        more = False
        for row in self._relayable(now):
            left, section = row.sends_left[Section.CONSENSUS], row.consensus
            if section is None or not (left or row.beat_left):
                continue
            if left < CHANGED and not (row.leads and beacon_due):
                continue
            age_ms = stated_age_ms(row.consensus_after_ns, now, self._drift_ppm)
            part = Fragment(row.identity, age_ms, consensus=section)
            if not left:
                beat = beat_of(section, row.newest_version)
                part = Fragment(row.identity, age_ms, beat=beat)
            if draft.add_fragment(part):
                self._sent_consensus(row, part, now)
            elif left >= CHANGED:  # a heartbeat waits for the next beacon
                more = True
        return self._add_in_turns(draft, now) or more

    def _add_in_turns(self, draft: Draft, now: int) -> bool:
        """
        Add log items and intents, these first after a frame of items that had no place for them.

        A stream of items would fill every frame, and so would intents that change with each of
        them. Intents that want bytes keep them from the items: else no longer one would ever fit.
        Return whether more wait.
        """
        before = len(draft.fragments)
        if not self._intents_first:
            more = self._add_items(draft, now)
            left = self._add_intents(draft, now)
            self._intents_first = left and bool(draft.items)
            return more or left
        left = self._add_intents(draft, now)
        self._intents_first = left and len(draft.fragments) == before
        if left and draft.limit < draft.missing <= self._mtu:
            return True
        return self._add_items(draft, now) or left

    def _add_items(self, draft: Draft, now: int) -> bool:
        """Add log items in their order; return whether some did not fit."""
        for item in self._parts.items.select(now):
            if not draft.add_item(item):
                return True
            self._parts.items.sent(item, now)
        return False

    def _add_intents(self, draft: Draft, now: int) -> bool:
        """
        Add intents as fragments of their own; return whether some did not fit.

        They may fill most of a frame, so beside a beacon they would wait for ever; the frame
        that follows when something did not fit carries little else.
        """
        more = False
        for row in self._relayable(now):
            # That there are none any more is short and may wait (``add_rest``).
            if row.sends_left[Section.INTENTS] and _shows_intents(row):
                if draft.add_fragment(Fragment(row.identity, intents=row.intents)):
                    self._sent(row, Section.INTENTS, now)
                else:
                    more = True
        return more

    def add_overdue(self, draft: Draft, now: int) -> list[tuple[Row, Fragment]]:
        """
        Add the newest beacons that entries have left no bytes for, one at least.

        Nothing is noted of them: ``told`` is for that, once the frame leaves.
        """
        added: list[tuple[Row, Fragment]] = []
        kept, before = draft.limit, draft.size
        for row in self._waiting(now) if self._left_out else ():
            left_out_ns = self._left_out.get(row.identity.storage_id, now)
            if now - left_out_ns < OVERDUE * self._relay_ns:
                continue
            for part in self._overdue(row, now):
                if not draft.add_fragment(part):
                    break
                added.append((row, part))
                draft.limit = min(kept, max(draft.size, before + self._overdue_bytes))
        draft.limit, draft.missing = kept, 0
        return added

    def _overdue(self, row: Row, now: int) -> Iterator[Fragment]:
        """Yield the newest beacon of a row, and its lists where they were not relayed either."""
        beacon, lists = row.beacon, row.lists
        if beacon is None or not row.sends_left[Section.BEACON]:
            return
        listed = now - row.lists_sent_ns < OVERDUE_LISTS * self._lists_ns
        age_ms = stated_age_ms(row.made_after_ns, now, self._drift_ppm)
        if lists is beacon and not listed:
            yield Fragment(row.identity, age_ms, self._relayed_lists(beacon, now))
            return
        yield Fragment(row.identity, age_ms, beacon.without_lists())
        if lists is not None and not listed:
            age_ms = stated_age_ms(row.lists_made_after_ns, now, self._drift_ppm)
            yield Fragment(row.identity, age_ms, self._relayed_lists(lists, now))

    def told(self, added: list[tuple[Row, Fragment]], now: int) -> None:
        """Note that what ``add_overdue`` returned is in the frame that leaves now."""
        for row, part in added:
            self._note(row, part, now)

    def add_rest(self, draft: Draft, now: int) -> None:
        """Add rows that somebody near lacks, longest unsent first."""
        left_out = {}
        is_short = draft.limit < self._mtu  # of bytes, and not of room in the frame
        for row in self._waiting(now):
            left = row.sends_left
            beacon, age_ms = self._beacon(row, now)
            consensus = row.consensus if left[Section.CONSENSUS] else None
            beaten = row.beat_left and consensus is None
            beat = beat_of(row.consensus, row.newest_version) if beaten else None
            whole = Fragment(
                row.identity,
                age_ms,
                beacon,
                consensus,
                row.mission if left[Section.MISSION] else None,
                None if _shows_intents(row) or not left[Section.INTENTS] else row.intents,
                beat=beat,
            )
            for part in self._by_age(row, whole, now):
                if not any(part[2:]) or not draft.add_fragment(part):
                    break
                self._note(row, part, now)
            self._add_lists(draft, row, now)
            if is_short and left[Section.BEACON] and row.sent_ns[Section.BEACON] != now:
                robot = row.identity.storage_id
                left_out[robot] = self._left_out.get(robot, now)
        self._left_out = left_out

    def _waiting(self, now: int) -> list[Row]:
        """Rows with news that were not relayed for a relay period, longest unsent first."""
        if self._parts.links.all_hear_all:
            return []
        waiting = [
            row
            for row in self._relayable(now)
            if now - row.sent_ns[Section.BEACON] >= self._relay_ns and self._has_news(row, now)
        ]
        return sorted(waiting, key=lambda row: row.sent_ns[Section.BEACON])

    def _by_age(self, row: Row, whole: Fragment, now: int) -> Iterator[Fragment]:
        """
        Yield a fragment of a row, in two where one age would not do for both.

        The age bounds the beacon and the consensus section; together they state the older one.
        An old section would make a young beacon look old, more so with every hop.
        """
        if whole.consensus is None and whole.beat is None:
            yield whole
            return
        age_ms = stated_age_ms(row.consensus_after_ns, now, self._drift_ppm)
        if whole.beacon is None or abs(age_ms - whole.age_ms) <= SAME_AGE_MS:
            yield whole._replace(age_ms=max(age_ms, whole.age_ms))
            return
        yield whole._replace(consensus=None, beat=None)
        yield Fragment(row.identity, age_ms, consensus=whole.consensus, beat=whole.beat)

    def _has_news(self, row: Row, now: int) -> bool:
        held = ((Section.MISSION, row.mission), (Section.INTENTS, row.intents))
        for section, value in held:
            if value is not None and now - row.sent_ns[section] >= self._refresh_ns:
                row.sends_left[section] = max(1, row.sends_left[section])
        return row.beat_left or any(row.sends_left)

    def _beacon(self, row: Row, now: int) -> tuple[Beacon | None, int]:
        """Return the beacon to relay and its age bound: with its lists when they are due."""
        beacon = row.beacon
        if not row.sends_left[Section.BEACON] or beacon is None:
            return None, 0
        age_ms = stated_age_ms(row.made_after_ns, now, self._drift_ppm)
        if beacon is row.lists and now - row.lists_sent_ns >= self._lists_ns:
            return self._relayed_lists(beacon, now), age_ms
        return beacon.without_lists(), age_ms

    def _add_lists(self, draft: Draft, row: Row, now: int) -> None:
        """Add the newest lists where they came with an older beacon."""
        lists = row.lists
        if lists is None or now - row.lists_sent_ns < self._lists_ns:
            return
        age_ms = stated_age_ms(row.lists_made_after_ns, now, self._drift_ppm)
        if draft.add_fragment(Fragment(row.identity, age_ms, self._relayed_lists(lists, now))):
            row.lists_sent_ns = now

    def _relayed_lists(self, beacon: Beacon, now: int) -> Beacon:
        """Keep the live links of a beacon's list; echoes of hearsay help nobody further away."""
        packed = self._parts.echoes.as_it_came(beacon.heard, now)
        if packed is not None:  # all of them live
            return beacon.with_heard((), packed)
        links = tuple([heard for heard in beacon.heard if heard.direct])
        return self._parts.packed(beacon.with_heard(links, b''), now)

    def _note(self, row: Row, fragment: Fragment, now: int) -> None:
        row.sent_ns[Section.BEACON] = now
        if fragment.beacon is not None and any(fragment.beacon[-3:]):
            row.lists_sent_ns = now
        self._sent_consensus(row, fragment, now)
        for section in (Section.BEACON, Section.MISSION, Section.INTENTS):
            if fragment[2 + section] is not None:
                self._sent(row, section, now)

    def _sent_consensus(self, row: Row, fragment: Fragment, now: int) -> None:
        if fragment.consensus is not None:
            self._sent(row, Section.CONSENSUS, now)
        if fragment.consensus is not None or fragment.beat is not None:
            row.beat_left = False

    def _sent(self, row: Row, section: Section, now: int) -> None:
        row.sends_left[section] = max(0, row.sends_left[section] - 1)
        row.sent_ns[section] = now

    def _relayable(self, now: int) -> list[Row]:
        """Rows that a neighbour lacks, fresh enough, of robots believed alive."""
        lacking = self._parts.links.lacking
        if self._parts.links.all_hear_all:
            return []
        return [
            row
            for row in self._parts.table.rows()
            if row.cooperates
            and lacking(row.identity.storage_id)
            and row.life in (Life.ALIVE, Life.SUSPECT)
            and now - row.refreshed_ns <= self._max_age_ns
        ]


def _shows_intents(row: Row) -> bool:
    return row.intents is not None and bool(row.intents.intents)
