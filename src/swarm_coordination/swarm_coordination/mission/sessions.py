# SPDX-License-Identifier: Apache-2.0
"""
Sessions: each accepting robot's commands take effect once and in order.

After Ongaro 2014, section 6.3. A session belongs to the storage id of a robot and ends only by
roster removal. The next serial is applied; a lower one is a duplicate and gets its old result
while that is kept; a higher one leaves a gap and is refused without using up a serial.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# A robot re-sends its oldest unsettled intents, at most 16 a row (mesh.rows.IntentSection), so
# a duplicate is never further back than that.
RESULTS_KEPT = 16
# 64 robots are more than the swarm's rows hold; with 16 results each a snapshot stays small.
SESSIONS_MAX = 64


class Result(NamedTuple):
    """What became of one command; kept to answer duplicates."""

    serial: int
    index: int  # type: ignore[assignment]  # hides tuple.index
    applied: bool
    text: str


class Session(NamedTuple):
    """Highest serial used and the newest results, ascending serial."""

    last_serial: int
    results: tuple[Result, ...]


class Sessions:
    """All sessions of the state machine, by storage id."""

    def __init__(self, sessions: Iterable[tuple[int, Session]] = ()) -> None:
        self._sessions: dict[int, Session] = dict(sessions)

    def __contains__(self, robot: int) -> bool:
        """Whether ``robot`` has submitted anything."""
        return robot in self._sessions

    def next_serial(self, robot: int) -> int:
        """Return the only serial of ``robot`` that would be applied now."""
        session = self._sessions.get(robot)
        return 1 if session is None else session.last_serial + 1

    def refusal(self, robot: int, serial: int) -> str:
        """Why (robot, serial) must not be applied; empty where it may."""
        expected = self.next_serial(robot)
        if serial < expected:
            old = self.result(robot, serial)
            return f'duplicate: {old.text}' if old else 'duplicate: result no longer kept'
        if serial > expected:
            return f'gap: serial {serial} came, {expected} is next'
        if robot not in self._sessions and len(self._sessions) >= SESSIONS_MAX:
            return f'no session left: at most {SESSIONS_MAX}'
        return ''

    def result(self, robot: int, serial: int) -> Result | None:
        """Kept result of a command, if any."""
        session = self._sessions.get(robot)
        if session is None:
            return None
        return next((item for item in session.results if item.serial == serial), None)

    def record(self, robot: int, result: Result) -> None:
        """Use up ``result.serial`` (the next one of ``robot``) and keep its result."""
        session = self._sessions.get(robot, Session(0, ()))
        kept = (*session.results, result)[-RESULTS_KEPT:]
        self._sessions[robot] = Session(result.serial, kept)

    def remove(self, robot: int) -> None:
        """End the session of ``robot``."""
        self._sessions.pop(robot, None)

    def items(self) -> tuple[tuple[int, Session], ...]:
        """All sessions, ascending storage id."""
        return tuple(sorted(self._sessions.items()))
