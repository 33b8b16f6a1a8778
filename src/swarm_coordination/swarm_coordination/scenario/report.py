# SPDX-License-Identifier: Apache-2.0
"""The report of a run: every expectation with its measured value, and every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
import json
import math
import platform
import statistics
from typing import Any

from swarm_coordination.scenario.expectations import (
    Expectation,
    judge,
    split_spans,
)
from swarm_coordination.scenario.moments import (
    time_to_catch_up,
    time_to_contact,
    time_to_new_leader,
    time_to_one_log,
    time_to_start,
)
from swarm_coordination.scenario.phase_checks import last_sample
from swarm_coordination.scenario.record import Record
from swarm_coordination.scenario.schema import Scenario

FORMAT = 1
# Distributions whose version can change a result.
PACKAGES = ('numpy', 'msgspec', 'PyYAML')


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to; ``figures`` holds plain values only."""

    scenario: str
    backend: str
    seed: int
    robots: tuple[str, ...]
    versions: Mapping[str, str]
    expectations: tuple[Expectation, ...]
    figures: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether every expectation held."""
        return all(expectation.ok for expectation in self.expectations)

    def to_json(self) -> str:
        """Return the text of report.json: no NaN, keys in a fixed order."""
        document = {
            'format': FORMAT,
            'ok': self.ok,
            'scenario': self.scenario,
            'backend': self.backend,
            'seed': self.seed,
            'robots': list(self.robots),
            'versions': dict(self.versions),
            'expectations': [expectation._asdict() for expectation in self.expectations],
            **self.figures,
        }
        return json.dumps(_plain(document), indent=2, allow_nan=False) + '\n'


def make_report(
    record: Record,
    scenario: Scenario,
    backend: str,
    seed: int,
    versions: Mapping[str, str] | None = None,
) -> Report:
    """Judge ``record`` and put together everything measured; ``versions`` are the backend's."""
    return Report(
        scenario.name,
        backend,
        seed,
        record.robots,
        {**common_versions(), **(versions or {})},
        judge(record, scenario.bounds, scenario.sweep),
        {**figures(record), **record.figures},
    )


def common_versions() -> dict[str, str]:
    """Return the versions of what every backend runs on; of packages only those installed."""
    found = {'python': platform.python_version(), 'machine': platform.machine()}
    for package in ('swarm_coordination', *PACKAGES):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def figures(record: Record) -> dict[str, Any]:
    """Return every figure that the record holds, in SI units."""
    at_s, first, second = record.min_distance_at
    spans = split_spans(record)
    together = [
        sample
        for sample in record.samples
        if sum(sample.running) > 1 and not any(a <= sample.time_s <= b for a, b, _ in spans)
    ]
    return {
        'duration_s': record.end_s,
        'election_s': _elections(record),
        'restarts_s': _restarts(record),
        'heals_s': _heals(record),
        'min_distance_m': record.min_distance_m,
        'min_distance_at': {'time_s': at_s, 'robots': [first, second]},
        'safety_distance_m': record.safety_distance_m,
        'lambda2_min': min((s.lambda2 for s in together), default=None),
        'formation_error_m': _formation_errors(record),
        'commits_per_phase': _commits_per_phase(record),
        'phases': [
            {'name': p.name, 'start_s': p.start_s, 'end_s': p.end_s, 'unmet': list(p.unmet)}
            for p in record.phases
        ],
        'actions': [
            {'time_s': a.time_s, 'phase': a.phase, 'do': a.do, 'text': a.text}
            for a in record.actions
        ],
        'bytes_per_robot_per_s': {
            name: sent / record.end_s for name, sent in record.bytes_sent.items() if record.end_s
        },
        'frames_rejected': {n: s.frames_rejected for n, s in record.final.items()},
        'processes': {name: p._asdict() for name, p in record.processes.items()},
    }


def _restarts(record: Record) -> list[dict[str, Any]]:
    return [
        {
            'robot': action.robots[0],
            'process_started': time_to_start(record, action),
            'caught_up_after_start': time_to_catch_up(record, action),
        }
        for action in record.actions
        if action.do == 'restart'
    ]


def _heals(record: Record) -> list[dict[str, Any]]:
    return [
        {
            'cut_for': end_s - start_s,
            # Discovery, where DDS has forgotten the other side, and two beacons.
            'contact': time_to_contact(record, action.groups, end_s),
            'one_log': time_to_one_log(record, end_s),
        }
        for start_s, end_s, action in split_spans(record)
    ]


def _elections(record: Record) -> dict[str, Any]:
    """Return when the first leader was known, and how long each one after a kill took."""
    first = next((s.time_s for s in record.samples if s.leader and s.leaders == 1), None)
    after = [
        time_to_new_leader(record, action) for action in record.actions if action.do == 'kill'
    ]
    return {'first': first, 'after_kills': after}


def _formation_errors(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for phase in record.phases:
        sample = last_sample(record, phase)
        inside = [
            s.formation.rmse_m
            for s in record.samples
            if s.formation and phase.start_s <= s.time_s <= phase.end_s
        ]
        found[phase.name] = {
            'at_end': sample.formation._asdict() if sample and sample.formation else None,
            'rmse_median': statistics.median(inside) if inside else None,
        }
    return found


def _commits_per_phase(record: Record) -> dict[str, int]:
    """Count log entries by the phase in which the first robot applied them."""
    first: dict[int, float] = {}
    for commit in record.commits:
        first.setdefault(commit.entry.index, commit.time_s)
    return {
        phase.name: sum(phase.start_s < time_s <= phase.end_s for time_s in first.values())
        for phase in record.phases
    }


def _plain(value: Any) -> Any:
    """Return ``value`` with numbers rounded to 1e-6 and what is not finite as None."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
