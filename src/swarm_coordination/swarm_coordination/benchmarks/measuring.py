# SPDX-License-Identifier: Apache-2.0
"""Take the samples that rows want and do not have yet, in one process or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import functools
import gc
import itertools
import time

from swarm_coordination.benchmarks.figures import Figure
from swarm_coordination.benchmarks.rows import Effort, Part, Row, Sample
from swarm_coordination.benchmarks.samples import Samples
from swarm_coordination.campaign.workers import in_order

# Between two writings of the file: what is lost at most if this process is killed.
_WRITE_EVERY_S = 10.0


class Measuring:
    """
    Fills ``samples`` for rows; ``cpu_most_s`` bounds the CPU time that it spends (None: nothing).

    Samples that were begun are finished; where time is up a row is told with what there is.
    """

    def __init__(
        self, samples: Samples, effort: Effort, jobs: int = 1, cpu_most_s: float | None = None
    ) -> None:
        self._samples, self._effort, self._jobs = samples, effort, jobs
        self._cpu_most_s, self._cpu_s = cpu_most_s, 0.0
        self._written = time.monotonic()

    def figures(
        self, rows: Mapping[str, Row], told: Callable[[Figure], None] = lambda _: None
    ) -> list[Figure]:
        """Measure rows; ``told`` hears of each as soon as it is there. None without samples."""
        found = []
        for name, row in rows.items():
            try:
                for part in row.parts:
                    self._fill(part)
            finally:
                self._samples.write()
            figure = self._figure(name, row)
            if figure is not None:
                found.append(figure)
                told(figure)
        return found

    def _seeds(self, part: Part) -> range:
        return range(self._effort.seed, self._effort.seed + part.seeds(self._effort))

    def _figure(self, name: str, row: Row) -> Figure | None:
        held = {part.name: self._samples.of(part.call) for part in row.parts}
        seeds = {part.name: self._seeds(part) for part in row.parts}
        found = {
            part: [samples[seed] for seed in seeds[part] if seed in samples]
            for part, samples in held.items()
        }
        if not all(found.values()):
            return None
        wanted = {part: len(of_part) for part, of_part in seeds.items()}
        cpu_s = sum(self._samples.cpu_s[part.call] for part in row.parts)
        return row.figure(name, found, wanted, cpu_s)

    def _fill(self, part: Part) -> None:
        held = self._samples.of(part.call)
        missing = [seed for seed in self._seeds(part) if seed not in held]
        for seed, sample, cpu_s in self._taken(part, missing):
            self._cpu_s += cpu_s
            self._samples.add(part.call, seed, sample, cpu_s)
            if time.monotonic() - self._written > _WRITE_EVERY_S:
                self._samples.write()
                self._written = time.monotonic()

    def _taken(self, part: Part, seeds: Sequence[int]) -> Iterator[tuple[int, Sample, float]]:
        left = itertools.takewhile(lambda _: self._time_left(), seeds)
        # Fresh interpreters: a forked one would share what the parent has cached and opened.
        return in_order(functools.partial(_take, part.measure), left, self._jobs, 'spawn')

    def _time_left(self) -> bool:
        return self._cpu_most_s is None or self._cpu_s < self._cpu_most_s


def _take(measure: Callable[[int], Sample], seed: int) -> tuple[int, Sample, float]:
    """Return the seed, its sample and its CPU time; cycles are collected between samples."""
    collects = gc.isenabled()
    gc.disable()
    try:
        started = time.process_time()
        return seed, measure(seed), time.process_time() - started
    finally:
        if collects:
            gc.enable()
