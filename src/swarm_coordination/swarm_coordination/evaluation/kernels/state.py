# SPDX-License-Identifier: Apache-2.0
"""
What the kernels work on: named tuples of numbers (``Limits``) and of arrays (the rest).

N robots, numbered from 0. Times in seconds since the start; all clocks agree, which no robot
makes use of: ages come from echoes alone.
"""

from __future__ import annotations

from functools import lru_cache
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from swarm_coordination.area.shapes import Area
from swarm_coordination.control.obstacles import circled
from swarm_coordination.control.projection import shuffled
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Small = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

# Beacons remembered of each robot, a power of two: 51 s at 20 Hz. Older ones are not relayed: a
# row that fast has come down a chain of a hundred.
RING = 1024
# A heartbeat number's place in that memory: its lowest bits (of -1, nobody: the last place).
RING_BITS = RING - 1
# Robots listed in a beacon, nearest first, as in the mesh.
LISTED = 24
# Frames in flight per robot: the delay in control periods stays below.
AIR = 16
# Robots whose newest heartbeat number a frame tells in its digest: 200 bytes, as in the mesh.
TOLD = 10
# Rows that nothing newer has replaced for so long are not relayed (s), as in the mesh.
RELAYED_S = 10.0
# A row proves its owner alive if its age is bounded by this once (s), as in the mesh.
PROOF_S = 3.0
# Sizes on the wire (bytes): a frame's greatest; a frame and its digest without rows; a row; one
# robot that a row lists. Held against the codec by tests/evaluation/test_radio.py.
MTU_BYTES, FRAME_BYTES, ROW_BYTES, LISTED_BYTES = 1200, 290, 65, 15
# Slot assignments of one run; a run that needs more goes on with its last one.
EPOCHS = 512
# The words of a bit set hold so many; also what keeps a robot's half-spaces within ROWS.
ROBOTS_MAX = 128
# Half-spaces of one robot: at most six and one of recovery for each other robot and each link;
# one for each piece of the area and two for heights.
PIECES_MAX = 126
ROWS = 14 * ROBOTS_MAX + PIECES_MAX + 2

# How links are released.
KEEP_NONE, KEEP_ALL, CERTIFIED = 0, 1, 2


class Limits(NamedTuple):
    """Numbers of ``ControlSettings``, and those of the mesh that a table depends on."""

    period_s: float
    hold_s: float
    speed: float
    error: float
    collision_m: float
    link_m: float
    range_m: float
    collision_rate: float  # part of a gap that one robot may close per second
    link_rate: float
    collision_recovery: float  # demanded speed per metre of a violated distance
    link_recovery: float
    recovery_speed: float
    gain: float
    cohesion: float
    space: bool  # distances are taken in space
    squeeze: float  # heights count so many times less for collisions
    follow_m: float  # distance to those ahead in a queue
    obstacle_m: float  # least distance of a measured position from an obstacle
    acceleration: float  # 0: any
    ahead_m: float  # the place is a point so far ahead of an axle; 0: moves in any direction
    look_ahead_m: float  # v theta of the predicted weight; 0: the weight is the distance now
    pose_period_s: float
    age_max_s: float
    silent_m: float  # inflation around a silent robot
    silent_hold_s: float
    deceleration: float
    command_timeout_s: float
    link_timeout_s: float
    suspect_s: float
    silent_s: float
    resilience: int
    keep: int


class World(NamedTuple):
    """The truth."""

    place: Floats  # (N, 3); heights are 0 where distances are taken in the plane
    velocity: Floats  # (N, 3): command in force
    yaw: Floats  # (N,): heading of robots that move along it only
    alive: Flags  # (N,)
    died: Floats  # (N,): when; inf while alive
    epoch: Ints  # (N,): assignment in force at each robot
    slots: Floats  # (EPOCHS, N, 3): slot of each robot by epoch; NaN: none
    way: Floats  # (N, 3): the way to the slot around obstacles, its length kept; NaN: straight
    travelled: Floats  # (N,): metres
    partner: Ints  # (N,): with whom each would exchange slots in its epoch; -1: nobody
    random: Words  # (1,): state of the generator


class Tables(NamedTuple):
    """Row i: what robot i knows of the others, (N, N) each."""

    beat: Ints  # newest heartbeat number; -1: unknown
    after: Floats  # made after this time; -inf: unbounded age
    x: Floats
    y: Floats
    z: Floats
    refreshed: Floats  # when ``beat`` last rose
    proved: Flags  # has been alive: a beacon came whose age was bounded by PROOF_S
    advanced: Floats  # when ``seen`` last advanced
    heard_beat: Ints  # newest number heard from the robot itself
    heard_at: Floats
    seen: Ints  # newest heartbeat number by any sight: row, relay, digest
    cursor: Ints  # (3, N): where the rotations of relayed rows, digests and old rows stand


class Beacons(NamedTuple):
    """What robots said of themselves, by heartbeat number modulo RING."""

    made_count: Ints  # (N,): beacons made
    made: Floats  # (RING, N)
    x: Floats  # (RING, N), rounded to millimetres
    y: Floats
    z: Floats
    epoch: Ints  # (RING, N)
    partner: Ints  # (RING, N): with whom the robot would exchange slots in that epoch; -1: nobody
    listed: Small  # (RING, N, LISTED): robots heard
    listed_count: Ints  # (RING, N)
    heard: Words  # (RING, N, W): the same as bits


class Air(NamedTuple):
    """Frames in flight, by tick modulo AIR."""

    sent: Flags  # (AIR, N)
    receivers: Flags  # (AIR, N, N): sender, receiver
    echo: Ints  # (AIR, N, N): newest number the sender had heard of each robot
    row: Ints  # (AIR, N, M): robots whose rows are relayed; -1: none
    row_beat: Ints
    row_age: Floats
    told: Ints  # (AIR, N, TOLD): digest: robots whose newest number is told; -1: none
    told_beat: Ints
    words: Words  # (W,): work space of one sender


class Ground(NamedTuple):
    """An area on arrays: P convex pieces of up to K corners, walls of the zone last."""

    corners: Floats  # (P, K, 2)
    sides: Ints  # (P,): corners of each
    radius: Floats  # (P,)
    low: Floats
    high: Floats
    x: Floats  # (P,): a circle around each piece
    y: Floats
    reach: Floats
    walls: int  # how many of the pieces are walls
    zone: Floats  # (Z, 2): the zone to stay in; empty: everywhere
    heights: tuple[float, float]  # altitude limits
    bounded: bool  # whether anything limits anybody


class Scratch(NamedTuple):
    """Work space of one robot's decision, reused."""

    rows: Floats  # (ROWS, 5): half-spaces as nx, ny, bound, kind, nz
    lines: Floats  # (ROWS, 3): half-planes on the plane of one row, as nx, ny, bound
    bound: Floats  # (ROWS,): bounds after relaxation
    order: Ints  # permutations of 0 .. n - 1 one after another
    start: Ints  # where that of n begins
    straight: Ints  # 0, 1, 2 and so on
    node: Floats  # (N, 7): x, y, x and y at which links are weighed, slack, z, z weighed
    usable: Flags  # (N,): may stand in a certificate
    linked: Flags  # (N,): has a live link with the robot
    released: Flags  # (N,)
    young: Ints  # (N,): robots whose rows are young enough to build on
    close: Ints  # (N,): robots whose rows could bind
    least: Floats  # (N,): least weight of the link with each robot
    reach: Floats  # (N,): bottleneck of the best path to each robot
    search: Ints  # (4, 2 N): work space of searches in the graph


class Outcome(NamedTuple):
    """What the last decision of every robot was."""

    nominal: Floats  # (N, 3)
    level: Ints  # (N,): relaxation
    relaxed: Ints  # (4,): decisions so far at each level above none
    kept: Flags  # (N, N)
    released: Flags  # (N, N)


def limits_of(
    settings: ControlSettings,
    *,
    keep: int = CERTIFIED,
    link_timeout_s: float = 1.5,
    suspect_s: float = 0.6,
    silent_s: float = 2.5,
    ahead_m: float = 0.0,
) -> Limits:
    """Return the numbers of ``settings`` as the kernels take them."""
    stop_s = settings.stopping_time_s
    return Limits(
        period_s=settings.period_s,
        hold_s=settings.hold_s,
        speed=settings.speed_max_mps,
        error=settings.localisation_error_m,
        collision_m=settings.collision_distance_m,
        link_m=settings.link_distance_m,
        range_m=settings.range_m,
        collision_rate=min(settings.collision_gain / (2.0 * settings.hold_s), 0.5 / stop_s),
        link_rate=min(settings.link_gain / (2.0 * settings.hold_s), 0.5 / stop_s),
        collision_recovery=settings.collision_gain / (2.0 * settings.hold_s),
        link_recovery=settings.link_gain / (2.0 * settings.hold_s),
        recovery_speed=settings.recovery_speed_mps,
        gain=settings.gain,
        cohesion=settings.cohesion_gain,
        space=settings.dimensions == 3,
        squeeze=settings.downwash_factor if settings.dimensions == 3 else 1.0,
        follow_m=settings.follow_distance_m,
        obstacle_m=settings.obstacle_clear_m,
        acceleration=settings.acceleration_max_mps2,
        ahead_m=ahead_m,
        look_ahead_m=settings.speed_max_mps * settings.look_ahead_s,
        pose_period_s=settings.pose_period_s,
        age_max_s=settings.age_max_s,
        silent_m=min(settings.stopping_distance_m, settings.silent_inflation_max_m),
        silent_hold_s=max(settings.hold_s, stop_s),
        deceleration=settings.deceleration_mps2,
        command_timeout_s=settings.command_timeout_s,
        link_timeout_s=link_timeout_s,
        suspect_s=suspect_s,
        silent_s=silent_s,
        resilience=settings.resilience,
        keep=keep,
    )


def ground_of(area: Area) -> Ground:
    """Return an area as the kernels take it; raises UsageError above PIECES_MAX pieces."""
    pieces = (*area.obstacles, *area.walls)
    if len(pieces) > PIECES_MAX:
        raise UsageError(f'an area of {len(pieces)} pieces: at most {PIECES_MAX}')
    most = max((len(piece.corners) for piece in pieces), default=1)
    corners = np.zeros((len(pieces), most, 2))
    circles = np.zeros((len(pieces), 3))
    for k, piece in enumerate(pieces):
        corners[k, : len(piece.corners)] = piece.corners
        circles[k] = circled(piece)[1:]
    return Ground(
        corners=corners,
        sides=np.array([len(piece.corners) for piece in pieces], np.int64),
        radius=np.array([piece.radius_m for piece in pieces], np.float64),
        low=np.array([piece.low_m for piece in pieces], np.float64),
        high=np.array([piece.high_m for piece in pieces], np.float64),
        x=circles[:, 0].copy(),
        y=circles[:, 1].copy(),
        reach=circles[:, 2].copy(),
        walls=len(area.walls),
        zone=np.array(area.zone, np.float64).reshape(-1, 2),
        heights=(area.low_m, area.high_m),
        bounded=not area.empty,
    )


def new_world(places: Floats, seed: int) -> World:
    """Return N robots standing at ``places`` (N, 3), without slots."""
    count = len(places)
    return World(
        place=places.astype(np.float64).copy(),
        velocity=np.zeros((count, 3)),
        yaw=np.zeros(count),
        alive=np.ones(count, np.bool_),
        died=np.full(count, math.inf),
        epoch=np.zeros(count, np.int64),
        slots=np.repeat(places[None, :, :].astype(np.float64), EPOCHS, axis=0),
        way=np.full((count, 3), np.nan),
        travelled=np.zeros(count),
        partner=np.full(count, -1),
        random=np.array([seed], np.uint64),
    )


def new_tables(count: int) -> Tables:
    """Return tables of robots that know nobody."""
    square = (count, count)
    return Tables(
        beat=np.full(square, -1),
        after=np.full(square, -math.inf),
        x=np.zeros(square),
        y=np.zeros(square),
        z=np.zeros(square),
        refreshed=np.full(square, -math.inf),
        proved=np.zeros(square, np.bool_),
        advanced=np.full(square, -math.inf),
        heard_beat=np.full(square, -1),
        heard_at=np.full(square, -math.inf),
        seen=np.full(square, -1),
        cursor=np.zeros((3, count), np.int64),
    )


def new_beacons(count: int) -> Beacons:
    """Return the memory of beacons, empty."""
    shape = (RING, count)
    words = (count + 63) // 64
    return Beacons(
        made_count=np.zeros(count, np.int64),
        made=np.zeros(shape),
        x=np.zeros(shape),
        y=np.zeros(shape),
        z=np.zeros(shape),
        epoch=np.zeros(shape, np.int64),
        partner=np.full(shape, -1),
        listed=np.zeros((*shape, LISTED), np.uint8),
        listed_count=np.zeros(shape, np.int64),
        heard=np.zeros((*shape, words), np.uint64),
    )


def new_air(count: int, relays: int) -> Air:
    """Return an empty air for frames that relay up to ``relays`` rows."""
    rows = (AIR, count, relays)
    return Air(
        sent=np.zeros((AIR, count), np.bool_),
        receivers=np.zeros((AIR, count, count), np.bool_),
        echo=np.full((AIR, count, count), -1),
        row=np.full(rows, -1),
        row_beat=np.full(rows, -1),
        row_age=np.zeros(rows),
        told=np.full((AIR, count, min(TOLD, count)), -1),
        told_beat=np.full((AIR, count, min(TOLD, count)), -1),
        words=np.zeros((count + 63) // 64, np.uint64),
    )


def new_scratch(count: int) -> Scratch:
    """Return work space for N = ``count`` robots."""
    order, start = _permutations()
    return Scratch(
        rows=np.zeros((ROWS, 5)),
        lines=np.zeros((ROWS, 3)),
        bound=np.zeros(ROWS),
        order=order,
        start=start,
        straight=np.arange(ROWS),
        node=np.zeros((count, 7)),
        usable=np.zeros(count, np.bool_),
        linked=np.zeros(count, np.bool_),
        released=np.zeros(count, np.bool_),
        young=np.zeros(count, np.int64),
        close=np.zeros(count, np.int64),
        least=np.zeros(count),
        reach=np.zeros(count),
        search=np.zeros((4, 2 * count), np.int64),
    )


def new_outcome(count: int) -> Outcome:
    """Return the outcome before the first decision."""
    return Outcome(
        nominal=np.zeros((count, 3)),
        level=np.zeros(count, np.int64),
        relaxed=np.zeros(4, np.int64),
        kept=np.zeros((count, count), np.bool_),
        released=np.zeros((count, count), np.bool_),
    )


@lru_cache(maxsize=1)
def _permutations() -> tuple[Ints, Ints]:
    """Return the fixed permutations of ``control.projection`` for up to ROWS rows."""
    start = np.array([n * (n - 1) // 2 for n in range(ROWS + 1)], np.int64)
    order = np.array([k for n in range(ROWS) for k in shuffled(n)], np.int64)
    return order, start
