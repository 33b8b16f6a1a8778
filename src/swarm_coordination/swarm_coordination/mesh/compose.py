# SPDX-License-Identifier: Apache-2.0
"""
What goes into the next frame, and when: stop, consensus, beacon, then the rest.

A frame leaves every beacon period. Stops, consensus changes, new log items and intents do not
wait for it, but keep a least distance. The byte budget holds always: when it is short the frame
waits, and what may wait (relays, digests, items served) leaves one frame's worth of bytes to
what may not. Where beacons leave what may wait no bytes they come more seldom: the rest tells of
robots out of hearing, which are known by that alone. What entries leave no bytes for in that goes
with the own beacon once it is overdue. While entries wait for their bytes, they and
the beacons get half of the budget each: so a beacon is late at most by the time in which twice its
bytes come in, overdue rows among them, and entries of any length get through.
"""

from __future__ import annotations

from collections.abc import Iterator
import random

from swarm_coordination.mesh.budget import Savings, TokenBucket
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.own import LEADER
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.relays import Relays
from swarm_coordination.mesh.rows import (
    Beacon,
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    StopFlag,
    Want,
)
from swarm_coordination.mesh.selves import OtherSelves
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.silent import SilentPoses
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import seconds_to_ns

# Stops take at most an eighth of a frame (ten of them at 1200 bytes): the longest log item
# has to fit beside them, or the entry that lifts them might never get through.
STOPS_SHARE = 8
# Digests of robots heard directly, as a part of the others'.
_SELDOM = 10
# A leader not heard for so many beacons is asked for: soon enough for most election time-outs, and
# three frames in a row are seldom lost.
_MISSED = 3.5
# The budget is ample while this part of the burst is left.
AMPLE_SHARE = 2
# Where it is not, and a relay or digest was left out, beacons take one byte in so many: robots out
# of hearing are known by those alone (docs/protocol.md, section 1).
BEACONS_SHARE = 3
# But they come within so many periods where relays wait, and where digests do: heartbeats ride in
# them, and election time-outs begin at 0.2 s. In one hop, where next to nothing is relayed, five
# robots on 1 kB/s elected twice a minute with six for both, while nothing failed.
PACED_BY_RELAYS = 6
PACED_BY_DIGESTS = 4


class Composer:
    """Builds frames from the shared parts of the mesh."""

    def __init__(
        self,
        settings: MeshSettings,
        ids: tuple[int, int],
        codec: FrameCodec,
        parts: MeshParts,
        rng: random.Random,
        now: int,
    ) -> None:
        self._settings, self._ids, self._codec, self._parts = settings, ids, codec, parts
        self._period_ns = seconds_to_ns(settings.beacon_period_s)
        self._urgent_ns = seconds_to_ns(settings.urgent_period_s)
        self._refresh_ns = seconds_to_ns(settings.refresh_period_s)
        self._missed_ns = seconds_to_ns(_MISSED * settings.beacon_period_s)
        self._relays = Relays(settings, parts)
        self.silent = SilentPoses(settings, parts)
        self.selves = OtherSelves(parts, codec, now)
        self._digest_ns = seconds_to_ns(settings.digest_period_s)
        self.bucket = TokenBucket(settings.byte_budget_per_s, settings.burst_bytes, now)
        self._savings = Savings(settings.byte_budget_per_s, now)
        # A random phase, so that robots started together do not all speak at once.
        self._next_beacon_ns = now + rng.randrange(self._period_ns)
        self._last_frame_ns = now - self._period_ns
        self._last_digest_ns = now
        self._stops_cursor = 0
        self._stops_told: set[StopFlag] = set()  # those in force that a frame has held
        self._urgent = False
        self._short_of = 0  # bytes the last urgent attempt wanted and did not have
        self._beacon_short_of = 0  # the same of the last beacon
        self._paced = 0  # periods within which the next beacon comes; 0: nothing was left out
        self.state = Beacon(0, False, 0, 0, 0, 0, 0, 0, 0, 0, ())
        self.want: Want | None = None
        self.counter = 0
        self.heartbeat = 0
        self.last_size = 0  # of the newest frame, measured

    def urge(self) -> None:
        """Something new should not wait for the next beacon."""
        self._urgent = True
        self._short_of = self._beacon_short_of = 0

    @property
    def is_urged(self) -> bool:
        """Whether something waits for a frame before the next beacon, or for its bytes."""
        return self._urgent or bool(self._savings)

    def deadline(self, now: int) -> int:
        """Time at which ``compose`` will next have something to do."""
        due, short = self._next_beacon_ns, self._beacon_short_of
        if self._savings:
            return max(now, min(self._deadline_while_saving(now)))
        if short:
            due = max(due, self.bucket.ready_ns(short, now))
        if self._urgent and self._next_beacon_ns > now:
            urgent = self._last_frame_ns + self._urgent_ns
            if self._short_of:
                urgent = max(urgent, self.bucket.ready_ns(self._short_of, now))
            due = min(due, urgent)
        return max(due, now)

    def _deadline_while_saving(self, now: int) -> tuple[int, int]:
        """Return the times of the next beacon and of what waits, each out of its half."""
        tokens, beacon, short = self.bucket.available(now), self._next_beacon_ns, self._short_of
        if self._beacon_short_of:
            beacon = max(beacon, self._savings.beside_ns(self._beacon_short_of, now, tokens))
        if self._next_beacon_ns > now:
            ready = self.bucket.ready_ns(short, now)
        else:
            ready = self._savings.ready_ns(short, now, tokens)
        return beacon, max(ready, self._last_frame_ns + self._urgent_ns)

    def beacon_due(self, now: int) -> bool:
        """Whether the next frame is to carry a beacon."""
        return now >= self._next_beacon_ns

    def compose(self, now: int) -> Frame | None:
        """Return the next frame where one is due and affordable."""
        beacon_due = self.beacon_due(now)
        urgent_due = self._urgent and now >= self._last_frame_ns + self._urgent_ns
        if not (beacon_due or urgent_due):
            return None
        tokens = self.bucket.available(now)
        saved = self._savings.held(now, tokens) if self._savings else 0
        if beacon_due:
            if tokens - saved >= self._beacon_short_of:
                frame = self._attempt(now, tokens, tokens - saved, beacon_due=True)
                if frame is not None:
                    return frame
            if not saved:
                return None
            tokens = saved  # a beacon that is due keeps the rest
        if not urgent_due or tokens < self._short_of:
            return None
        return self._attempt(now, tokens, tokens, beacon_due=False)

    def _attempt(
        self, now: int, tokens: int, own_tokens: int, *, beacon_due: bool
    ) -> Frame | None:
        """Return a frame of ``tokens`` bytes, ``own_tokens`` for stops and own sections."""
        header = FrameHeader(*self._ids, self._parts.own.identity, self.counter + 1)
        draft = Draft(self._codec, header, self._settings.mtu_bytes)
        self._add_stops(draft)
        own = self._add_own(draft, tokens, now, beacon_due=beacon_due)
        overdue = self._relays.add_overdue(draft, now) if beacon_due else []
        if draft.size > own_tokens:
            self._note_short(draft.size, beacon_due=beacon_due)
            return None
        self._note_short(0, beacon_due=beacon_due)
        self._relays.told(overdue, now)
        draft.limit = min(draft.limit, tokens)
        self._urgent = more = self._add_others(draft, tokens, now, beacon_due=beacon_due)
        mtu = self._settings.mtu_bytes
        if not more:
            self._savings.wait_for(0, now)
        elif beacon_due and tokens < draft.missing and not self._savings:
            self._savings.wait_for(min(draft.missing, mtu), now)
        held_back = not beacon_due and draft.missing <= mtu and not self._awaited(draft)
        if draft.empty or (more and held_back):
            if more:
                self._wait_for_more(min(draft.missing or mtu, mtu), tokens, now)
            return None
        self._commit(draft, own, beacon_due, now)
        frame = draft.frame()
        self.selves.sent(frame, self.heartbeat, now)
        return frame

    def _add_others(self, draft: Draft, tokens: int, now: int, *, beacon_due: bool) -> bool:
        """Add what others say, and what may wait; return whether some of the former is left."""
        more = self._relays.add_urgent(draft, now, beacon_due=beacon_due)
        snapshots = self._parts.snapshots
        overdue = snapshots.is_overdue(now)
        if overdue:
            more = snapshots.add(draft, now, beacon_due=beacon_due) or more
        draft.limit = min(draft.limit, max(draft.size, tokens - self._settings.mtu_bytes))
        if beacon_due:
            self._add_rest(draft, now)
        if not overdue:
            more = snapshots.add(draft, now, beacon_due=beacon_due) or more
        return more

    def _add_rest(self, draft: Draft, now: int) -> None:
        """Add what may wait, and note by what is left out of it how the next beacon is paced."""
        missing, draft.missing = draft.missing, 0
        self._relays.add_rest(draft, now)
        self.silent.add(draft, now)
        self._paced = PACED_BY_RELAYS if draft.missing else 0
        self._add_digests(draft, now)
        if draft.missing and not self._paced:
            self._paced = PACED_BY_DIGESTS
        draft.missing = missing or draft.missing

    def _note_short(self, size: int, *, beacon_due: bool) -> None:
        if beacon_due:
            self._beacon_short_of = size
        else:
            self._short_of = size

    def _commit(self, draft: Draft, own: Fragment, beacon_due: bool, now: int) -> None:
        self.counter += 1
        self.last_size = draft.size
        self.bucket.spend(draft.size)
        if self._savings:
            if not beacon_due:
                self._savings.spend(draft.size)
            self._savings.held(now, self.bucket.available(now))
        self._last_frame_ns = now
        self._parts.own.sent(own, now)
        self._stops_told.update(draft.stops)
        if beacon_due:
            self.heartbeat += 1
            self._parts.sent.note(own.owner.incarnation, self.heartbeat, now)
            self._next_beacon_ns = self._after_beacon(draft, own, now)

    def _after_beacon(self, draft: Draft, own: Fragment, now: int) -> int:
        """Return when the next beacon is due: later where they would take most of the budget."""
        due = self._next_beacon_ns + self._period_ns
        if due <= now:
            due = now + self._period_ns
        if not self._paced or self._savings or self._is_ample(self.bucket.available(now)):
            return due
        bare = Fragment(own.owner, 0, own.beacon)
        size = draft.overhead + self._codec.measure(bare, own.owner)
        wait_ns = BEACONS_SHARE * self.bucket.comes_in_ns(size)
        return max(due, now + min(wait_ns, self._paced * self._period_ns))

    def _is_ample(self, tokens: int) -> bool:
        return AMPLE_SHARE * tokens >= self._settings.burst_bytes

    def _wait_for_more(self, needed: int, tokens: int, now: int) -> None:
        """Let what did not fit wait for its bytes, and never for bytes that are there."""
        if needed <= tokens:  # what may wait leaves one frame's worth
            needed = 2 * self._settings.mtu_bytes
        self._short_of = needed
        self._urgent = tokens < needed
        self._savings.wait_for(needed if self._urgent else 0, now)

    def _awaited(self, draft: Draft) -> bool:
        """
        Whether somebody waits for what it holds, so that it goes without what does not fit.

        Nobody waits for a stop told before, a heartbeat, or a leader's levels without their
        entries: beacons repeat them. Frames of these alone could spend every byte as it comes,
        and what waits would never fit.
        """
        if draft.items or draft.snapshot or len(draft.fragments) > 1:
            return True
        if any(flag not in self._stops_told for flag in draft.stops):
            return True
        return any(
            part.intents is not None
            or (part.consensus is not None and part.consensus.role != LEADER)
            for part in draft.fragments
        )

    def _add_stops(self, draft: Draft) -> None:
        """Add the stops in force, taking turns where they would crowd out all else."""
        flags = self._parts.stops.active()
        if self._stops_told:
            self._stops_told.intersection_update(flags)
        if not flags:
            return
        kept = draft.limit
        draft.limit = draft.size + kept // STOPS_SHARE
        start = self._stops_cursor % len(flags)
        for flag in flags[start:] + flags[:start]:
            self._stops_cursor += draft.add_stop(flag)
        draft.limit, draft.missing = kept, 0

    def _add_own(self, draft: Draft, tokens: int, now: int, *, beacon_due: bool) -> Fragment:
        """Add the own sections; what does not fit waits, the beacon last of all."""
        parts = self._parts
        ample = self._is_ample(tokens)
        due = parts.own.fragment(now, self._refresh_ns, urgent=not beacon_due, ample=ample)
        if beacon_due:
            draft.set_want(self.want)
            due = due.with_beacon(self._beacon(now))
        for wanted in _ever_less(due):
            if any(wanted[2:]) and draft.add_fragment(wanted):
                return self._add_own_rest(draft, due, wanted)
        while due.beacon is not None:  # room only for a shorter list
            heard = due.beacon.heard
            shorter = due.beacon._replace(
                heard=heard[: len(heard) // 2], accused=(), echoes=self._parts.echoes.tag
            )
            due = due._replace(beacon=shorter, mission=None, intents=None)
            if draft.add_fragment(due):
                return due
            if not heard:
                due = due._replace(beacon=None)
        return Fragment(parts.own.identity)

    def _add_own_rest(self, draft: Draft, due: Fragment, added: Fragment) -> Fragment:
        """Try what was left out as a fragment of its own (intents in an urgent frame)."""
        if added.intents is None and due.intents is not None:
            rest = Fragment(due.owner, 0, intents=due.intents)
            if draft.add_fragment(rest):
                return added._replace(intents=due.intents)
        return added

    def _beacon(self, now: int) -> Beacon:
        parts = self._parts
        parts.echoes.refresh(parts.own.identity, parts.table.rows())
        state, heard = self.state, parts.heard.select(self.state, now)
        accused, packed = parts.detector.accusations(now), parts.echoes.pack(heard, now)
        if packed is None:
            packed, heard = parts.echoes.tag, parts.heard.nearest_first(heard)
        else:
            heard = ()
        return Beacon(self.heartbeat + 1, *state.place, heard, accused, packed)

    def _add_digests(self, draft: Draft, now: int) -> None:
        """Say what is held of others' rows: at once where it is known to be old, or missed."""
        parts = self._parts
        # Who is known by the pose that others told of it may come back and have forgotten more.
        rows = [
            row
            for row in parts.table.rows()
            if row.cooperates and (row.beacon or row.life is Life.SILENT)
        ]
        urgent = {row.identity.storage_id for row in rows if row.behind or self._misses(row, now)}
        if now - self._last_digest_ns < self._digest_ns:
            rows = [row for row in rows if row.identity.storage_id in urgent]
            if not rows:
                return
        else:
            self._last_digest_ns = now
            # A neighbour repeats its own row anyway: its turn comes a tenth as often.
            seldom = now - _SELDOM * self._digest_ns
            rows = [
                row
                for row in rows
                if row.identity.storage_id in urgent
                or row.digested_ns <= seldom
                or not parts.links.live(row, now)
            ]
        limit = min(draft.limit, draft.size + self._settings.digest_bytes)
        draft.limit, kept = limit, draft.limit

        def order(row: Row) -> tuple[bool, int]:
            return (row.identity.storage_id not in urgent, row.digested_ns)

        for row in sorted(rows, key=order):
            _, storage_id, incarnation = row.identity
            heartbeat = row.beacon.heartbeat if row.beacon else 0
            if not draft.add_digest(Digest(storage_id, incarnation, heartbeat, *row.versions())):
                break
            row.digested_ns = now
            self._pass_on(row, draft, now)
        draft.limit = kept

    def _pass_on(self, row: Row, draft: Draft, now: int) -> None:
        """
        Tell the owner of a row, or who may reach it, of the later incarnation that others show.

        Seldom where the owner is not heard here: neighbours tell it to each other again.
        """
        _, storage_id, incarnation = row.identity
        if row.shown_incarnation <= incarnation:
            return
        pause = _SELDOM * self._digest_ns
        if not self._parts.links.live(row, now) and now - row.shown_sent_ns < pause:
            return
        if draft.add_digest(Digest(storage_id, row.shown_incarnation, 0, 0, 0, 0)):
            row.shown_incarnation, row.shown_sent_ns = 0, now

    def _misses(self, row: Row, now: int) -> bool:
        """
        Whether this is a leader that was heard until a few beacons ago.

        Neighbours relay nothing that we list as heard, for as long as the link times out: they
        are shown that we lack it (``Merger.digest``).
        """
        return (
            row.leads
            and row.life is Life.ALIVE
            and now - row.refreshed_ns > self._missed_ns
            and self._parts.links.live(row, now)
        )


def _ever_less(due: Fragment) -> Iterator[Fragment]:
    """Yield the own sections, then without intents, then without the mission as well."""
    yield due
    yield due._replace(intents=None)
    yield due._replace(intents=None, mission=None)
