# SPDX-License-Identifier: Apache-2.0
"""
Row <-> Raft message: a member's levels as a row section, a peer's section as messages.

A row is a level, a message an edge. A section therefore gives only the messages in which it
differs from the owner's section before it; one that is not newer gives none. Versions in
between may be skipped, because each field is the newest of its kind and says all there is.

A section that nothing proves to be of late may be one recorded before, and played again by a
stranger without the key. Answers that name what they answer (the term, attempt, heartbeat or
serial that this robot gave out) hold all the same, as do a log's end and commit. Whatever
asks for something or certifies a leader is given only by a section that is proved: it is compared
with the last that was, so nothing is lost by what came between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Levels,
    Message,
    OneShotKind,
    ReadAnswer,
    ReadRequest,
    Role,
    TermNotice,
    TimeoutNow,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.mesh.own import LEADER
from swarm_coordination.mesh.rows import ConsensusSection, Identity, LogItem, RowAnswer, RowOneShot
from swarm_coordination.persistence import Entry, EntryKind

# What a row that was never seen is compared with: everything in a section is news.
_NOTHING = ConsensusSection._make((0, 0, Role.LEARNER, *([0] * 14), False, None, ()))


# What may be old: it names what it answers, which is young or is counted no more.
_ANSWERS = (VoteResponse, HeartbeatResponse, AppendResponse, ReadAnswer)


class _Peer(NamedTuple):
    """The newest section of one incarnation of a peer, and the newest that was proved."""

    incarnation: int
    seen: ConsensusSection
    proved: ConsensusSection


_STRANGER = _Peer(-1, _NOTHING, _NOTHING)


def append_from_item(item: LogItem) -> Append:
    """Return the message that a log item stands for."""
    entry = Entry(item.index, item.term, item.payload, EntryKind(item.kind))
    return Append(item.leader_term, item.index - 1, item.prev_term, (entry,))


def items_after(raft: Raft, index: int, max_bytes: int) -> tuple[LogItem, ...]:
    """
    Return entries after ``index`` as items of the leader of ``raft``'s term.

    Any member gives what it has verified against that leader; ``max_bytes`` bounds the
    payloads plus 16 bytes for each.
    """
    items = []
    for entry in raft.items_from(index, max_bytes):
        prev_term = raft.log.term_at(entry.index - 1) or 0
        items.append(
            LogItem(raft.term, entry.index, entry.term, prev_term, entry.payload, int(entry.kind))
        )
    return tuple(items)


class ConsensusRows:
    """
    The two directions for one robot; holds the last section of every peer.

    The table of peers is bounded by whoever feeds it: call ``keep_only`` with the rows held.
    """

    def __init__(self) -> None:
        self._own: ConsensusSection | None = None
        self._levels: Levels | None = None  # that it was made from
        self._peers: dict[int, _Peer] = {}

    def section(self, raft: Raft) -> ConsensusSection:
        """Return the own section; its version rises by one whenever its content changes."""
        levels = raft.levels()
        own, before = self._own, self._levels
        if own is None or before is None:
            own = _section(1, levels)
        elif levels is not before and levels != before:
            version = own.version + 1
            if levels.is_like(before):
                own = own.beating(version, levels.heartbeat)
            else:
                own = _section(version, levels)
        self._own, self._levels = own, levels
        return own

    def of(self, storage_id: int) -> ConsensusSection | None:
        """Return the newest section seen of a peer."""
        return self._peers[storage_id].seen if storage_id in self._peers else None

    def messages(
        self, owner: Identity, section: ConsensusSection, *, proved: bool = True
    ) -> tuple[Message, ...]:
        """
        Return what ``section`` says beyond the last one of its owner.

        Versions count within an incarnation. A newer incarnation starts over: its first
        section is compared with nothing, so that nothing the owner shows can be missed.
        ``proved``: it was made of late. The same may come twice, the second time proved.
        """
        peer = self._peers.get(owner.storage_id, _STRANGER)
        if owner.incarnation < peer.incarnation:
            return ()
        if owner.incarnation > peer.incarnation:
            peer = _STRANGER
        last = peer.proved if proved else peer.seen
        if (section.version, section.heartbeat) <= (last.version, last.heartbeat):
            return ()
        kept = (owner.incarnation, section, section if proved else peer.proved)
        self._peers[owner.storage_id] = tuple.__new__(_Peer, kept)
        beat = section.heartbeat
        if beat and beat != last.heartbeat and section.is_like(last) and not _leads(section):
            # As nearly always: a follower that has heard its leader once more.
            fields = (owner.storage_id, section.term, section.leader, beat)
            return (tuple.__new__(HeartbeatResponse, fields),)
        changes = tuple(_changes(owner.storage_id, last, section))
        return changes if proved else tuple(_certain(changes))

    def keep_only(self, storage_ids: Collection[int]) -> None:
        """Drop what is held of robots whose rows were given up."""
        if len(self._peers) > len(storage_ids):
            self._peers = {peer: self._peers[peer] for peer in self._peers if peer in storage_ids}


def _certain(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield what holds whenever it was said."""
    for message in messages:
        if isinstance(message, Heartbeat):
            yield message._replace(proved=False)
        elif isinstance(message, _ANSWERS):
            yield message


def _leads(section: ConsensusSection) -> bool:
    return section.role == LEADER


def _section(version: int, levels: Levels) -> ConsensusSection:
    """Return levels as plain numbers; a one-shot that asks nothing is left out."""
    *numbers, forced, one_shot, answers = levels
    asked = RowOneShot(*map(int, one_shot)) if one_shot.kind else None
    rows = tuple(RowAnswer(*answer) for answer in answers)
    return ConsensusSection._make((version, *map(int, numbers), forced, asked, rows))


def _changes(owner: int, last: ConsensusSection, row: ConsensusSection) -> Iterator[Message]:
    """Yield the messages in which ``row`` differs from ``last``, leaders' and terms first."""
    new_term = row.term != last.term
    new_role = new_term or row.role != last.role
    if _leads(row):
        beat = (row.heartbeat, row.commit, row.last_index, row.last_term)
        if new_role or beat != (last.heartbeat, last.commit, last.last_index, last.last_term):
            yield Heartbeat(row.term, owner, *beat)
    elif row.role == Role.CANDIDATE:
        if new_role:
            yield VoteRequest(
                owner, row.term, row.last_index, row.last_term, False, 0, row.forced
            )
    elif row.term and (new_term or last.role in (Role.LEADER, Role.CANDIDATE)):
        yield TermNotice(owner, row.term)
    if row.role == Role.PRE_CANDIDATE:
        asked = (row.pre_term, row.pre_attempt)
        if last.role != Role.PRE_CANDIDATE or asked != (last.pre_term, last.pre_attempt):
            yield VoteRequest(
                owner, row.pre_term, row.last_index, row.last_term, True, row.pre_attempt
            )
    if row.vote and (new_term or row.vote != last.vote):
        yield VoteResponse(owner, row.term, row.vote, False, 0)
    grant = (row.grant_candidate, row.grant_term, row.grant_attempt)
    if row.grant_candidate and grant != (
        last.grant_candidate,
        last.grant_term,
        last.grant_attempt,
    ):
        yield VoteResponse(owner, row.grant_term, row.grant_candidate, True, row.grant_attempt)
    echo = (row.term, row.leader, row.heartbeat)
    if not _leads(row) and row.heartbeat and echo != (
        last.term,
        last.leader,
        last.heartbeat,
    ):
        yield HeartbeatResponse(owner, *echo)
    acknowledged = (row.match_term, row.match_index)
    if row.match_index and acknowledged != (last.match_term, last.match_index):
        yield AppendResponse(owner, *acknowledged)
    yield from _asked_and_answered(owner, last, row)


def _asked_and_answered(
    owner: int, last: ConsensusSection, row: ConsensusSection
) -> Iterator[Message]:
    """Yield one-shots and answers that ``last`` did not show, in its term."""
    shot, known = row.one_shot, last.term == row.term
    if shot is not None and not (known and shot == last.one_shot):
        if shot.kind == OneShotKind.TIMEOUT_NOW:
            yield TimeoutNow(row.term, owner, shot.target, shot.serial)
        elif shot.kind == OneShotKind.READ:
            yield ReadRequest(row.term, owner, shot.target, shot.serial)
    for answer in row.answers:
        if not (known and answer in last.answers):
            yield ReadAnswer(row.term, owner, *answer)
