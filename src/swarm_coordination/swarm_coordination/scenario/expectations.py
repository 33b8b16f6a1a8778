# SPDX-License-Identifier: Apache-2.0
"""
What must hold of a run, each with its measured value and its bound.

Every expectation is a function of the record alone, so that a bad record makes it fail: the
unit tests do that to each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

from swarm_coordination.consensus.messages import Role
from swarm_coordination.scenario.moments import (
    time_to_catch_up,
    time_to_new_leader,
    time_to_one_log,
)
from swarm_coordination.scenario.phase_checks import last_sample, leaders_known
from swarm_coordination.scenario.record import ActionTaken, Jump, PhaseSpan, Record, Sample
from swarm_coordination.scenario.recorder import SAMPLE_PERIOD_S
from swarm_coordination.scenario.schema import Bounds, Sweep
from swarm_coordination.scenario.sweep import swept_share

# An entry that had reached the majority before a split may still be learnt of that long after.
IN_FLIGHT_S = 0.3
# An entry may be committed while a run ends: what somebody applied that long before, all have.
SETTLED_S = 1.0
# Of the hostile frames asked for: a phase waits for them, and somebody may end it by Ctrl-C.
HOSTILE_SENT = 0.95
# A robot that refused a smaller share was not attacked: it hears some senders worse, and a busy
# host drops frames.
HOSTILE_REFUSED = 0.2


class Expectation(NamedTuple):
    """One thing that must hold; ``measured`` is None where it never came true."""

    name: str
    measured: float | int | None
    bound: float | int
    unit: str
    ok: bool
    detail: str = ''


def judge(
    record: Record, bounds: Bounds, sweep: Sweep | None = None
) -> tuple[Expectation, ...]:
    """
    Return every expectation that applies to the run, in the order of importance.

    ``sweep``: an area that had to be seen.
    """
    return (
        *_safety(record),
        *_commands(record),
        *_space(record, bounds),
        *_failures(record, bounds),
        *_splits(record, bounds),
        *_attacks(record),
        *_swept(record, sweep),
        *_phases(record, bounds),
        _none('phases that did not complete', (_unmet(p) for p in record.phases)),
        _none('proposals not acknowledged', record.refused),
        _none('invariants broken', record.violations),
        _at_most('records dropped', record.dropped, 0, 'records'),
    )


def _at_most(
    name: str, measured: float | int | None, bound: float | int, unit: str, detail: str = ''
) -> Expectation:
    ok = measured is not None and measured <= bound
    return Expectation(name, measured, bound, unit, ok, detail)


def _none(name: str, found: Iterable[str], unit: str = '') -> Expectation:
    """Expect that ``found`` is empty; its first few members are the detail."""
    texts = [text for text in found if text]
    return _at_most(name, len(texts), 0, unit, '; '.join(texts[:3]))


# -------------------------------------------------------------------- election and log


def _safety(record: Record) -> list[Expectation]:
    return [
        _none('terms with two leaders', two_leaders(record), 'terms'),
        _none('entries that differ between logs', different_entries(record), 'entries'),
        _none('robots with another log at the end', behind_at_the_end(record), 'robots'),
        _none('states that differ at one log index', different_states(record), 'states'),
    ]


def two_leaders(record: Record) -> list[str]:
    """Return a text for each term in which two robots said that they led (Election Safety)."""
    leaders: dict[int, set[str]] = {}
    for _, robot, status in record.statuses:
        if status.role == Role.LEADER:
            leaders.setdefault(status.term, set()).add(robot)
    return [
        f'term {term}: {", ".join(sorted(names))}'
        for term, names in sorted(leaders.items())
        if len(names) > 1
    ]


def different_entries(record: Record) -> list[str]:
    """Return a text for each index that was applied with two contents (Log Matching)."""
    first: dict[int, tuple[object, ...]] = {}
    found: dict[int, str] = {}
    for commit in record.commits:
        entry = commit.entry
        content = (entry.term, entry.session, entry.serial, entry.command, entry.applied)
        if first.setdefault(entry.index, content) != content:
            found.setdefault(entry.index, f'entry {entry.index} at {commit.robot}')
    return [found[index] for index in sorted(found)]


def behind_at_the_end(record: Record) -> list[str]:
    """Return a text for each robot that runs at the end without what was applied before it."""
    since_s = record.end_s - SETTLED_S
    known = [0, *(commit.entry.index for commit in record.commits if commit.time_s <= since_s)]
    known += [change.status.applied for change in record.statuses if change.time_s <= since_s]
    return [
        f'{name} has applied {status.applied} of {max(known)}'
        for name, status in record.final.items()
        if status.applied < max(known)
    ]


def different_states(record: Record) -> list[str]:
    """Return a text for each applied index with two state hashes (State Machine Safety)."""
    first: dict[int, int] = {}
    found: dict[int, str] = {}
    every = [(change.robot, change.status) for change in record.statuses]
    for robot, status in (*every, *record.final.items()):
        if first.setdefault(status.applied, status.state_hash) != status.state_hash:
            found.setdefault(status.applied, f'after entry {status.applied} at {robot}')
    return [found[index] for index in sorted(found)]


# -------------------------------------------------------------------- commands


def _commands(record: Record) -> list[Expectation]:
    return [
        _none('acknowledged commands lost', lost(record), 'commands'),
        _none('commands applied twice', applied_twice(record), 'commands'),
    ]


def lost(record: Record) -> list[str]:
    """
    Return a text for each acknowledged command that a robot running at the end lacks.

    One that waits on the disk of a dead robot, committed nowhere, is not lost.
    """
    lives, jumps = _last_lives(record), _last_jumps(record)
    held: dict[str, set[tuple[int, int]]] = {name: set() for name in record.final}
    anywhere = set()
    for commit in record.commits:
        key = (commit.entry.session, commit.entry.serial)
        anywhere.add(key)
        if commit.robot in held and commit.life == lives[commit.robot]:
            held[commit.robot].add(key)
        for name in held:
            if name in jumps and commit.entry.index <= jumps[name].index:
                held[name].add(key)
    missing = []
    for accepted in record.accepted:
        key = (accepted.session, accepted.serial)
        waits = accepted.robot not in record.final and key not in anywhere
        lacking = [name for name, keys in held.items() if key not in keys]
        if lacking and not waits:
            missing.append(f'{accepted.robot} #{accepted.serial} lacks at {", ".join(lacking)}')
    return missing


def applied_twice(record: Record) -> list[str]:
    """Return a text for each command that one process applied more than once."""
    seen: set[tuple[str, int, int, int]] = set()
    twice = []
    for commit in record.commits:
        entry = commit.entry
        key = (commit.robot, commit.life, entry.session, entry.serial)
        if entry.session and entry.applied:
            if key in seen:
                twice.append(f'{commit.robot} applied {entry.session} #{entry.serial} again')
            seen.add(key)
    return twice


def _last_lives(record: Record) -> dict[str, int]:
    lives: dict[str, int] = {}
    seen = [(commit.robot, commit.life) for commit in record.commits]
    for robot, life in (*seen, *((jump.robot, jump.life) for jump in record.jumps)):
        lives[robot] = max(life, lives.get(robot, 0))
    return lives


def _last_jumps(record: Record) -> dict[str, Jump]:
    """Return, by robot, the furthest that a snapshot took it in its last life."""
    lives = _last_lives(record)
    last: dict[str, Jump] = {}
    for jump in record.jumps:
        held = last.get(jump.robot)
        if jump.life == lives[jump.robot] and (held is None or jump.index > held.index):
            last[jump.robot] = jump
    return last


# -------------------------------------------------------------------- distances and links


def _space(record: Record, bounds: Bounds) -> list[Expectation]:
    at_s, first, second = record.min_distance_at
    parted = round(bounds.parted_s / SAMPLE_PERIOD_S)
    bound = record.safety_distance_m
    least = record.min_distance_m
    where = f'{first} and {second} at {at_s:.1f} s'
    found = [Expectation('least distance of any two robots', least, bound, 'm', least >= bound,
                         where)]
    if record.obstacle_gap_m < math.inf:
        gap_m = record.obstacle_gap_m
        found.append(Expectation('least distance to an obstacle', gap_m, bounds.obstacle_gap_m,
                                 'm', gap_m >= bounds.obstacle_gap_m))
    spans = [(start_s, end_s) for start_s, end_s, _ in split_spans(record)] + mute_spans(record)
    outside = [s for s in record.samples if not any(a <= s.time_s <= b for a, b in spans)]
    found.append(
        _at_most('radio graph not connected (outside splits)', _lasting(outside, 'connected'),
                 parted, 'samples')
    )
    out_of_range = _lasting(record.samples, 'reachable')
    found.append(_at_most('robots out of radio range', out_of_range, parted, 'samples'))
    return found


def _lasting(samples: list[Sample], field: str) -> int | None:
    """Count the samples in which ``field`` is false; None without samples."""
    return sum(not getattr(sample, field) for sample in samples) if samples else None


# -------------------------------------------------------------------- kills and restarts


def _failures(record: Record, bounds: Bounds) -> list[Expectation]:
    found = []
    for action in record.actions:
        if action.do == 'kill' and _led(record, action):
            measured = time_to_new_leader(record, action)
            name = f'new leader known to all survivors of {action.robots[0]}'
            found.append(_at_most(name, measured, bounds.new_leader_s, 's'))
        elif action.do == 'restart':
            measured = time_to_catch_up(record, action)
            name = f'{action.robots[0]} back in log and formation'
            found.append(_at_most(name, measured, bounds.caught_up_s, 's'))
    return found


def _led(record: Record, action: ActionTaken) -> bool:
    """Whether the robot that was killed had said last that it led."""
    said = [c.status for c in record.statuses
            if c.robot == action.robots[0] and c.time_s <= action.time_s]
    return bool(said) and said[-1].role == Role.LEADER


# -------------------------------------------------------------------- splits


def _swept(record: Record, sweep: Sweep | None) -> list[Expectation]:
    if sweep is None:
        return []
    share = swept_share(record, sweep)
    return [Expectation('share of the area seen', share, sweep.share, '', share >= sweep.share)]


def _attacks(record: Record) -> list[Expectation]:
    """
    Judge what hostile frames did: they were sent and refused, and nobody was elected for them.

    What was sent is what the attackers told (figure ``attacks``).
    """
    attacks = [action for action in record.actions if action.do == 'attack']
    if not attacks:
        return []
    asked = sum(action.frames for action in attacks)
    sent = sum(told['frames'] for told in record.figures.get('attacks', ()))
    refused = min((s.frames_rejected for s in record.final.values()), default=0)
    found = [
        Expectation(name, frames, math.ceil(share * asked), 'frames', frames >= share * asked)
        for name, frames, share in (
            ('hostile frames sent, at least', sent, HOSTILE_SENT),
            ('hostile frames refused by each robot, at least', refused, HOSTILE_REFUSED),
        )
    ]
    for action in attacks:
        phase = next((p for p in record.phases if p.name == action.phase), None)
        end_s = phase.end_s if phase is not None else record.end_s
        terms = {c.status.term for c in record.statuses if action.time_s <= c.time_s <= end_s}
        found.append(_at_most('elections during the attack', len(terms) - 1, 0, ''))
    return found


def mute_spans(record: Record) -> list[tuple[float, float]]:
    """Return start and end of each time in which somebody was not heard on purpose."""
    spans, start_s = [], None
    for action in record.actions:
        if action.do == 'mute' and start_s is None:
            start_s = action.time_s
        elif action.do == 'heal' and start_s is not None:
            spans.append((start_s, action.time_s))
            start_s = None
    return spans if start_s is None else [*spans, (start_s, record.end_s)]


def split_spans(record: Record) -> list[tuple[float, float, ActionTaken]]:
    """Return start, end and action of each imposed split."""
    spans, opened = [], None
    for action in record.actions:
        if opened is not None and action.do in ('split', 'heal'):
            spans.append((opened.time_s, action.time_s, opened))
            opened = None
        if action.do == 'split':
            opened = action
    if opened is not None:
        spans.append((opened.time_s, record.end_s, opened))
    return spans


def _splits(record: Record, bounds: Bounds) -> list[Expectation]:
    found = []
    for number, (start_s, end_s, action) in enumerate(split_spans(record), start=1):
        majority = action.groups[-1]
        before = [c.status for c in record.statuses if c.time_s <= start_s]
        last = max((status.last_index for status in before), default=0)
        new = [c for c in record.commits if start_s < c.time_s <= end_s and c.entry.index > last]
        wrong = [
            f'{c.robot} committed entry {c.entry.index}'
            for c in new
            if c.robot not in majority and c.time_s > start_s + IN_FLIGHT_S
        ]
        by_majority = {c.entry.index for c in new if c.robot in majority and c.entry.command}
        which = f'split {number}'
        found.append(_none(f'{which}: entries committed by the minority', wrong, 'entries'))
        found.append(
            Expectation(f'{which}: commands committed by the majority', len(by_majority),
                        bounds.majority_commits, 'commands',
                        len(by_majority) >= bounds.majority_commits)
        )
        queued = [a for a in record.accepted
                  if a.during_split == 'minority' and start_s <= a.time_s <= end_s]
        keys = [(a.session, a.serial) for a in queued]
        found.append(
            _none(f'{which}: commands queued and not committed exactly once after the heal',
                  not_once_after(record, keys, end_s), f'of {len(keys)}')
        )
        found.append(
            _at_most(f'{which}: one log everywhere after the heal',
                     time_to_one_log(record, end_s), bounds.one_log_s, 's')
        )
    return found


def not_once_after(record: Record, keys: list[tuple[int, int]], heal_s: float) -> list[str]:
    """Return a text for each intent that was not applied once, after ``heal_s``, by each robot."""
    lives, jumps = _last_lives(record), _last_jumps(record)
    wrong = []
    for key in keys:
        times: dict[str, list[float]] = {name: [] for name in record.final}
        indices = set()
        for commit in record.commits:
            mine = (commit.entry.session, commit.entry.serial) == key and commit.entry.applied
            if mine:
                indices.add(commit.entry.index)
            if mine and commit.robot in times and commit.life == lives[commit.robot]:
                times[commit.robot].append(commit.time_s)
        for name in times:
            if name in jumps and not times[name]:  # by a snapshot, as often as it stands there
                covered = [index for index in indices if index <= jumps[name].index]
                times[name] = [jumps[name].time_s] * len(covered)
        bad = [n for n, at in times.items() if len(at) != 1 or at[0] <= heal_s]
        if bad:
            wrong.append(f'session {key[0]} #{key[1]} at {", ".join(bad)}')
    return wrong


# -------------------------------------------------------------------- phases


def _phases(record: Record, bounds: Bounds) -> list[Expectation]:
    found = []
    for phase in record.phases:
        sample = last_sample(record, phase)
        if 'formation' in phase.checks:
            error = sample.formation if sample else None
            for label, measured, bound in (
                ('RMSE', error.rmse_m if error else None, bounds.formation_rmse_m),
                ('largest', error.max_m if error else None, bounds.formation_max_m),
                ('absolute', error.absolute_m if error else None, bounds.formation_absolute_m),
            ):
                name = f'{phase.name}: formation error, {label}'
                found.append(_at_most(name, measured, bound, 'm'))
        if 'leader' in phase.checks:
            leaders = leaders_known(record, phase)
            found.append(_at_most(f'{phase.name}: leaders known', leaders, 1, 'leaders'))
        if 'connected' in phase.checks:
            apart = None if sample is None else int(not sample.connected)
            found.append(_at_most(f'{phase.name}: radio graph in parts', apart, 0, ''))
    return found


def _unmet(phase: PhaseSpan) -> str:
    return f'{phase.name}: {", ".join(phase.unmet)}' if phase.unmet else ''
