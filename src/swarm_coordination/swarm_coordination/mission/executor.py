# SPDX-License-Identifier: Apache-2.0
"""
One robot flies the committed mission: from mission state to formation target.

Order of what decides, first match wins: safety stop, no mission, abort, lease, no slot, parted,
hold, fly. The lease runs on the local clock since the last evidence of a leader that a quorum
backs: an island flies its last mission so long, then brakes and holds until evidence returns.
Parted is who may be the one that others near by have lost: its lease is over at once. A robot
that hears nobody lets its reference stand, and seeks the others once its lease is over
(``recovery``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
import math

from swarm_coordination.mission.aim import Aim, in_m
from swarm_coordination.mission.formations import PointMm
from swarm_coordination.mission.offers import Offer, offered
from swarm_coordination.mission.paths import Path, Vector
from swarm_coordination.mission.places import Places
from swarm_coordination.mission.progress import jump_target, rate_factor
from swarm_coordination.mission.recovery import Place, Recovery
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.snapshot import Mission
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import (
    NS_PER_MS,
    ns_to_seconds,
    seconds_to_ns,
    to_mm,
)
from swarm_coordination.views import Liveness, Mode, NeighborState

# A longer gap between steps is a pause of the process (design of the mesh: 0.3 s): the time in
# between was not flown.
STEP_MAX_S = 0.3
_FLOWN = (Mode.FLY, Mode.HOLD)
# From these a robot goes on as one that was away.
_RESUMED = (Mode.LEASE_EXPIRED, Mode.STOPPED, Mode.SEEK)
_LAPSED = (Mode.LEASE_EXPIRED, Mode.SEEK)
# A robot's slot with its reference where ours stands, and at the path's end.
Slots = tuple[Vector, Vector]
# Own storage id and position, rows of robots heard, goals by storage id: a row whose link is kept.
Keeping = Callable[
    [int, Vector, Sequence[NeighborState], Mapping[int, Vector]], NeighborState | None
]
# Own position, rows of all robots, newest evidence of a quorum, now: whether to stand.
Parted = Callable[[Vector, Sequence[NeighborState], int | None, int], bool]


def no_link(*_: object) -> None:
    """Say that no link is known to be kept."""


def never(*_: object) -> bool:
    """Say that nobody near can have lost this robot."""
    return False


class MissionExecutor:
    """
    Progress, mode and target of one robot.

    Parameters
    ----------
    robot : own storage id.
    settings : of the mission room.
    keeping : says whose link is kept.
    parted : says whether others near may have lost this robot, which then stands.

    """

    def __init__(
        self,
        robot: int,
        settings: MissionSettings,
        keeping: Keeping = no_link,
        parted: Parted = never,
    ) -> None:
        self._robot = robot
        self._keeping, self._parted = keeping, parted
        self._settings = settings
        self._mission = 0  # log index of the mission that path and progress belong to
        self._path: Path | None = None
        self._joined = False
        self._localised = False
        self._recovery = Recovery(settings)
        self._goals: tuple[int, dict[int, Vector]] = (-1, {})  # of an epoch, by storage id
        self._seeks: Place | None = None
        self._listening_since = 0
        self._progress_m = 0.0
        self._stepped_at: int | None = None
        self._epoch = 0
        self._slot = -1
        self._offered = -1
        self._mode = Mode.IDLE

    @property
    def mode(self) -> Mode:
        """Mode of the last step."""
        return self._mode

    @property
    def lapsed(self) -> bool:
        """Whether the lease was over at the last step: no evidence was left, or it had parted."""
        return self._mode in _LAPSED

    @property
    def seeks(self) -> Place | None:
        """Where this robot looks for the others now; None while it does not."""
        return self._seeks if self._mode is Mode.SEEK else None

    @property
    def progress_m(self) -> float:
        """Own reference's arc length on the mission's path."""
        return self._progress_m

    @property
    def progress_mm(self) -> int:
        """Progress as the row's mission section carries it."""
        return to_mm(self._progress_m)

    @property
    def progress_epoch(self) -> int:
        """Epoch that the progress belongs to; 0 while nobody should wait for this robot."""
        flying = self._joined and self._localised and self._mode in _FLOWN
        return self._epoch if flying else 0

    @property
    def offer(self) -> Offer:
        """For which slot this robot would give its own, as of the last step."""
        return Offer(self.progress_epoch, self._offered)

    def step(
        self,
        state: MissionState,
        position: Vector | None,
        neighbors: Callable[[], Iterable[NeighborState]],
        evidence_ns: int | None,
        stopped: bool,
        now: int,
    ) -> Aim:
        """
        Advance to ``now`` and return where to.

        ``state``: the mission as committed and applied here. ``position``: own position in
        ``map`` (m), None before the first localisation. ``neighbors`` returns what the mesh
        knows of the others. ``evidence_ns``: instant of the newest evidence of a quorum-backed
        leader, None for never. ``stopped``: a safety stop is in force.

        """
        elapsed_s = self._elapsed_s(now)
        self._localised = position is not None
        mission = state.mission
        if mission is not None and mission.index != self._mission:
            self._begin(mission, now)
        self._epoch, self._slot = state.epoch, state.slot_of(self._robot)
        self._seeks = None
        if mission is not None and self._slot >= 0 and not (mission.aborted or mission.held):
            self._seeks = self._recovery.step(
                mission, position, neighbors(), evidence_ns, self._epoch,
                _lapsed(mission, evidence_ns, now), partial(self._kept, state, position),
                partial(self._planned, state, mission), now,
            )
        before = self._mode
        self._mode = self._decide(state, position, neighbors, evidence_ns, stopped, now)
        if before is not self._mode and before in _RESUMED:
            # The others may have flown on meanwhile: listen before setting a pace again.
            self._joined, self._listening_since = False, now
        rate_mps = 0.0
        self._offered = -1
        if self._mode is Mode.FLY and position is not None:
            self._offered = offered(
                self._robot, position, state, neighbors(), self._progress_m
            )
        if self._mode in _FLOWN and mission is not None:
            rate_mps = self._advance(state, mission, position, neighbors(), elapsed_s, now)
        return self._aim(state, position, rate_mps, now)

    def _kept(
        self, state: MissionState, position: Vector | None, heard: list[NeighborState]
    ) -> NeighborState | None:
        """Return a row of ``heard`` whose link is kept under the assignment in force."""
        places = state.places()
        if position is None or places is None:
            return None
        if self._goals[0] != state.epoch:  # constants of the epoch
            goals = zip(state.slots, map(in_m, places.goals()))
            self._goals = (state.epoch, {robot: goal for robot, goal in goals if robot})
        return self._keeping(self._robot, position, heard, self._goals[1])

    def _planned(self, state: MissionState, mission: Mission, since_s: float) -> list[Vector]:
        """Return the slots of the others where they flew on at the mission's speed."""
        places = state.places()
        if places is None or self._path is None:
            return []
        way_m = mission.command.speed_mm_s / 1000.0 * since_s
        progress_m = min(self._progress_m + way_m, self._path.length_m)
        held = zip(state.slots, places.slots(progress_m), strict=True)
        return [in_m(slot) for robot, slot in held if robot and robot != self._robot]

    def _elapsed_s(self, now: int) -> float:
        before, self._stepped_at = self._stepped_at, now
        elapsed_s = 0.0 if before is None else max(0.0, ns_to_seconds(now - before))
        if elapsed_s > STEP_MAX_S:
            self._joined, self._listening_since = False, now
            return 0.0
        return elapsed_s

    def _begin(self, mission: Mission, now: int) -> None:
        self._mission = mission.index
        self._path = Path(mission.command.path)
        self._progress_m = 0.0
        self._joined, self._listening_since = False, now

    def _decide(
        self,
        state: MissionState,
        position: Vector | None,
        neighbors: Callable[[], Iterable[NeighborState]],
        evidence_ns: int | None,
        stopped: bool,
        now: int,
    ) -> Mode:
        mission = state.mission
        if stopped:
            return Mode.STOPPED
        if mission is None:
            return Mode.IDLE
        if mission.aborted:
            return Mode.ABORTED
        if self._seeks is not None:
            return Mode.SEEK
        if _lapsed(mission, evidence_ns, now):
            return Mode.LEASE_EXPIRED
        if self._slot < 0:
            return Mode.IDLE
        if position is not None and self._parted(
            position, tuple(neighbors()), evidence_ns, now
        ):
            return Mode.LEASE_EXPIRED
        return Mode.HOLD if mission.held else Mode.FLY

    def _advance(
        self,
        state: MissionState,
        mission: Mission,
        position: Vector | None,
        neighbors: Iterable[NeighborState],
        elapsed_s: float,
        now: int,
    ) -> float:
        """Move progress by one step; returns the reference's speed in m/s."""
        assert self._path is not None
        index, epoch = mission.index, state.epoch
        others = [n.progress_m for n in neighbors if self._counts(n, index, epoch)]
        target = jump_target(self._progress_m, others, self._joined, self._settings)
        if target is not None:
            self._progress_m, self._joined = min(target, self._path.length_m), True
        elif now - self._listening_since >= seconds_to_ns(self._settings.join_wait_s):
            self._joined = True
        if not self._joined or mission.held or position is None or self._recovery.alone:
            return 0.0
        error_m = math.dist(position, in_m(self._place(state)))
        factor = rate_factor(self._progress_m, error_m, others, self._settings)
        rate_mps = mission.command.speed_mm_s / 1000.0 * factor
        left_m = self._path.length_m - self._progress_m
        self._progress_m += min(rate_mps * elapsed_s, left_m)
        return rate_mps

    def _counts(self, neighbor: NeighborState, mission: int, epoch: int) -> bool:
        """
        Whether a neighbour's progress is of this mission and fresh enough to wait for.

        Epochs are log indices: those between the mission's start and the own epoch are of this
        mission, whoever has applied how much of it.
        """
        return (
            mission < neighbor.mission_epoch <= epoch
            and neighbor.age_s <= self._settings.progress_age_max_s
            and neighbor.liveness is not Liveness.SILENT
            and neighbor.same_configuration
        )

    def slots(self, state: MissionState) -> Callable[[], dict[int, Slots]]:
        """
        Return what gives the slots that the others have, by storage id: now, at the path's end.

        Those of robots that fell silent are among them: whoever keeps its slot while it is
        gone (``keep_slots``) is for the caller to leave out. They are those of this step,
        whenever they are asked for: only a controller does, and there may be none.
        """
        places = state.places()
        if places is None or self._mode not in _FLOWN:
            return dict
        return partial(_held, state.slots, places, self._progress_m)

    def _place(self, state: MissionState) -> PointMm:
        """Own slot in ``map`` with the reference at the present progress (mm)."""
        places = state.places()
        assert places is not None
        return places.slot(self._slot, self._progress_m)

    def _aim(
        self, state: MissionState, position: Vector | None, rate_mps: float, now: int
    ) -> Aim:
        return Aim(
            now,
            self._mode,
            self._epoch,
            self._slot,
            len(state.slots),
            state.mission.command if state.mission else None,
            state.places(),
            position if self.seeks is None else self.seeks.position,
            rate_mps,
            self._progress_m,
        )


def _held(robots: tuple[int, ...], places: Places, progress_m: float) -> dict[int, Slots]:
    held = zip(robots, places.slots(progress_m), places.goals(), strict=True)
    return {robot: (in_m(now), in_m(last)) for robot, now, last in held if robot}


def _lapsed(mission: Mission, evidence_ns: int | None, now: int) -> bool:
    """Whether the mission's lease has passed since the newest evidence."""
    return evidence_ns is None or now - evidence_ns > mission.command.lease_ms * NS_PER_MS
