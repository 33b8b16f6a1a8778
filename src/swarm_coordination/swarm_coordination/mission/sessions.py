# SPDX-License-Identifier: Apache-2.0
"""
Sessions: each submitter's commands take effect once and in order (*Idempotent Receiver*).

After Ongaro 2014, section 6.3. The next serial is applied; a lower one is a duplicate and is
answered from what is kept: the last result, and of the last 1,000 serials whether they took
effect; a higher one leaves a gap and is refused without using up a serial.

In a forced cluster alone a robot's session may go on beyond a gap. What a robot shows first
follows all that it has seen applied; where the log lacks serials before it, they were applied in
a history that is void. They are used up without effect, and no other command ever gets them.

Every robot owns a session, under its storage id, that ends only by roster removal. A client from
outside (a ground station) opens one, named by the number of the entry that opened it
(``epochs.entry_number``), and so never mistaken for an earlier one. It expires by log time. What
comes under an expired session is refused: whether it had taken effect before is unknown, and it
must not be sent again.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.errors import CommandError

# As many serials back a duplicate still learns whether it took effect: 125 bytes a session. A
# robot queues no more intents (mission.intents).
WINDOW = 1_000
# 64 robots are more than the swarm's rows hold, 64 clients more than a crew has screens; at
# most 450 bytes each, a snapshot holds 60 kB of them.
SESSIONS_MAX = 64
CLIENTS_MAX = 64
# Head of a result's text that a session keeps.
RESULT_CHARS_MAX = 100

_WINDOW_MASK = (1 << WINDOW) - 1


class Session(NamedTuple):
    """
    Highest serial used, and what became of it and those before.

    ``applied``: bit k is set where serial ``last_serial - k`` took effect. ``text``: result of
    the last.
    """

    last_serial: int = 0
    applied: int = 0
    text: str = ''

    def took_effect(self, serial: int) -> bool | None:
        """Whether a used serial took effect; None where that is no longer kept."""
        back = self.last_serial - serial
        if not 0 <= back < min(WINDOW, self.last_serial):
            return None
        return bool(self.applied >> back & 1)

    def refusal(self, serial: int) -> str:
        """Why ``serial`` must not be applied now; empty where it may."""
        if serial > self.last_serial + 1:
            return f'gap: serial {serial} came, {self.last_serial + 1} is next'
        if serial == self.last_serial + 1:
            return ''
        if serial == self.last_serial and serial:
            return f'duplicate: {self.text}'
        effect = self.took_effect(serial)
        if effect is None:
            return 'duplicate: result no longer kept'
        return 'duplicate: applied' if effect else 'duplicate: refused'

    def record(self, effect: bool, text: str, skipped: int = 0) -> Session:
        """Return the session after the next serial was used, or that after ``skipped`` others."""
        applied = (self.applied << min(skipped + 1, WINDOW) | effect) & _WINDOW_MASK
        return Session(self.last_serial + 1 + skipped, applied, text[:RESULT_CHARS_MAX])


class Client(NamedTuple):
    """A client's session: how long it lasts unused, and log time of its last use."""

    session: Session
    ttl_ms: int
    used_ms: int


class Sessions:
    """All sessions of robots, by storage id."""

    def __init__(self, sessions: tuple[tuple[int, Session], ...] = ()) -> None:
        self._sessions = dict(sessions)

    def __contains__(self, robot: int) -> bool:
        """Whether ``robot`` has submitted anything."""
        return robot in self._sessions

    def of(self, robot: int) -> Session:
        """Return the session of ``robot``; an unused one where there is none."""
        return self._sessions.get(robot, Session())

    def __len__(self) -> int:
        """Sessions held."""
        return len(self._sessions)

    def next_serial(self, robot: int) -> int:
        """Return the only serial of ``robot`` that would be applied now."""
        return self.of(robot).last_serial + 1

    def refusal(self, robot: int, serial: int, *, forced: bool = False) -> str:
        """Why (robot, serial) must not be applied, in a forced cluster or not; empty: it may."""
        session = self.of(robot)
        beyond = forced and serial > session.last_serial
        refusal = '' if beyond else session.refusal(serial)
        full = len(self._sessions) >= SESSIONS_MAX and robot not in self._sessions
        return f'no session left: at most {SESSIONS_MAX}' if full and not refusal else refusal

    def record(self, robot: int, serial: int, effect: bool, text: str) -> None:
        """Use up a serial of ``robot`` that was not refused, and keep what came of it."""
        session = self.of(robot)
        skipped = serial - session.last_serial - 1
        self._sessions[robot] = session.record(effect, text, skipped)

    def remove(self, robot: int) -> None:
        """End the session of ``robot``."""
        self._sessions.pop(robot, None)

    def items(self) -> tuple[tuple[int, Session], ...]:
        """All sessions, ascending storage id."""
        return tuple(sorted(self._sessions.items()))


class Clients:
    """All sessions of clients, by the number of the entry that opened them."""

    def __init__(self, clients: tuple[tuple[int, Client], ...] = ()) -> None:
        self._clients = dict(clients)

    def get(self, session: int) -> Client | None:
        """Return a client's session, expired or not."""
        return self._clients.get(session)

    def begin(self, session: int, ttl_ms: int, log_time_ms: int) -> None:
        """Open a session in the entry ``session``; raises CommandError where there is no room."""
        for other in [k for k, client in self._clients.items() if _expired(client, log_time_ms)]:
            del self._clients[other]
        if len(self._clients) >= CLIENTS_MAX:
            raise CommandError(f'no session left: at most {CLIENTS_MAX} clients')
        self._clients[session] = Client(Session(), ttl_ms, log_time_ms)

    def close(self, session: int) -> None:
        """End a session; one that has ended stays so."""
        self._clients.pop(session, None)

    def check(self, session: int, serial: int, log_time_ms: int) -> None:
        """Raise CommandError where (session, serial) must not be applied."""
        client = self._clients.get(session)
        if client is None or _expired(client, log_time_ms):
            raise CommandError(f'session {session} is over: outcome unknown, do not send again')
        refusal = client.session.refusal(serial)
        if refusal:
            raise CommandError(refusal)

    def record(self, session: int, effect: bool, text: str, log_time_ms: int) -> None:
        """Use up the next serial of an open session; it lasts on from now."""
        client = self._clients[session]
        kept = client.session.record(effect, text)
        self._clients[session] = client._replace(session=kept, used_ms=log_time_ms)

    def items(self) -> tuple[tuple[int, Client], ...]:
        """All sessions, ascending."""
        return tuple(sorted(self._clients.items()))


def _expired(client: Client, log_time_ms: int) -> bool:
    return log_time_ms - client.used_ms >= client.ttl_ms
