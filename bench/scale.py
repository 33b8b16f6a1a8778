# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
How far one swarm carries: more and more coordinators in virtual time, mesh and election alone.

Beacons at 5 Hz as in bench/dds.py, seven voters, nobody flies; no processes, no DDS, so what is
measured is what frames hold and how long it takes until all know. Topologies: all in one hop,
and a grid (field) in which each hears its four (twelve) neighbours, whose rows the others relay.
Printed for each number: hops across, bytes that a robot sends in a second once settled, what part
of the swarm a robot counts as alive (mean and least), when all agreed on a leader, how long a
command takes until all have applied it, and the CPU time of the run. The line of bytes against
their number is a fit by least squares; what --plot draws dotted is no fit, see docs/scaling.md.

Lists of whom one hears come round in 0.2 s for each twelve robots beyond twelve, and until then
everybody relays everybody, which costs most of a run: with ``--formed`` (one hop) all know from
the first second on who hears whom, as they would after a minute. Any setting of the mesh can be
another one: ``--mesh proof_age_max_s=10``. With ``--say`` a run says every second where it stands,
so that one that takes too long and is ended was not in vain. With ``--kinds`` it says at the end
what the frames of its last part held.

    python bench/scale.py --shape full --shape grid [--seconds S] [--json FILE --plot FILE] [N ...]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
import gc
import json
import math
from pathlib import Path
import statistics
import sys
import time
from typing import Any

import numpy as np
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mesh.rows import Frame
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.settings import check_value, declared
from swarm_coordination.wire.codec import WireCodec

STEP_S = 0.25  # virtual, between two looks at who counts whom
SAY_S = 1.0  # virtual, between two words on how far it is
KEY = 'measured'
PUT = json.dumps({'kind': 'put', 'key': KEY, 'value': 'x'})
COUNTS = {'full': [5, 10, 20, 40, 70, 100], 'grid': [25, 49, 100], 'field': [25, 49, 100, 300]}
# Steps of the topology that one hop takes along a row.
STRIDE = {'grid': 1, 'field': 2}
# Rows of others that five full frames a second hold.
ROWS_PER_S = 100
# As many robots are all known to all for as long as it takes; beyond no time follows from that.
WAIT_MAX = 49
KINDS_SHOWN = 8
# Who was started has sent two beacons by then.
FORMED_S = 0.6


class Agreement:
    """Gives the leader that all know, having looked first at who disagreed last."""

    def __init__(self, arena: Arena) -> None:
        self._arena, self._odd = arena, 0

    def __call__(self) -> Node | None:
        """Return the leader; None while not all agree."""
        if self._view(0) != self._view(self._odd):
            return None
        nodes = self._arena.nodes
        self._odd = next((n.number for n in nodes if self._view(n.number) != self._view(0)), 0)
        return None if self._odd else self._arena.agreed_leader()

    def _view(self, number: int) -> tuple[int, int] | None:
        core = self._arena.nodes[number].core
        return None if core is None else (core.term, core.leader)


class Meter(Observer):
    """Counts frames and bytes, and who has applied how much."""

    def __init__(self) -> None:
        self.frames = self.bytes = 0
        self.put_by: set[int] = set()

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Count what came out."""
        self.frames += len(output.frames)
        self.bytes += sum(map(len, output.frames))
        if any(KEY in entry.command for entry in output.committed):
            self.put_by.add(node.number)


class Kinds(Observer):
    """Counts frames and their bytes by what they hold."""

    def __init__(self, codec: WireCodec) -> None:
        self._codec = codec
        self.frames: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Count what came out."""
        for data in output.frames:
            held = what_is_in(self._codec.decode(data))
            self.frames[held] += 1
            self.bytes[held] += len(data)

    def told(self, passed_s: float, robots: int) -> str:
        """Return the most frequent in lines: a robot's frames and bytes in a second."""
        per = passed_s * robots
        return '\n'.join(
            f'{count / per:7.2f} frames/s {self.bytes[held] / per:8.0f} B/s  {held}'
            for held, count in self.frames.most_common(KINDS_SHOWN)
        )


def what_is_in(frame: Frame) -> str:
    """Return in words which sections a frame holds, of whom, and what beside them."""
    sender = frame.header.sender
    held = {
        f'{"own" if part.owner == sender else "relayed"} {section}'
        for part in frame.fragments
        for section in ('beacon', 'consensus', 'beat', 'mission', 'intents')
        if getattr(part, section) is not None
    }
    held.update(name for name in ('stops', 'items', 'digests', 'want', 'snapshot')
                if getattr(frame, name))
    return ', '.join(sorted(held))


def settings_for(count: int, changes: dict[str, float]) -> RobotSettings:
    """Return those of bench/dds.py, with room for all rows and ``changes`` of the mesh."""
    mesh = MeshSettings(beacon_period_s=0.2, robots_max=max(64, count))
    return RobotSettings(
        mesh=replace(mesh, **changes),
        consensus=RaftSettings(
            heartbeat_period_s=0.2, election_timeout_min_s=1.0, election_timeout_max_s=2.0
        ),
    )


def form(arena: Arena) -> None:
    """Let all know that all hear all: nothing but their lists could tell them, in time."""
    for node in arena.nodes:
        now = node.clock.local(arena.queue.now)
        for row in node.core._mesh._parts.table.rows():
            row.listed.update((who, now) for who in sorted(arena.numbers)
                              if who != row.identity.storage_id)
            row.listed_ids = None


def measure(
    count: int, shape: str, seconds: float, changes: dict[str, float], *, formed: bool = False,
    say: bool = False, kinds: bool = False,
) -> dict[str, Any]:
    """Run ``count`` coordinators; return a row of the table."""
    began = time.process_time()
    arena = Arena(count, f'scale/{count}', shape=shape, base=one_hop((2.0, 5.0)),
                  settings=settings_for(count, changes))
    meter = Meter()
    arena.watch(meter)
    start_s = arena.now_s
    if formed:
        arena.run(FORMED_S)
        form(arena)
    leader, agreed = None, Agreement(arena)
    while leader is None and (left_s := start_s + seconds - arena.now_s) > 1e-6:  # rounded
        leader = arena.run_until(agreed, min(SAY_S, left_s))
        if say:
            print(standing(arena, start_s, began), file=sys.stderr)
    agreed_s = arena.now_s - start_s
    met_s, said_s = None, arena.now_s
    while arena.now_s - start_s < seconds:
        arena.run(STEP_S)
        if met_s is None and all(known == count for known in alive(arena)):
            met_s = arena.now_s - start_s
        if say and arena.now_s - said_s >= SAY_S:
            said_s = arena.now_s
            print(standing(arena, start_s, began), file=sys.stderr)
    frames, sent, since = meter.frames, meter.bytes, arena.now_s
    of_kind = Kinds(arena.codec)
    if kinds:
        arena.watch(of_kind)
    arena.run(seconds / 2)
    passed = arena.now_s - since
    if kinds:
        print(of_kind.told(passed, count), file=sys.stderr)
    counted = list(alive(arena))
    row = {
        'robots': count, 'shape': shape,
        'hops': hops(count, shape), 'changes': changes, 'formed': formed,
        'bytes_per_s': (meter.bytes - sent) / passed / count,
        'frames_per_s': (meter.frames - frames) / passed / count,
        'alive_mean': statistics.mean(counted) / count, 'alive_least': min(counted) / count,
        'agreed_s': agreed_s if leader else None, 'met_s': met_s,
    }
    row['commit_s'] = commit_time(arena, meter, count, seconds) if leader else None
    row['cpu_s'] = time.process_time() - began
    return row


def standing(arena: Arena, start_s: float, began: float) -> str:
    """Return in a line how far a run has come."""
    counted, count = list(alive(arena)), len(arena.nodes)
    leaders = Counter(node.core.leader for node in arena.nodes if node.core is not None)
    followed = max((n for leader, n in leaders.items() if leader), default=0)
    return (f'{count} robots, {arena.now_s - start_s:.1f} s: alive '
            f'{statistics.mean(counted) / count:.0%} in the mean, {min(counted) / count:.0%} at '
            f'least; {followed} follow one leader; {time.process_time() - began:.0f} s of CPU')


def hops(count: int, shape: str) -> int:
    """Return how many hops lie between the corners."""
    return max(1, 2 * math.isqrt(count - 1) // STRIDE[shape]) if shape in STRIDE else 1


def alive(arena: Arena) -> Iterator[int]:
    """Yield how many robots each one counts as alive, itself included."""
    for robot in range(len(arena.nodes)):
        status = arena.status(robot)
        if status is not None:
            yield len(status.alive)


def commit_time(arena: Arena, meter: Meter, count: int, timeout_s: float) -> float | None:
    """Return how long a command of the last robot takes until all have applied it."""
    meter.put_by.clear()
    began = arena.now_s
    arena.propose(count - 1, PUT)
    done = arena.run_until(lambda: len(meter.put_by) == count, timeout_s)
    return arena.now_s - began if done else None


def law(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return (constant, slope) of bytes a second against the number of robots."""
    slope, constant = np.polyfit([r['robots'] for r in rows], [r['bytes_per_s'] for r in rows], 1)
    return float(constant), float(slope)


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    def seconds(value: float | None) -> str:
        return 'never' if value is None else f'{value:.2f} s'

    return (f'| {row["robots"]} | {row["hops"]} | {row["bytes_per_s"] / 1000:.2f} kB/s | '
            f'{100 * row["alive_mean"]:.0f} % | {100 * row["alive_least"]:.0f} % | '
            f'{seconds(row["agreed_s"])} | {seconds(row["met_s"])} | {seconds(row["commit_s"])} | '
            f'{row["cpu_s"]:.0f} s |')


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw bytes, the time until all know all and the robots known against their number."""
    import matplotlib
    matplotlib.use('agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), layout='constrained')
    for shape, mark in (('full', 'o'), ('grid', 's'), ('field', '^')):
        of_shape = [row for row in rows if row['shape'] == shape]
        numbers = [row['robots'] for row in of_shape]
        if not numbers:
            continue
        colour = axes[0].plot(numbers, [row['bytes_per_s'] / 1000 for row in of_shape],
                              f'{mark}-', label=shape)[0].get_color()
        met = [row for row in of_shape if row['met_s'] is not None]
        if met:
            axes[1].plot([row['robots'] for row in met], [row['met_s'] for row in met],
                         f'{mark}-', color=colour, label=shape)
        else:
            print(f'{shape}: never did all know all in its rows: no line for that')
        if shape in STRIDE:
            small = [row for row in of_shape if row['robots'] <= WAIT_MAX]
            waits = [row['robots'] * row['hops'] / ROWS_PER_S for row in small]
            axes[1].plot([row['robots'] for row in small], waits, ':', color=colour,
                         label=f'{shape}: robots x hops / {ROWS_PER_S}')
        axes[2].plot(numbers, [row['alive_mean'] * row['robots'] for row in of_shape],
                     f'{mark}-', label=shape)
    axes[0].set(ylabel='kB/s sent by a robot', ylim=(0, None))
    axes[1].set(ylabel='virtual seconds until all know all', yscale='log')
    axes[2].set(ylabel='robots that a robot counts as alive', yscale='log')
    for axis in axes:
        axis.set(xlabel='robots', xscale='log')
        axis.legend(fontsize='small')
    figure.savefig(path, dpi=110)


def mesh_changes(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, float]:
    """Return the settings of the mesh that ``--mesh NAME=VALUE`` has named, by name."""
    changes = {}
    for word in words:
        name, _, value = word.partition('=')
        try:
            changes[name] = float(value)
            check_value(changes[name], declared(MeshSettings)[name], '--mesh', name)
        except KeyError:
            parser.error(f'--mesh {word}: one of {", ".join(declared(MeshSettings))}')
        except (ValueError, ConfigurationError) as error:
            parser.error(f'--mesh {word}: {error}')
    return changes


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description='a swarm in virtual time, ever larger')
    parser.add_argument('--shape', choices=('full', 'grid', 'field'), action='append')
    parser.add_argument('--seconds', type=float, default=6.0,
                        help='virtual time until settled, and that a command may take')
    parser.add_argument('--formed', action='store_true', help='all know who hears whom (full)')
    parser.add_argument('--mesh', action='append', default=[], metavar='NAME=VALUE',
                        help='another setting of the mesh')
    parser.add_argument('--say', action='store_true', help='say every second where a run stands')
    parser.add_argument('--kinds', action='store_true', help='say what frames hold')
    parser.add_argument('--json', type=Path, help='add the rows to this file, one a line')
    parser.add_argument('--plot', type=Path, help='draw all rows of the --json file')
    parser.add_argument('counts', nargs='*', type=int)
    options = parser.parse_args()
    changes = mesh_changes(parser, options.mesh)
    if not 0.0 < options.seconds < math.inf or any(count < 1 for count in options.counts):
        parser.error('--seconds is more than 0, and a swarm has a robot at least')
    if options.plot is not None and options.json is None:
        parser.error('--plot draws the rows of a file: name it with --json')
    if options.plot is not None and not (options.shape or options.json.exists()):
        parser.error(f'--json {options.json}: no such file to draw, nor a --shape to measure')
    gc.disable()  # there is little to find, and much to look at
    for shape in options.shape or ():
        print(f'{shape}\n| robots | hops | bytes | alive | least | one leader | all know all | '
              'commit everywhere | CPU |\n|---|---|---|---|---|---|---|---|---|', flush=True)
        rows = []
        for count in options.counts or COUNTS[shape]:
            rows.append(measure(count, shape, options.seconds, changes, formed=options.formed,
                                say=options.say, kinds=options.kinds))
            print(line(rows[-1]), flush=True)
            if options.json is not None:
                with options.json.open('a') as file:
                    file.write(json.dumps(rows[-1]) + '\n')
        if len(rows) > 2:
            constant, slope = law(rows)
            print(f'bytes/s of a robot: {constant:.0f} + {slope:.1f} N')
    if options.plot is not None:
        plot([json.loads(text) for text in options.json.read_text().splitlines()], options.plot)
    return 0


if __name__ == '__main__':
    sys.exit(main())
