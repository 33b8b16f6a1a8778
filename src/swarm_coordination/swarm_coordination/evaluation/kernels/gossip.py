# SPDX-License-Identifier: Apache-2.0
"""
Beacons in and out: the mesh's tables, echo ages and relays on arrays.

A frame tells the sender's own row, the newest heartbeat number it heard of everybody, and a few
rows it relays in rotation: those that some robot it hears cannot hear itself. A digest, in
rotation too, tells the newest numbers of anybody, which shows that they live. A frame's age is
bounded by the echo of the receiver's own number; a relayed row is older by the stated age.
"""

from __future__ import annotations

import math

import numpy as np
from swarm_coordination.evaluation.kernels.chance import uniform
from swarm_coordination.evaluation.kernels.compiled import compiled, inlined
from swarm_coordination.evaluation.kernels.state import (
    AIR,
    Air,
    Beacons,
    Flags,
    Floats,
    FRAME_BYTES,
    Ints,
    Limits,
    LISTED,
    LISTED_BYTES,
    MTU_BYTES,
    PROOF_S,
    RELAYED_S,
    RING,
    RING_BITS,
    ROW_BYTES,
    Tables,
    World,
)

# Steps of the reception table per metre.
PER_METRE = 100
# Part of a frame's room for rows that is kept for old ones.
_OLD_SHARE = 0.25


@compiled
def deliver(
    frame: int, now: float, world: World, tables: Tables, beacons: Beacons, air: Air
) -> None:
    """Merge the frames of one tick (modulo AIR) into the tables of those who receive them."""
    sent, receivers, echo = air.sent, air.receivers, air.echo
    relayed, relayed_beat, relayed_age = air.row, air.row_beat, air.row_age
    made, xs, ys, zs, epochs = beacons.made, beacons.x, beacons.y, beacons.z, beacons.epoch
    heard_beat, heard_at, alive = tables.heard_beat, tables.heard_at, world.alive
    epoch, partner = world.epoch, world.partner
    table = (tables.beat, tables.after, tables.x, tables.y, tables.z)
    life = (tables.refreshed, tables.proved)
    told, told_beat, seen, advanced = air.told, air.told_beat, tables.seen, tables.advanced
    for sender in range(len(alive)):
        if not sent[frame, sender]:
            continue
        beat = echo[frame, sender, sender]
        row = beat & RING_BITS
        for own in range(len(alive)):
            if not (receivers[frame, sender, own] and alive[own]):
                continue
            echoed = echo[frame, sender, own]
            after = -math.inf if echoed < 0 else made[echoed & RING_BITS, own]
            heard_beat[own, sender] = max(beat, heard_beat[own, sender])
            heard_at[own, sender] = now
            _merge(
                own,
                sender,
                beat,
                after,
                xs[row, sender],
                ys[row, sender],
                zs[row, sender],
                now,
                table,
                life,
            )
            _sight(own, sender, beat, now, seen, advanced)
            for k in range(told.shape[2]):
                robot = told[frame, sender, k]
                if robot != own and robot >= 0:
                    _sight(own, robot, told_beat[frame, sender, k], now, seen, advanced)
            # The log travels with the frames: who hears of a newer assignment has it, and what
            # it would exchange under the one before is void.
            if epochs[row, sender] > epoch[own]:
                epoch[own], partner[own] = epochs[row, sender], -1
            for k in range(relayed.shape[2]):
                robot = relayed[frame, sender, k]
                if robot < 0:
                    break
                if robot != own:
                    older = after - relayed_age[frame, sender, k]
                    number = relayed_beat[frame, sender, k]
                    at = number & RING_BITS
                    _merge(
                        own,
                        robot,
                        number,
                        older,
                        xs[at, robot],
                        ys[at, robot],
                        zs[at, robot],
                        now,
                        table,
                        life,
                    )
                    _sight(own, robot, number, now, seen, advanced)


@inlined
def _merge(
    own: int,
    robot: int,
    beat: int,
    made_after: float,
    x: float,
    y: float,
    z: float,
    now: float,
    table: tuple[Ints, Floats, Floats, Floats, Floats],
    life: tuple[Floats, Flags],
) -> None:
    """Take a row that is newer, or as new and of a tighter age; a young one proves life."""
    beats, after, xs, ys, zs = table
    refreshed, proved = life
    if beat > beats[own, robot]:
        beats[own, robot], refreshed[own, robot] = beat, now
        after[own, robot] = max(made_after, after[own, robot])
        proved[own, robot] |= now - after[own, robot] <= PROOF_S
        xs[own, robot], ys[own, robot], zs[own, robot] = x, y, z
    elif beat == beats[own, robot] and made_after > after[own, robot]:
        after[own, robot] = made_after


@inlined
def _sight(
    own: int, robot: int, beat: int, now: float, seen: Ints, advanced: Floats
) -> None:
    """Note that the robot has made the beacon ``beat``: it lives."""
    if beat > seen[own, robot]:
        seen[own, robot], advanced[own, robot] = beat, now


@compiled
def send(
    own: int,
    tick: int,
    now: float,
    reach: Floats,
    world: World,
    tables: Tables,
    beacons: Beacons,
    air: Air,
    limits: Limits,
) -> None:
    """Make the next beacon of ``own`` and draw who receives it; ``reach``: probability by cm."""
    count, frame = len(world.place), tick % AIR
    _note(own, now, world, tables, beacons, limits)
    echo, beats = air.echo[frame, own], tables.heard_beat[own]
    for j in range(count):
        echo[j] = beats[j]
    echo[own] = beacons.made_count[own] - 1
    _relay(own, frame, now, tables, beacons, air, limits)
    at = tables.cursor[1, own]
    for k in range(air.told.shape[2]):
        air.told[frame, own, k], air.told_beat[frame, own, k] = at, tables.seen[own, at]
        at = at + 1 if at + 1 < count else 0
    tables.cursor[1, own] = at
    place, alive, state, receivers = world.place, world.alive, world.random, air.receivers
    x, y, z = place[own, 0], place[own, 1], place[own, 2]
    farthest = (len(reach) + 1) / PER_METRE
    for j in range(count):
        hears = False
        dx, dy, dz = x - place[j, 0], y - place[j, 1], z - place[j, 2]
        square = dx * dx + dy * dy + dz * dz
        if square < farthest * farthest and j != own and alive[j]:
            cell = int(math.sqrt(square) * PER_METRE)
            hears = cell < len(reach) and uniform(state) < reach[cell]
        receivers[frame, own, j] = hears
    air.sent[frame, own] = True


@compiled
def _note(
    own: int, now: float, world: World, tables: Tables, beacons: Beacons, limits: Limits
) -> None:
    """Write what the beacon says: place, epoch, whom it hears (the nearest where too many)."""
    row = beacons.made_count[own] & RING_BITS
    beacons.made_count[own] += 1
    beacons.made[row, own] = now
    beacons.x[row, own] = round(world.place[own, 0] * 1000.0) / 1000.0
    beacons.y[row, own] = round(world.place[own, 1] * 1000.0) / 1000.0
    beacons.z[row, own] = round(world.place[own, 2] * 1000.0) / 1000.0
    beacons.epoch[row, own] = world.epoch[own]
    beacons.partner[row, own] = world.partner[own]
    heard_at, listing, heard = tables.heard_at[own], beacons.listed, beacons.heard
    heard[row, own, :] = np.uint64(0)
    listed, farthest = 0, 0.0
    for j in range(len(heard_at)):
        if now - heard_at[j] > limits.link_timeout_s:
            continue
        if listed < LISTED:
            at = listed
            listed += 1
        else:
            at, farthest = 0, -1.0
            for k in range(LISTED):
                far = _apart(own, listing[row, own, k], world, tables)
                if far > farthest:
                    at, farthest = k, far
            if _apart(own, j, world, tables) >= farthest:
                continue
        listing[row, own, at] = j
    beacons.listed_count[row, own] = listed
    for k in range(listed):
        robot = np.int64(listing[row, own, k])
        heard[row, own, robot >> 6] |= np.uint64(1) << np.uint64(robot & 63)


@inlined
def _apart(own: int, other: int, world: World, tables: Tables) -> float:
    dx = world.place[own, 0] - tables.x[own, other]
    dy = world.place[own, 1] - tables.y[own, other]
    dz = world.place[own, 2] - tables.z[own, other]
    return math.sqrt(dx * dx + dy * dy + dz * dz)


@compiled
def _relay(
    own: int,
    frame: int,
    now: float,
    tables: Tables,
    beacons: Beacons,
    air: Air,
    limits: Limits,
) -> None:
    """
    Relay rows in rotation while the frame has room, where somebody one hears does not hear them.

    Of robots proved to live; their rows, however old, go on from robot to robot while newer ones
    follow: the far end of a chain is known late, and known all the same.
    """
    count, room = tables.beat.shape[0], air.row.shape[2]
    if room == 0:
        return
    mine = (beacons.made_count[own] - 1) & RING_BITS
    beats, after, heard = tables.beat[own], tables.after[own], beacons.heard
    refreshed, newest = tables.refreshed[own], beacons.made_count
    proved, counts = tables.proved[own], beacons.listed_count
    listed, listed_count = beacons.listed[mine, own], counts[mine, own]
    whole = MTU_BYTES - FRAME_BYTES - ROW_BYTES - LISTED_BYTES * listed_count
    heard_by_all = air.words
    for word in range(len(heard_by_all)):
        heard_by_all[word] = ~np.uint64(0)
    for k in range(listed_count):
        near = np.int64(listed[k])
        for word in range(heard.shape[2]):
            itself = np.uint64(1) << np.uint64(near & 63) if near >> 6 == word else np.uint64(0)
            heard_by_all[word] &= heard[beats[near] & RING_BITS, near, word] | itself
    chosen, left = 0, 0.0
    # Rows that certify something first; those that only tell where somebody is get the rest.
    for old in range(2):
        left = left + _OLD_SHARE * whole if old else (1.0 - _OLD_SHARE) * whole
        at = tables.cursor[2 * old, own]
        for _ in range(count):
            if chosen == room or left < ROW_BYTES:
                break
            j = at
            at = at + 1 if at + 1 < count else 0
            age = now - after[j]
            if j == own or not proved[j] or (age > limits.age_max_s) != old:
                continue
            if now - refreshed[j] > RELAYED_S or newest[j] - beats[j] > RING:
                continue
            if (heard_by_all[j >> 6] >> np.uint64(j & 63)) & np.uint64(1) == np.uint64(1):
                continue
            # Nothing is built on what an old row lists: it goes without.
            listing = 0 if old else counts[beats[j] & RING_BITS, j]
            size = ROW_BYTES + LISTED_BYTES * listing
            if size <= left:
                left -= size
                air.row[frame, own, chosen] = j
                air.row_beat[frame, own, chosen] = beats[j]
                air.row_age[frame, own, chosen] = age
                chosen += 1
        tables.cursor[2 * old, own] = at
    if chosen < room:
        air.row[frame, own, chosen] = -1
