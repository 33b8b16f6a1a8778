# SPDX-License-Identifier: Apache-2.0
"""The command that flies one row of a table again, and which sources flew it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import subprocess

from swarm_coordination.evaluation.cases import Case

# Fields of a case and the options that set them; those of its settings follow from these.
OPTIONS = {
    'shape': '--shape',
    'robots': '--robots',
    'slots': '--slots',
    'start': '--start',
    'method': '--method',
    'loss': '--loss',
    'delay_s': '--delay',
    'beacon_hz': '--beacons',
    'radio': '--radio',
    'kill': '--kill',
    'obstacles': '--obstacles',
    'kind': '--kind',
    'limit_s': '--limit',
}
# Flags: set where the field has this value.
FLAGS = {'kill_formed': ('--kill-formed', True), 'swaps': ('--no-swaps', False),
         'regroup': ('--no-regroup', False)}


def command(case: Case, runs: int, seed: int) -> str:
    """Return the words after ``swarm`` that fly these runs; what is the default is left out."""
    words = ['evaluate']
    for field in fields(Case):
        value = getattr(case, field.name)
        if field.name in FLAGS:
            flag, when = FLAGS[field.name]
            words += [flag] if value is when else []
        elif field.name in OPTIONS and value != field.default:
            text = f'{value:g}' if isinstance(value, float) else str(value)
            words += [OPTIONS[field.name], text]
    if case.settings.resilience != 1:
        words += ['--resilience', str(case.settings.resilience)]
    if case.settings.look_ahead_s == 0.0:
        words += ['--shipped']
    return ' '.join([*words, '--runs', str(runs), '--seed', str(seed)])


def commit() -> str:
    """Return the commit of these sources, with ``+`` where they differ from it; "": unknown."""
    here = Path(__file__).resolve().parent
    try:
        said = subprocess.run(
            ('git', 'describe', '--always', '--abbrev=7', '--dirty=+', '--exclude=*'),
            cwd=here, capture_output=True, text=True, timeout=10.0, check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return said.stdout.strip() if said.returncode == 0 else ''
