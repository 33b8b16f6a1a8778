# SPDX-License-Identifier: Apache-2.0
"""Play the suite, and make one row of each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.configuration.documents import load_document
from swarm_coordination.errors import ConfigurationError, SwarmError, UsageError
from swarm_coordination.fallacies.catalogue import Fallacy
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import make_folder, make_options, RunOptions
import yaml

# Plays one run on a backend of that name.
Play = Callable[[RunOptions, str], Report]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one fallacy."""

    fallacy: str
    done: str
    scenario: str
    backend: str  # '' where the run broke off
    held: int  # expectations that held
    expectations: int
    broken: tuple[str, ...]
    figure: str
    folder: str  # of the run: report, pictures, logs

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.broken


def play_fallacy(fallacy: Fallacy, number: int, out: Path, play: Play, seed: int) -> Row:
    """
    Play one; a run that breaks off (a swarm that does not start) is a broken row.

    Raises ConfigurationError, UsageError.
    """
    folder = make_folder(out / f'{number}-{fallacy.scenario}')
    source = folder / 'swarm.yaml'
    document = load_document(find_swarm_file())
    # The order of the robots says which fly.
    text = yaml.safe_dump(merged(document, fallacy.overrides), sort_keys=False)
    source.write_text(text, encoding='utf-8')
    scenario = load_scenario(fallacy.scenario)
    options = make_options(
        scenario, load_swarm(source), folder, seed=seed, robots=fallacy.robots
    )
    try:
        report = play(options, fallacy.backend)
    except (ConfigurationError, UsageError):
        raise
    except SwarmError as error:
        return Row(
            fallacy.name, fallacy.done, fallacy.scenario, '', 0, 0, (f'broke off: {error}',), '',
            str(folder),
        )
    judged = (*report.expectations, *fallacy.limits(report))
    broken = tuple(f'{e.name}: {e.measured} ({e.detail})' for e in judged if not e.ok)
    count = len(judged)
    return Row(
        fallacy.name, fallacy.done, fallacy.scenario, report.backend, count - len(broken), count,
        broken, fallacy.figure(report) if not broken else '', str(folder),
    )


def merged(document: Any, overrides: Any) -> Any:
    """Return ``document`` with the values of ``overrides`` in place of its own, at any depth."""
    if not (isinstance(document, Mapping) and isinstance(overrides, Mapping)):
        return overrides
    result = dict(document)
    for key, value in overrides.items():
        result[key] = merged(result[key], value) if key in result else value
    return result
