# SPDX-License-Identifier: Apache-2.0
"""
Snapshots over the mesh: offered where a log begins too late, pulled chunk by chunk, hop by hop.

Theory of operation. A follower says after which index it wants the log (``Want``). A neighbour
whose log begins after that offers its snapshot. The follower picks the nearest offer and names
that neighbour in its want, beside the bitmap of what it holds; nobody else answers, so the bytes
flow only towards who asks. A robot that is itself getting a snapshot offers it on, one hop
further away, to neighbours that are behind it; so over several hops all links work at the same
time. (A robot that is not behind serves from its own log or snapshot: nobody merely forwards.)

Chunks take at most a quarter of the byte budget and leave a frame's worth of it to what may not
wait. Where nothing has fitted beside that and what relays take for a second, the next part does
not: on the least budget there is never more than a frame's worth.

Held are at most two snapshots and one transfer, of 260 kB each: the newest, and the one before
it, which somebody may have half.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from swarm_coordination.mesh.budget import TokenBucket
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.rows import (
    SNAPSHOT_HOPS_MAX,
    SnapshotChunk,
    SnapshotKey,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWant,
)
from swarm_coordination.mesh.transfer import snapshot_key, Transfer
from swarm_coordination.units import NS_PER_MS, NS_PER_S

BUDGET_SHARE = 4  # one in so many bytes of the budget
HELD_MAX = 2  # the newest, and the one before it, which somebody may still be pulling
# Often enough that an offer or a want is not missed for long at 30 % loss (see _VALID_NS).
_OFFER_NS = 500 * NS_PER_MS
_WANT_NS = 200 * NS_PER_MS
# What was not repeated for so long is void: the robot left, has what it needs, or has nothing.
_VALID_NS = 2 * NS_PER_S
# A chunk on its way is not sent again before a want can have said that it arrived, or not.
_REPEAT_NS = 400 * NS_PER_MS
_NEVER_NS = -(2**62)  # when a chunk that was not sent yet was sent
# Without a chunk for so long another snapshot is begun, where this one is no longer offered,
_STALLED_NS = 3 * NS_PER_S
# and where it is: on 1 kB/s two who ask get a chunk each every 4.2 s, and some are lost.
_SILENT_NS = 20 * NS_PER_S
# A provider whose bytes did not have their hash is not asked again so soon, nor, where another
# offers the same, one that sent nothing: it may not hear who asks (a link that is good one way).
_BANNED_NS = 10 * NS_PER_S
# What relays and digests left no bytes for in so long goes before them, and needs no reserve.
_OVERDUE_NS = NS_PER_S
# Snapshots that arrived whole and are of no use here: more than neighbours offer at a time.
USELESS_MAX = 64


class _Asked(NamedTuple):
    want: SnapshotWant
    at_ns: int


class _Offered(NamedTuple):
    offer: SnapshotOffer
    at_ns: int


class _Choice(NamedTuple):
    """An offer; the least is asked for: of who sends, nearest, newest."""

    mute: bool
    hops: int
    minus_index: int
    robot: int
    key: SnapshotKey


class SnapshotExchange:
    """One robot's part in handing snapshots on; bounded by the neighbours it hears."""

    def __init__(self, own_id: int, byte_budget_per_s: int, now: int = 0) -> None:
        rate = byte_budget_per_s // BUDGET_SHARE
        # A beacon period's worth, two chunks at least: with less a large budget would lie idle.
        self._bucket = TokenBucket(rate, max(1_200, rate // 20), now)
        self._own_id = own_id
        self._held: list[Transfer] = []  # whole, newest last
        self._transfer: Transfer | None = None
        self._provider = 0
        self._hops = 0  # of the provider's offer
        self._least_hops = SNAPSHOT_HOPS_MAX  # of all that were asked since it grew
        self._sourced = False  # whether somebody offers the transfer from no further away
        self._chunk_at = now  # when the transfer last grew
        self._above: int | None = None
        self._log_base = 0
        self._behind: dict[int, tuple[int, int]] = {}  # neighbour: (index in its want, when said)
        self._asked: dict[int, _Asked] = {}
        self._offers: dict[int, _Offered] = {}
        self._banned: dict[int, int] = {}  # provider: until when
        self._mute: dict[int, int] = {}  # the same, asked only where no other offers the name
        self._tried_at = now  # when the provider was asked first, or sent the last chunk
        self._useless: dict[SnapshotKey, None] = {}  # oldest first
        self._aired: dict[int, dict[int, int]] = {}  # digest: chunk: when last sent
        self._offered_at = now - _OFFER_NS
        self._wanted_at = now - _WANT_NS
        self._refused_at: int | None = None  # since when no part has fitted
        self._whole: tuple[SnapshotKey, bytes] | None = None
        # Chunks and wholes that were not what they claimed; anything but 0 is a broken robot.
        self.faults = 0

    # -- what the own robot has and needs ----------------------------------------------------

    def hold(self, index: int, term: int, data: bytes, log_base: int) -> None:
        """Have a snapshot to offer, and a log that begins after ``log_base``."""
        self._log_base = log_base
        self._keep(Transfer(snapshot_key(index, term, data), data))

    def withdraw(self) -> None:
        """Have nothing to offer."""
        if self._held:
            self._held = []

    def need(self, above: int | None) -> None:
        """State that a snapshot above this index is needed; None where none is."""
        self._above = above
        transfer = self._transfer
        if transfer is not None and (above is None or transfer.key.index <= above):
            self._transfer = None

    def take_whole(self) -> tuple[SnapshotKey, bytes] | None:
        """Return a snapshot that has arrived and has its hash, once."""
        whole, self._whole = self._whole, None
        return whole

    def renounce(self, key: SnapshotKey) -> None:
        """Neither ask for this snapshot again nor hand it on: it is of no use here."""
        self._useless[key] = None
        if len(self._useless) > USELESS_MAX:
            del self._useless[next(iter(self._useless))]
        self._held = [held for held in self._held if held.key != key]

    @property
    def progress(self) -> tuple[SnapshotKey, int] | None:
        """Key of the snapshot on its way here and the count of chunks that have arrived."""
        transfer = self._transfer
        return None if transfer is None else (transfer.key, transfer.arrived)

    @property
    def is_asked(self) -> bool:
        """Whether a neighbour asks this robot for chunks."""
        return bool(self._asked)

    # -- what neighbours say -----------------------------------------------------------------

    def behind(self, robot: int, verified: int, now: int) -> None:
        """Note after which index a neighbour wants the log."""
        self._behind[robot] = (verified, now)

    def hear(self, robot: int, part: SnapshotPart, now: int) -> None:
        """Take what a neighbour's frame says about snapshots."""
        if part.offer is not None:
            self._offers[robot] = _Offered(part.offer, now)
        if part.want is not None:
            if part.want.provider == self._own_id:
                self._asked[robot] = _Asked(part.want, now)
            else:
                self._asked.pop(robot, None)
        for chunk in part.chunks:
            self._hear_chunk(chunk, now)

    def _hear_chunk(self, chunk: SnapshotChunk, now: int) -> None:
        transfer = self._transfer
        if transfer is None or chunk.digest != transfer.key.digest:
            return
        before = transfer.arrived
        if not transfer.take(chunk):
            self.faults += 1
            return
        if transfer.arrived == before:
            return  # repeated for another; nothing grew, so it does not count against silence
        self._chunk_at = self._tried_at = now
        self._least_hops = self._hops
        if not transfer.is_whole:
            return
        self._transfer = None
        data = transfer.data()
        if data is None:
            self.faults += 1
            self._banned[self._provider] = now + _BANNED_NS
            return
        self._whole = (transfer.key, data)
        self._keep(transfer)  # others may be waiting for the rest of it

    def _keep(self, transfer: Transfer) -> None:
        """Hold a whole snapshot, and the newest one beside it."""
        others = [held for held in self._held if held.key != transfer.key]
        newest = sorted((*others, transfer), key=lambda held: held.key.index)
        self._held = newest[-HELD_MAX:]

    # -- what goes into frames ---------------------------------------------------------------

    def is_overdue(self, now: int) -> bool:
        """Whether parts wait that should no longer leave a frame's worth of bytes to others."""
        return self._refused_at is not None and now - self._refused_at >= _OVERDUE_NS

    def add(self, draft: Draft, now: int, *, beacon_due: bool) -> bool:
        """Add offer, want and chunks to a frame; return whether another frame is wanted."""
        if not (self._behind or self._asked or self._offers or self._transfer):
            self._refused_at = None
            return False  # as nearly always
        self._forget(now)
        self._choose(now)
        if beacon_due:
            self._add_offer(draft, now)
            self._add_want(draft, now)
        more = self._add_chunks(draft, now)
        if draft.snapshot is not None:
            self._refused_at = None
        elif draft.refused_snapshot and self._refused_at is None:
            self._refused_at = now
        return more

    def _add_offer(self, draft: Draft, now: int) -> None:
        offer = self._own_offer(now)
        if offer is not None and now - self._offered_at >= _OFFER_NS and draft.set_offer(offer):
            self._offered_at = now

    def _own_offer(self, now: int) -> SnapshotOffer | None:
        """Return what to offer, where a neighbour needs it; what still grows, of a transfer."""
        least = min((verified for verified, _ in self._behind.values()), default=None)
        if self._transfer is not None:
            if not self._sourced and now - self._chunk_at >= _STALLED_NS:
                return None
            key, hops = self._transfer.key, self._hops + 1
            if hops <= SNAPSHOT_HOPS_MAX and least is not None and least < key.index:
                return SnapshotOffer(key, hops)
        elif self._held:
            key = self._held[-1].key
            if self._asked or (least is not None and least < self._log_base):
                return SnapshotOffer(key, 0)
        return None

    def _add_want(self, draft: Draft, now: int) -> None:
        transfer = self._transfer
        if transfer is None or now - self._wanted_at < _WANT_NS:
            return
        if draft.set_snapshot_want(SnapshotWant(transfer.key, self._provider, transfer.held)):
            self._wanted_at = now

    def _add_chunks(self, draft: Draft, now: int) -> bool:
        for chunk in self._lacking(now):
            tokens = self._bucket.available(now)
            alone = draft.size if draft.empty else 0
            cost = alone + draft.cost(chunk)
            if cost > tokens:
                return False  # the next beacon will find more
            if not draft.add_chunk(chunk):
                return True
            self._bucket.spend(cost)
            self._aired.setdefault(chunk.digest, {})[chunk.number] = now
        return False

    def _lacking(self, now: int) -> Iterator[SnapshotChunk]:
        """Chunks that somebody asks this robot for, those longest not in the air first."""
        due: list[tuple[int, int, int]] = []
        sources = self._sources()
        for _, asked in sorted(self._asked.items()):
            digest = asked.want.key.digest
            if digest in sources:
                aired = self._aired.get(digest, {})
                for number in sources[digest].lacking(asked.want.held):
                    at = aired.get(number, _NEVER_NS)
                    if now - at >= _REPEAT_NS:
                        due.append((at, number, digest))
        for _, number, digest in sorted(set(due)):
            chunk = sources[digest].chunk(number)
            assert chunk is not None, 'a chunk that was there a moment ago'
            yield chunk

    def _sources(self) -> dict[int, Transfer]:
        """Everything whose chunks are here, by digest."""
        sources = {held.key.digest: held for held in self._held}
        if self._transfer is not None:
            sources[self._transfer.key.digest] = self._transfer
        return sources

    # -- whom to ask -------------------------------------------------------------------------

    def _choose(self, now: int) -> None:
        """Ask the nearest that offers what is on its way; else begin with the nearest offer."""
        if self._above is None:
            return
        if self._transfer is not None and now - self._tried_at >= _STALLED_NS:
            self._mute[self._provider], self._tried_at = now + _BANNED_NS, now
        offers = [
            _Choice(robot in self._mute, offered.offer.hops, -offered.offer.key.index, robot,
                    offered.offer.key)
            for robot, offered in self._offers.items()
            if offered.offer.key.index > self._above
            and offered.offer.hops < SNAPSHOT_HOPS_MAX
            and not self._gives(robot, offered.offer.key)
            and robot not in self._banned
            and offered.offer.key not in self._useless
        ]
        if self._transfer is not None:
            same = [offer for offer in offers if offer.key == self._transfer.key]
            # Who is further from a whole one than the nearest asked may have it from this robot
            # (feasible distances; Garcia-Luna-Aceves 1993, section III). Asked it is, since the
            # way may have grown by motion; but without a chunk nothing is built on it.
            self._sourced = any(offer.hops <= self._least_hops for offer in same)
            if same:
                self._ask(min(same), now)
            if now - self._chunk_at < (_SILENT_NS if same else _STALLED_NS):
                return
            # Nobody sends it any more; what arrived of it is of no use.
            offers = [offer for offer in offers if offer.key != self._transfer.key]
        if offers:
            choice = min(offers)
            self._transfer = Transfer(choice.key)
            self._chunk_at = self._tried_at = now
            self._wanted_at = now - _WANT_NS
            self._least_hops, self._sourced = choice.hops, True
            self._ask(choice, now)

    def _gives(self, robot: int, key: SnapshotKey) -> bool:
        """Whether ``robot`` asks this one for what it offers (split horizon, RFC 1058, 2.2.1)."""
        asked = self._asked.get(robot)
        return asked is not None and asked.want.key == key

    def _ask(self, choice: _Choice, now: int) -> None:
        if choice.robot != self._provider:
            self._tried_at = now
        self._provider, self._hops = choice.robot, choice.hops
        self._least_hops = min(self._least_hops, choice.hops)

    def _forget(self, now: int) -> None:
        """Drop what was not repeated, and times of chunks that nobody holds any more."""
        self._behind = {r: b for r, b in self._behind.items() if now - b[1] <= _VALID_NS}
        self._asked = {r: a for r, a in self._asked.items() if now - a.at_ns <= _VALID_NS}
        self._offers = {r: o for r, o in self._offers.items() if now - o.at_ns <= _VALID_NS}
        self._banned = {r: until for r, until in self._banned.items() if until > now}
        self._mute = {r: until for r, until in self._mute.items() if until > now}
        if self._aired:
            sources = self._sources() if self._asked else {}
            self._aired = {d: at for d, at in self._aired.items() if d in sources}
