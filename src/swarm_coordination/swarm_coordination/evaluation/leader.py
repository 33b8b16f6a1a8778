# SPDX-License-Identifier: Apache-2.0
"""
What the mission log does for the formation, as a model: exchanges, regrouping, re-packing.

The rules are those of the robots' own planner (``mission.planner``); only the log is a model.
Commits need a radio component of more than half of all robots, the dead counted. Its member of
lowest number leads, by its own table. A commit is in force at the leader at once and travels with
the frames. Two commits are ``COMMIT_S`` apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.exchanging import agreed
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    EPOCHS,
    Flags,
    Floats,
    Ints,
    Limits,
    Tables,
    World,
)
from swarm_coordination.evaluation.scenes import assigned, layout_for
from swarm_coordination.mission.regrouping import Regrouping
from swarm_coordination.mission.repacking import beside, CLEAR_M, split_off

COMMIT_S = 0.5
# As long as mission.settings waits for robots that may be the other side of a split.
SPLIT_WAIT_S = 30.0


class Leader:
    """Commits assignments into ``world.slots``; counts what it did."""

    def __init__(self, case: Case, limits: Limits) -> None:
        self._case, self._limits = case, limits
        self._changed: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self._changed_at, self._wait_s = 0.0, COMMIT_S
        self.epoch = 0
        self.exchanged = 0
        self._full: Floats | None = None  # the slots before they were shrunk
        self._scale = 1.0
        self._regrouping = Regrouping()
        self.repacked = False

    def lead(
        self, now: float, label: Ints, world: World, tables: Tables, beacons: Beacons
    ) -> None:
        """Commit what is due; ``label``: radio component of each robot, -1 for the dead."""
        who = _elected(label)
        if who is None or world.epoch[who] != self.epoch or self.epoch >= EPOCHS - 1:
            return
        slots = world.slots[self.epoch]
        known = tables.proved[who].copy()
        quiet = known & (now - tables.advanced[who] > self._limits.silent_s)
        known[who], quiet[who] = True, False
        places = np.stack([tables.x[who], tables.y[who], tables.z[who]], axis=1)
        places[who] = world.place[who]
        lost = tuple(np.flatnonzero(quiet & ~np.isnan(slots[:, 0])).tolist())
        returned = tuple(np.flatnonzero(known & ~quiet & np.isnan(slots[:, 0])).tolist())
        if (lost, returned) != self._changed:
            self._changed, self._changed_at = (lost, returned), now
            living = places[known & ~quiet].tolist()
            apart = split_off(places[list(lost)].tolist(), living, self._case.settings.range_m)
            self._wait_s = SPLIT_WAIT_S if apart else COMMIT_S
        if lost or returned:
            if now - self._changed_at >= self._wait_s:
                self._repack(who, places, known & ~quiet, quiet, world)
        elif known.all():
            pairs: Sequence[tuple[int, int]] = ()
            if self._case.swaps:
                pairs = agreed(who, self.epoch, world, tables, beacons)
            if pairs:
                self._exchange(who, pairs, world)
            elif self._case.regroup:
                self._regroup(who, now, places, slots, world)

    @property
    def regrouped(self) -> int:
        """How often a stuck formation was shrunk."""
        return self._regrouping.shrunk

    @property
    def settled(self) -> bool:
        """Whether the newest assignment is the formation asked for, not a shrunk one."""
        return self._full is None

    def _exchange(self, who: int, pairs: Sequence[tuple[int, int]], world: World) -> None:
        changed = world.slots[self.epoch].copy()
        for one, other in pairs:
            changed[[one, other]] = changed[[other, one]]
            if self._full is not None:
                self._full[[one, other]] = self._full[[other, one]]
        self.exchanged += len(pairs)
        self._commit(who, changed, world)

    def _regroup(
        self, who: int, now: float, places: Floats, slots: Floats, world: World
    ) -> None:
        """Shrink a formation that is stuck; open one that is shrunk and comes no nearer."""
        errors = np.linalg.norm(places - slots, axis=1)
        # Around obstacles robots get nearer to their slots by the way, not as the crow flies.
        ways = np.linalg.norm(world.way, axis=1)
        errors = np.where(np.isnan(ways), errors, ways)
        scale = self._regrouping.scale(errors.tolist(), self._scale, 0.0, now)
        if scale is None:
            return
        self._scale = scale
        if self._full is not None:
            slots, self._full = self._full, None
        else:
            self._full = slots.copy()
            middle = slots.mean(axis=0)
            slots = middle + scale * (slots - middle)
        self._commit(who, slots, world)

    def _repack(
        self, who: int, places: Floats, living: Flags, quiet: Flags, world: World
    ) -> None:
        """Give the living the formation of fewer robots, beside the bodies of the silent."""
        robots = np.flatnonzero(living)
        layout = layout_for(self._case, len(robots))
        clear = self._limits.collision_m + self._limits.silent_m + CLEAR_M
        shift = beside(layout.tolist(), places[quiet].tolist(), clear)
        layout = layout + np.array([*shift, 0.0])
        slots = np.full_like(places, np.nan)
        slots[robots] = layout[assigned(places[robots], layout)]
        self.repacked, self._full, self._scale = True, None, 1.0
        self._commit(who, slots, world)

    def _commit(self, who: int, slots: Floats, world: World) -> None:
        self.epoch += 1
        world.slots[self.epoch:] = slots
        world.epoch[who], world.partner[who] = self.epoch, -1


def _elected(label: Ints) -> int | None:
    """Return the lowest member of a component of more than half of all; None: no quorum."""
    members = np.bincount(label[label >= 0])
    if not members.size or 2 * members.max() <= len(label):
        return None
    return int(np.flatnonzero(label == members.argmax())[0])
