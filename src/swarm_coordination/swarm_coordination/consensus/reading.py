# SPDX-License-Identifier: Apache-2.0
"""
Linearizable reads without a log entry: the read index (Ongaro 2014, section 6.4).

A read may be answered from any state that holds everything committed before the read was asked
for. The leader finds such an index: its own commit index, once an entry of its own term is
committed, and once a majority has echoed a heartbeat that was *sent after* the read arrived (no
newer leader can have committed anything before that). A follower shows its read as a one-shot,
takes the index from the leader's row, and is done when it has applied as far. No clock is read.

An index says nothing of another cluster's log. So a member whose log a forced cluster has made
void neither shows nor ends a read; once its log is joined, all that wait are asked anew.
"""

from __future__ import annotations

from collections import deque
import random
from typing import NamedTuple

from swarm_coordination.consensus.messages import (
    Answer,
    OneShot,
    OneShotKind,
    ReadAnswer,
    ReadRequest,
)
from swarm_coordination.consensus.state import MemberState
from swarm_coordination.epochs import epoch_of
from swarm_coordination.errors import ProposalRefused

# A robot that reads faster than it is answered is told so: 64 are more than a second's worth.
READS_MAX = 64
# Answers shown at once: eight fit a row easily. More wait until a majority has heard these.
ANSWERS_MAX = 8
# Reads of others that wait, for echoes or to be shown: one for each robot and heartbeat, over
# several heartbeats.
PENDING_MAX = 256


class _Known(NamedTuple):
    """An own read, answered by a leader of ``epoch``: done once applied up to ``through``."""

    serial: int
    epoch: int
    through: int


class Reading:
    """Reads of one member, and those that others ask it for while it leads."""

    def __init__(self, state: MemberState, rng: random.Random) -> None:
        self._state = state
        # Starts at random: an answer to a former life must not look like one to this.
        self._serial = self._before = rng.getrandbits(32)
        self._asked: deque[int] = deque()  # own, not answered, ascending
        self._again_ns = 0  # when they are asked for anew
        self._known: deque[_Known] = deque()  # own, answered, ascending
        self._term = 0  # of the leadership that the following belongs to
        self._pending: dict[tuple[int, int], int] = {}  # (heartbeat to echo, asker) -> serial
        # By asker, oldest first: (first heartbeat that carries it, answer).
        self._answers: dict[int, tuple[int, Answer]] = {}

    def ask(self, now: int) -> int:
        """Ask for a read; return its serial. Raises ProposalRefused while too many wait."""
        if len(self._asked) + len(self._known) >= READS_MAX:
            raise ProposalRefused(f'{READS_MAX} reads are waiting')
        self._show(now)
        self._asked.append(self._serial)
        return self._serial

    def _show(self, now: int) -> None:
        """Show, or admit, a new serial: its answer is one to all reads before it."""
        self._serial += 1
        self._again_ns = now + self._state.settings.election_timeout_max_ns
        if self._state.leadership is not None:
            self._admit(self._state.member, self._serial, now)

    @property
    def is_busy(self) -> bool:
        """Whether a read waits here, own or another's."""
        return bool(self._asked or self._pending)

    def advance(self, now: int) -> None:
        """Answer what a majority has confirmed; ask again for what nobody answered in time."""
        self._confirm(now)
        if self._asked and now >= self._again_ns:
            self._show(now)

    def take(self, applied: int) -> tuple[int, ...]:
        """Return the own reads, by serial, that the state at ``applied`` answers."""
        if self._known and self._known[0].epoch != epoch_of(self._state.term):
            self._ask_anew()
        done = []
        while self._known and self._known[0].through <= applied:
            done.append(self._known.popleft().serial)
        return tuple(done)

    def _ask_anew(self) -> None:
        """Let what was answered by leaders of another cluster wait for this one's."""
        self._asked.extendleft(known.serial for known in reversed(self._known))
        self._known.clear()
        self._again_ns = 0

    def shown(self) -> OneShot | None:
        """Return the newest own read as a one-shot to the leader, while there is one."""
        leader = self._state.following.leader
        if not self._asked or leader in (0, self._state.member) or self._state.is_void:
            return None
        return OneShot(OneShotKind.READ, leader, self._serial)

    def answers(self) -> tuple[Answer, ...]:
        """Return the newest answers of a leader."""
        if self._state.leadership is None or self._term != self._state.term:
            return ()
        return tuple(answer for _, answer in self._answers.values())

    def on_request(self, request: ReadRequest, now: int) -> None:
        """As leader: take another member's read."""
        state = self._state
        if state.leadership is not None and request.term == state.term:
            if request.target == state.member:
                self._admit(request.asker, request.serial, now)

    def on_answer(self, answer: ReadAnswer) -> None:
        """Take the leader's answer to the own reads up to one of them."""
        state = self._state
        # A leader shows its last answer for long: one to a former life, whose serials may have
        # been higher, says nothing about what was committed since.
        shown = self._before < answer.serial <= self._serial
        if shown and answer.asker == state.member and answer.term == state.term:
            self._answered(answer.serial, answer.index)

    def _admit(self, asker: int, serial: int, now: int) -> None:
        """Let a read wait for echoes of the next heartbeat, which is due at once."""
        state = self._state
        assert state.leadership is not None
        if self._term != state.term:
            self._term, self._pending, self._answers = state.term, {}, {}
        if len(self._pending) >= PENDING_MAX:
            del self._pending[next(iter(self._pending))]
        self._pending[state.leadership.heartbeat + 1, asker] = serial
        state.leadership.beat_at = min(state.leadership.beat_at, now)

    def _confirm(self, now: int) -> None:
        state, leadership = self._state, self._state.leadership
        if leadership is None or self._term != state.term or not self._pending:
            return
        if state.log.term_at(state.commit) != state.term:
            return  # a former leader may have committed more than is known here
        confirmed = leadership.confirmed_heartbeat()
        for key in [key for key in self._pending if key[0] <= confirmed]:
            asker = key[1]
            if asker == state.member:
                self._answered(self._pending.pop(key), state.commit)
            elif self._make_room(asker, confirmed):
                answer = Answer(asker, self._pending.pop(key), state.commit)
                self._answers[asker] = (leadership.heartbeat + 1, answer)
            elif self._oldest_shown() > leadership.heartbeat:
                leadership.beat_at = min(leadership.beat_at, now)

    def _make_room(self, asker: int, confirmed: int) -> bool:
        """Drop what is not to be shown beside an answer to ``asker``; False: it has to wait."""
        self._answers.pop(asker, None)
        if len(self._answers) >= ANSWERS_MAX:
            if self._oldest_shown() > confirmed:
                return False  # its asker may not have heard it, and would ask again much later
            del self._answers[next(iter(self._answers))]
        return True

    def _oldest_shown(self) -> int:
        """Return the first heartbeat that carries the oldest answer."""
        return next(iter(self._answers.values()))[0]

    def _answered(self, serial: int, index: int) -> None:
        epoch = epoch_of(self._state.term)
        while self._asked and self._asked[0] <= serial:
            self._known.append(_Known(self._asked.popleft(), epoch, index))
