# SPDX-License-Identifier: Apache-2.0
"""
What the mission log does for the formation, as a model: exchanges, regrouping, re-packing.

Commits need a radio component of more than half of all robots, the dead counted. Its member of
lowest number leads, by its own table. A commit is in force at the leader at once and travels with
the frames. Two commits are ``COMMIT_S`` apart.

A formation that gets no nearer to its slots although they are far is held by a link that only a
path around the whole formation could replace, longer than what ages certify. The leader then
commits the same formation shrunk, in which such paths are short, and opens it again.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    EPOCHS,
    Flags,
    Floats,
    Ints,
    Limits,
    RING,
    Tables,
    World,
)
from swarm_coordination.evaluation.scenes import assigned, offsets
from swarm_coordination.mission.swaps import exchanges

COMMIT_S = 0.5
# Several robots silent at once may be the other side of a split, which the contraction of slots
# brings back (control.closing): so long the leader waits before it gives them up.
SPLIT_WAIT_S = 30.0
# Slots stay this far outside the disc that is kept clear of a silent robot.
CLEAR_M = 0.5
# No progress: the sum of the way to all slots has not shrunk by this share for so long.
STUCK_S, PROGRESS_SHARE, STUCK_M = 6.0, 0.02, 1.0
# Shrunk formations, tried in turn.
SCALES = (0.3, 0.22)


class Leader:
    """Commits assignments into ``world.slots``; counts what it did."""

    def __init__(self, case: Case, limits: Limits) -> None:
        self._case, self._limits = case, limits
        self._changed: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self._changed_at = 0.0
        self.epoch = 0
        self.exchanged = 0
        self.regrouped = 0
        self._full: Floats | None = None  # the slots before they were shrunk
        self._best, self._best_at = math.inf, 0.0
        self.repacked = False

    def lead(
        self, now: float, label: Ints, world: World, tables: Tables, beacons: Beacons
    ) -> None:
        """Commit what is due; ``label``: radio component of each robot, -1 for the dead."""
        who = _elected(label)
        if who is None or world.epoch[who] != self.epoch or self.epoch >= EPOCHS - 1:
            return
        slots = world.slots[self.epoch]
        known = tables.beat[who] >= 0
        quiet = known & (now - tables.advanced[who] > self._limits.silent_s)
        known[who], quiet[who] = True, False
        places = np.stack([tables.x[who], tables.y[who]], axis=1)
        places[who] = world.place[who]
        lost = tuple(np.flatnonzero(quiet & ~np.isnan(slots[:, 0])).tolist())
        returned = tuple(np.flatnonzero(known & ~quiet & np.isnan(slots[:, 0])).tolist())
        if (lost, returned) != self._changed:
            self._changed, self._changed_at = (lost, returned), now
        if lost or returned:
            wait = SPLIT_WAIT_S if len(lost) > 1 else COMMIT_S
            if now - self._changed_at >= wait:
                self._repack(who, places, known & ~quiet, quiet, world)
        elif known.all():
            pairs: Sequence[tuple[int, int]] = ()
            if self._case.swaps:
                pairs = exchanges(places, slots, _linked(tables.beat[who], beacons))
            if pairs:
                self._exchange(who, pairs, world)
            elif self._case.regroup:
                self._regroup(who, now, places, slots, world)

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
        errors = np.hypot(*(places - slots).T)
        if errors.sum() < (1.0 - PROGRESS_SHARE) * self._best:
            self._best, self._best_at = float(errors.sum()), now
        arrived = errors.max() <= STUCK_M
        if now - self._best_at < STUCK_S and not (arrived and self._full is not None):
            return
        if self._full is not None:
            slots, self._full = self._full, None
        elif arrived:
            return
        else:
            scale = SCALES[self.regrouped % len(SCALES)]
            self.regrouped += 1
            self._full = slots.copy()
            middle = slots.mean(axis=0)
            slots = middle + scale * (slots - middle)
        self._best, self._best_at = math.inf, now
        self._commit(who, slots, world)

    def _repack(
        self, who: int, places: Floats, living: Flags, quiet: Flags, world: World
    ) -> None:
        """Give the living the formation of fewer robots, beside the bodies of the silent."""
        robots = np.flatnonzero(living)
        layout = offsets(self._case.shape, len(robots), self._case.spacing_m)
        clear = self._limits.collision_m + self._limits.silent_m + CLEAR_M
        layout = layout + beside(layout, places[quiet], clear)
        slots = np.full_like(places, np.nan)
        slots[robots] = layout[assigned(places[robots], layout)]
        self.repacked, self._full = True, None
        self._commit(who, slots, world)

    def _commit(self, who: int, slots: Floats, world: World) -> None:
        self.epoch += 1
        world.slots[self.epoch:] = slots
        world.epoch[who] = self.epoch


def beside(layout: Floats, bodies: Floats, clear_m: float) -> Floats:
    """Return the shortest of a few shifts (2,) that takes all slots ``clear_m`` off all bodies."""
    shifts = [(0.0, 0.0)]
    for ring in range(1, 13):
        far = 0.25 * clear_m * ring
        shifts += [
            (far * math.cos(turn), far * math.sin(turn))
            for turn in (math.tau * k / 16.0 for k in range(16))
        ]
    for shift in shifts:
        moved = layout + np.array(shift)
        apart = np.hypot(*(moved[:, None, :] - bodies[None, :, :]).transpose(2, 0, 1))
        if not apart.size or apart.min() >= clear_m:
            break
    else:
        shift = (0.0, 0.0)
    return np.array(shift)


def _elected(label: Ints) -> int | None:
    """Return the lowest member of a component of more than half of all; None: no quorum."""
    members = np.bincount(label[label >= 0])
    if not members.size or 2 * members.max() <= len(label):
        return None
    return int(np.flatnonzero(label == members.argmax())[0])


def _linked(beats: Ints, beacons: Beacons) -> Flags:
    """Return who lists whom and is listed by them, as the leader's rows say."""
    count = len(beats)
    words = beacons.heard[beats % RING, np.arange(count)]  # (N, W)
    words[beats < 0] = 0
    other = np.arange(count)
    listed = (words[:, other >> 6] >> (other & 63).astype(np.uint64)) & np.uint64(1) > 0
    return np.asarray(listed & listed.T)
