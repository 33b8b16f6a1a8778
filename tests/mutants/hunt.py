# SPDX-License-Identifier: Apache-2.0
"""
Hunt mutants: play seeds with one rule broken until an invariant notices; a table at the end.

A catch counts only where the unbroken core passes the same seed: else it ends in an error.

    .venv/bin/python tests/mutants/hunt.py [--seeds 200] [--recorded] [--jobs 2] [NAME ...]

Exit status 1 where one got away. Run from the root of the repository.
"""

from __future__ import annotations

import argparse
from functools import cache, partial
from pathlib import Path
import sys
import time
from typing import NamedTuple

if __name__ == '__main__':
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from mutants.broken_rules import MUTANTS
import pytest
from swarm_coordination.campaign.campaign import play_seed
from swarm_coordination.campaign.workers import in_order


class Catch(NamedTuple):
    """Which seed caught a mutant, by which rule; ``rule`` '' where none did."""

    mutant: str
    seed: int
    rule: str
    text: str
    cpu_s: float


@cache
def unbroken(profile: str, seed: int) -> str:
    """Return which rule the unbroken core breaks in a seed; '' for none."""
    return play_seed(profile, seed).rule


def hunt(name: str, seeds: range) -> Catch:
    """Play seeds with the mutant until one fails, which the unbroken core has to pass."""
    mutant = MUTANTS[name]
    started = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        mutant.apply(patch.setattr)
        for seed in seeds:
            outcome = play_seed(mutant.profile, seed)
            if outcome.rule:
                break
        else:
            outcome = outcome._replace(rule='')
    if outcome.rule:
        rule = unbroken(mutant.profile, seed)
        assert not rule, f'{mutant.profile}, seed {seed}: {rule} is broken without {name} too'
    return Catch(name, seed, outcome.rule, outcome.text, time.process_time() - started)


def recorded(name: str, more: int) -> range:
    """Return the seed that is on record and a few after it."""
    return range(MUTANTS[name].seed, MUTANTS[name].seed + more)


def hunt_first(count: int, on_record: bool, name: str) -> Catch:
    """Hunt a mutant in so many seeds, from the first or from the one on record on."""
    return hunt(name, recorded(name, count) if on_record else range(count))


def main() -> int:
    """Hunt those named, or all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('names', nargs='*', metavar='NAME', help=', '.join(MUTANTS))
    parser.add_argument('--seeds', type=int, default=200, help='at most so many each (200)')
    parser.add_argument('--recorded', action='store_true', help='begin with the seed on record')
    parser.add_argument('--jobs', type=int, default=1, help='processes (1)')
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(MUTANTS))
    if unknown or options.seeds < 1 or options.jobs < 1:
        parser.error(f'no mutant {unknown[0]}' if unknown else 'numbers start at 1')
    names = options.names or list(MUTANTS)
    at_large = 0
    print('| mutant: the rule it breaks | profile | seed | found by |\n|---|---|---|---|')
    one = partial(hunt_first, options.seeds, options.recorded)
    for catch in in_order(one, names, options.jobs):
        mutant = MUTANTS[catch.mutant]
        seed, found = (catch.seed, catch.rule) if catch.rule else ('-', 'AT LARGE')
        print(f'| {catch.mutant}: {mutant.breaks} | {mutant.profile} | {seed} | {found} |',
              flush=True)
        at_large += not catch.rule
    return 1 if at_large else 0


if __name__ == '__main__':
    sys.exit(main())
