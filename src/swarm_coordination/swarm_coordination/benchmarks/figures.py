# SPDX-License-Identifier: Apache-2.0
"""
A figure: what a benchmark measured, beside the bound it must keep and the one it aims at.

A row has one or two values (median and p99, or two swarm sizes). It passes where every value is
at most its bound (at least, for rates where more is better).
"""

from __future__ import annotations

from collections.abc import Sequence
import math
import os
import platform
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """
    What a row has to reach; ``higher`` where more is better.

    ``hours``: virtual hours that must and aim take to be shown, where the row is a rate.
    """

    must: tuple[float, ...]
    aim: tuple[float, ...]
    unit: str
    higher: bool = False
    hours: tuple[float, float] = (0.0, 0.0)

    def kept(self, wanted: tuple[float, ...], values: Sequence[float]) -> bool:
        """Whether every value reaches ``wanted``."""
        if self.higher:
            return all(value >= bound for value, bound in zip(values, wanted))
        return all(value <= bound for value, bound in zip(values, wanted))


class Figure(NamedTuple):
    """
    One row measured; ``note`` says how often and what else came out.

    ``hours``: virtual hours that a rate was measured over.
    """

    row: str
    title: str
    values: tuple[float, ...]
    bound: Bound | None
    note: str
    hours: float = math.inf

    @property
    def verdict(self) -> str:
        """
        Return ``aim``, ``must`` or ``MISSED``; empty for a row that is only stated.

        ``unproved`` where a rate keeps its bound, but was not measured for as long as that takes.
        """
        bound = self.bound
        if bound is None:
            return ''
        must_h, aim_h = bound.hours
        if not bound.kept(bound.must, self.values):
            return 'MISSED'
        if self.hours < must_h:
            return 'unproved'
        return 'aim' if self.hours >= aim_h and bound.kept(bound.aim, self.values) else 'must'


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median_p99(samples: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile by nearest rank."""
    return percentile(samples, 0.5), percentile(samples, 0.99)


def machine() -> str:
    """Return what the figures were measured on."""
    return (
        f'{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, '
        f'{platform.python_implementation()} {platform.python_version()}'
    )


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as an aligned table, a line each."""
    lines = [('row', 'measured', 'must', 'aim', 'reached', 'what')]
    for figure in figures:
        bound = figure.bound
        lines.append((
            figure.row,
            _numbers(figure.values) + (f' {bound.unit}' if bound else ''),
            _numbers(bound.must) if bound else '-',
            _numbers(bound.aim) if bound else '-',
            figure.verdict or '-',
            f'{figure.title}; {figure.note}' if figure.note else figure.title,
        ))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return '\n'.join(
        '  '.join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[5]])
        for line in lines
    )


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return the figures as plain values for ``--json``."""
    return [
        {
            'row': figure.row,
            'title': figure.title,
            'values': list(figure.values),
            'unit': figure.bound.unit if figure.bound else '',
            'must': list(figure.bound.must) if figure.bound else [],
            'aim': list(figure.bound.aim) if figure.bound else [],
            'reached': figure.verdict,
            'note': figure.note,
        }
        for figure in figures
    ]


def _numbers(values: Sequence[float]) -> str:
    return ' / '.join(f'{value:.3g}' if value < 1000 else f'{value:.0f}' for value in values)
