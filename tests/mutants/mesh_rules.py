# SPDX-License-Identifier: Apache-2.0
"""Broken rules of rows, verdicts, the budget and safety stops."""

from __future__ import annotations

from mutants.mutant import Put
from swarm_coordination.mesh import compose as compose_module
from swarm_coordination.mesh import mesh as mesh_module
from swarm_coordination.mesh import neighbors
from swarm_coordination.mesh.detector import FailureDetector
from swarm_coordination.mesh.relays import Relays
from swarm_coordination.mesh.stops import StopRegister
from swarm_coordination.mesh.table import Life
from swarm_coordination.robot.coordinator import Coordinator


def spends_the_whole_budget_on_beacons(put: Put) -> None:
    put(compose_module, 'BEACONS_SHARE', 0)


def leaves_no_bytes_to_rows_while_entries_wait(put: Put) -> None:
    put(Relays, 'add_overdue', lambda self, draft, now: [])


def reuses_its_incarnation(put: Put) -> None:
    original = Coordinator.__init__

    def init(self, recovered, *arguments):
        past = max(0, recovered.incarnation - 1)
        original(self, recovered._replace(incarnation=past), *arguments)

    put(Coordinator, '__init__', init)


def believes_first_hearsay(put: Put) -> None:
    original = FailureDetector.advance

    def advance(self, row, heartbeat, now):
        original(self, row, heartbeat, now)
        if row.life in (Life.UNPROVEN, Life.SILENT):
            self._revive(row, 'joined' if row.silent_ns is None else 'returned', now)

    put(FailureDetector, 'advance', advance)


def never_declares_silent(put: Put) -> None:
    put(FailureDetector, '_silence', lambda self, row, now: None)


def lifts_stops_without_naming_counters(put: Put) -> None:
    original = StopRegister.lift

    def lift(self, counters):
        all_of = [(i, max(c, self._flags[i].counter if i in self._flags else 0))
                  for i, c in counters]
        original(self, all_of)

    put(StopRegister, 'lift', lift)


def counts_stops_from_the_start_after_a_lost_disk(put: Put) -> None:
    put(StopRegister, 'outlive', lambda self, incarnation: None)
    put(StopRegister, '_survive', lambda self, level: None)


def forgets_the_silent(put: Put) -> None:
    original = neighbors.neighbor_table

    def neighbor_table(rows, *arguments):
        return original([row for row in rows if row.life is not Life.SILENT], *arguments)

    put(mesh_module, 'neighbor_table', neighbor_table)


def believes_that_every_row_is_fresh(put: Put) -> None:
    put(neighbors, 'age_bound_ns', lambda made_after, now, drift_ppm: 0)
