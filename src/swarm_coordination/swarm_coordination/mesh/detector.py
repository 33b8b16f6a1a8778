# SPDX-License-Identifier: Apache-2.0
"""
Failure detector: silence is no newer heartbeat, not no frame.

A row's owner raises its heartbeat number with every beacon. Any sight of a newer number counts
as an advance: the beacon itself, a relay of it, or another robot's echo of it. Without an
advance for ``suspect_after`` a robot is suspected, and the suspicion is spread in our own
beacon. The time from suspicion to silence shrinks from max to min with the number of other
robots that suspect the same (Dadgar, Phillips, Currey, *Lifeguard*, 2018, section IV.B)::

    timeout = max - (max - min) log(c + 1) / log(k + 1)

with k = min(3, other live robots that listed it as heard) and c of them agreeing; with k = 0
nobody could ever agree and min is used. Each time is at least some number of beacons at the
owner's own rate, so that slow robots are not wronged.

To life comes only who proves it by a beacon of bounded age: one such beacon for a robot
unknown before or of a higher incarnation; for one declared silent two advances, both made
after that. Old rows that a relay still holds prove nothing. And who is alive has to prove it
now and then: numbers that only rise may be those of a tape.
"""

from __future__ import annotations

import math

from swarm_coordination.mesh.ages import later
from swarm_coordination.mesh.events import MeshEvent
from swarm_coordination.mesh.rows import Accusation
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Row, Table
from swarm_coordination.units import seconds_to_ns

# Beacons missed, at the owner's own rate. At 20 % loss twelve in a row are missed once in
# 2e8 beacons over one hop; twenty (suspicion and the shortest verdict) once in 1e14.
SUSPECT_BEACONS = 12
VERDICT_MIN_BEACONS = 8
VERDICT_MAX_BEACONS = 30
# More confirmations than this add nothing (Lifeguard, section IV.B: K = 3).
CONFIRMATIONS = 3
# Proofs that bring a silent robot back.
PROOFS = 2
# A robot may slow down to a tenth of the nominal rate (a byte budget that short) unsuspected.
SLOWEST = 10
# Suspicions carried in one beacon: a whole island may vanish at once, but 8 beacons say so.
ACCUSED_MAX = 8
# A silent robot goes on being accused this long, so that one that still hears can refute.
ACCUSE_SILENT_NS = 10_000_000_000
_QUIET = (Life.SUSPECT, Life.SILENT)


class FailureDetector:
    """Verdicts on the rows of a table; collects events for the next tick."""

    def __init__(self, settings: MeshSettings, table: Table) -> None:
        self._table = table
        self._nominal_ns = seconds_to_ns(settings.beacon_period_s)
        self._suspect_ns = seconds_to_ns(settings.suspect_after_s)
        self._min_ns = seconds_to_ns(settings.suspicion_min_s)
        self._max_ns = seconds_to_ns(settings.suspicion_max_s)
        self._proof_ns = seconds_to_ns(settings.proof_age_max_s)
        self._expire_ns = seconds_to_ns(settings.row_relay_max_age_s)
        self._events: list[MeshEvent] = []
        self._verdict_ns = 0  # no verdict is due before: heartbeats only ever put it off
        self._accusation_cursor = 0
        self._resumed_ns: int | None = None  # end of this process's last pause

    def advance(self, row: Row, heartbeat: int, now: int) -> None:
        """Note that ``heartbeat``, of the row's incarnation, has been seen somewhere."""
        steps = heartbeat - row.heartbeat
        if steps <= 0:
            return
        sample = (now - row.advance_ns) // steps
        if sample < self._nominal_ns:
            sample = self._nominal_ns
        elif sample > SLOWEST * self._nominal_ns:
            sample = SLOWEST * self._nominal_ns
        row.interval_ns += (sample - row.interval_ns) // 8
        row.heartbeat = heartbeat
        row.advance_ns = now
        if row.accusers:
            row.accusers.clear()
        if row.life is Life.SUSPECT and not self._lacks_proof(row, now):
            row.life = Life.ALIVE

    def _lacks_proof(self, row: Row, now: int) -> bool:
        """
        Whether the newest beacon of bounded age is from so long ago that none would relay it.

        Whatever rises its heartbeat here is then heard one way only, or played again by somebody.
        """
        proved = later(row.made_after_ns, self._resumed_ns)
        return proved is None or now - proved > self._expire_ns

    def prove(self, row: Row, now: int) -> None:
        """Judge a beacon that has just been taken over, by the bound on its age."""
        if row.life is Life.ALIVE:
            return
        made_after = row.made_after_ns
        if made_after is None or now - made_after > self._proof_ns:
            return
        if row.life is Life.UNPROVEN:
            if row.silent_ns is None or made_after > row.silent_ns:
                self._revive(row, 'joined' if row.silent_ns is None else 'returned', now)
        elif row.life is Life.SILENT and row.silent_ns is not None:
            row.proofs += made_after > row.silent_ns
            if row.proofs >= PROOFS:
                self._revive(row, 'returned', now)

    def reincarnated(self, row: Row, now: int) -> None:
        """Note that the row went over to a higher incarnation."""
        row.advance_ns = now
        if row.life is Life.SILENT:
            row.life = Life.UNPROVEN
        elif row.life is not Life.UNPROVEN:
            row.life = Life.ALIVE
            self.report('refuted', row, now)

    def accuse(self, row: Row, accuser: int, accusation: Accusation) -> None:
        """Count another robot's suspicion, unless we know a newer heartbeat."""
        current = accusation.incarnation == row.identity.incarnation
        if current and accusation.heartbeat >= row.heartbeat:
            if len(row.accusers) < CONFIRMATIONS:  # more count for nothing, and cost memory
                row.accusers.add(accuser)

    def tick(self, now: int) -> tuple[MeshEvent, ...]:
        """Pass verdicts; return everything that happened since the last call."""
        if now >= self._verdict_ns:
            self._pass_verdicts(now)
        if not self._events:
            return ()
        events, self._events = tuple(self._events), []
        return events

    def _pass_verdicts(self, now: int) -> None:
        for row in self._table.rows():
            quiet = now - row.advance_ns
            if row.life is Life.ALIVE:
                wait = max(self._suspect_ns, SUSPECT_BEACONS * row.interval_ns)
                if quiet >= wait or self._lacks_proof(row, now):
                    self._suspect(row, now)
            elif row.life is Life.SUSPECT:
                if now - row.suspected_ns >= self.timeout_ns(row):
                    self._silence(row, now)
            elif row.life is Life.UNPROVEN and quiet > self._expire_ns:
                if row.silent_ns is None:
                    self._table.remove(row.identity.storage_id, now)
                else:
                    row.life = Life.SILENT
        judged = [row for row in self._table.rows() if row.life is not Life.SILENT]
        oldest = min((row.advance_ns for row in judged), default=now)
        self._verdict_ns = oldest + min(self._suspect_ns, self._expire_ns)
        if any(row.life is Life.SUSPECT for row in judged):
            self._verdict_ns = now  # a confirmation may bring it any moment

    def timeout_ns(self, row: Row) -> int:
        """Time from suspicion to silence, with the confirmations there are now."""
        shortest = max(self._min_ns, VERDICT_MIN_BEACONS * row.interval_ns)
        longest = max(self._max_ns, VERDICT_MAX_BEACONS * row.interval_ns)
        wanted = row.confirmations_wanted
        if wanted == 0:
            return shortest
        agreeing = min(wanted, len(row.accusers))
        share = math.log(agreeing + 1) / math.log(wanted + 1)
        return max(shortest, longest - round((longest - shortest) * share))

    def accusations(self, now: int) -> tuple[Accusation, ...]:
        """Suspicions for the own beacon, rotating where they do not all fit."""
        quiet = [row for row in self._table.rows() if row.life in _QUIET]
        if not quiet:  # as nearly always
            return ()
        accused = [
            Accusation(row.identity.storage_id, row.identity.incarnation, row.heartbeat)
            for row in quiet
            if row.life is Life.SUSPECT
            or (
                row.beacon is not None  # else the verdict was another's
                and now - (row.silent_ns or 0) < ACCUSE_SILENT_NS
            )
        ]
        if len(accused) > ACCUSED_MAX:
            start = self._accusation_cursor % len(accused)
            self._accusation_cursor += ACCUSED_MAX
            accused = (accused + accused)[start:start + ACCUSED_MAX]
        return tuple(accused)

    def shift(self, pause_ns: int, now: int) -> None:
        """Take a pause of this process, which ends now, out of everybody's silence."""
        self._resumed_ns = now
        for row in self._table.rows():
            row.advance_ns += pause_ns
            row.suspected_ns += pause_ns

    def report(self, kind: str, row: Row, now: int, text: str = '') -> None:
        """Queue an event about a row for the next tick."""
        name, storage_id, incarnation = row.identity
        self.report_event(MeshEvent(now, kind, storage_id, name, incarnation, text))

    def report_event(self, event: MeshEvent) -> None:
        """Queue an event for the next tick."""
        self._events.append(event)

    def _suspect(self, row: Row, now: int) -> None:
        row.life = Life.SUSPECT
        row.suspected_ns = now
        who = row.identity.storage_id
        listing = sum(
            1 for other in self._table.rows() if other.life is Life.ALIVE and who in other.listed
        )
        row.confirmations_wanted = min(CONFIRMATIONS, listing)
        self.report('suspected', row, now, f'no heartbeat after {row.heartbeat}')

    def _silence(self, row: Row, now: int) -> None:
        row.life = Life.SILENT
        row.silent_ns = now
        row.proofs = 0
        self.report('silent', row, now, f'no heartbeat after {row.heartbeat}')

    def _revive(self, row: Row, kind: str, now: int) -> None:
        row.life = Life.ALIVE
        row.silent_ns = None
        row.proofs = 0
        self._verdict_ns = now
        self.report(kind, row, now)
