# SPDX-License-Identifier: Apache-2.0
"""Many seeds, in several processes, summed up in the order of the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
import shlex
from typing import Any

from swarm_coordination.campaign.blackboard import RULE as BLACKBOARD
from swarm_coordination.campaign.coverage import STATES
from swarm_coordination.campaign.profiles import profile_named
from swarm_coordination.campaign.run import Outcome, play
from swarm_coordination.campaign.schedule import make_schedule
from swarm_coordination.campaign.workers import in_order

_MS_PER_HOUR = 3_600_000
_MS_PER_MINUTE = 60_000


@dataclass
class Summary:
    """Sums over the outcomes of a campaign."""

    seeds: int = 0
    virtual_ms: int = 0
    events: int = 0
    checks_by_rule: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    healed_ms: list[int] = field(default_factory=list)  # of each seed that was seen healed
    unhealed: int = 0  # seeds without a failure that ended before they had to be healed
    undecided: int = 0  # keys of blackboards whose histories were too much to decide
    failures: list[Outcome] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    source: str = ''  # the file of a schedule that no seed draws
    asked: int = 0  # seeds that were to be played; 0: those that were

    def add(self, outcome: Outcome) -> None:
        """Take one outcome in."""
        self.seeds += 1
        self.virtual_ms += outcome.at_ms
        self.events += outcome.events
        self.checks_by_rule.update(outcome.checks)
        self.commands += outcome.commands
        self.faults.update(outcome.faults)
        self.states.update(outcome.states)
        self.undecided += outcome.undecided
        if outcome.rule:
            self.failures.append(outcome)
        elif outcome.healed_ms is None:
            self.unhealed += 1
        else:
            self.healed_ms.append(outcome.healed_ms)

    @property
    def virtual_hours(self) -> float:
        """Virtual time of all runs together."""
        return self.virtual_ms / _MS_PER_HOUR

    @property
    def interrupted(self) -> bool:
        """Whether fewer seeds were played than were to be."""
        return self.seeds < self.asked

    @property
    def checks(self) -> int:
        """Comparisons of all rules together."""
        return self.checks_by_rule.total()

    @property
    def unreached(self) -> tuple[str, ...]:
        """States that no run has reached."""
        return tuple(state for state in STATES if not self.states[state])

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            'seeds': self.seeds,
            'interrupted': self.interrupted,
            'failures': [
                {
                    'seed': outcome.schedule.seed,
                    'profile': outcome.schedule.profile,
                    'rule': outcome.rule,
                    'text': outcome.text,
                    'at_s': outcome.at_ms / 1000.0,
                    'replay': replay_command(outcome, self.source),
                }
                for outcome in self.failures
            ],
            'virtual_hours': round(self.virtual_hours, 4),
            'events': self.events,
            'commands': self.commands,
            'faults': dict(sorted(self.faults.items())),
            'checks': self.checks,
            'checks_by_rule': dict(sorted(self.checks_by_rule.items())),
            'states': {state: self.states[state] for state in STATES},
            'healed_ms_max': max(self.healed_ms, default=None),
            'unhealed': self.unhealed,
            'undecided_keys': self.undecided,
        }

    def lines(self) -> list[str]:
        """Return the summary for people."""
        faults = ', '.join(f'{kind} {count}' for kind, count in sorted(self.faults.items()))
        reached = len(STATES) - len(self.unreached)
        cut = [f'interrupted after {self.seeds} of {self.asked} seeds'] * self.interrupted
        lines = [
            *cut,
            f'{_counted(self.seeds, "seed")}, {_counted(len(self.failures), "failure")}, '
            f'{self._virtual_time()}, {self.events:,} events, {self.checks:,} invariant checks, '
            f'{self.commands:,} commands',
            f'faults: {self.faults.total()} ({faults})' if faults else 'faults: none',
            self._checks_line(),
            f'states reached: {reached} of {len(STATES)}'
            + (f'; not reached: {", ".join(self.unreached)}' if self.unreached else ''),
        ]
        if self.healed_ms:
            times = sorted(self.healed_ms)
            lines.append(
                f'healed after the last fault within {times[len(times) // 2] / 1000:.2f} s '
                f'(median), {times[-1] / 1000:.2f} s (longest)'
            )
        if self.unhealed:
            lines.append(f'healing not checked in {self.unhealed} seeds: ended before the bound')
        if self.undecided:
            lines.append(f'undecided: {self.undecided} keys, too much to check ({BLACKBOARD})')
        return lines

    def _virtual_time(self) -> str:
        for unit, ms in (('hours', _MS_PER_HOUR), ('minutes', _MS_PER_MINUTE)):
            if self.virtual_ms >= 0.1 * ms:
                return f'{self.virtual_ms / ms:.2f} virtual {unit}'
        return f'{self.virtual_ms / 1000:.2f} virtual seconds'

    def _checks_line(self) -> str:
        counts = sorted(self.checks_by_rule.items())
        held = ', '.join(f'{rule} {count:,}' for rule, count in counts if count)
        idle = ', '.join(rule for rule, count in counts if not count)
        return f'checks: {held or "none"}' + (f'; not exercised: {idle}' if idle else '')


def _counted(number: int, what: str) -> str:
    return f'{number} {what}' if number == 1 else f'{number} {what}s'


def replay_command(outcome: Outcome, source: str = '') -> str:
    """Return the command that plays a seed, or the schedule in a file, again, readably."""
    if source:
        return f'swarm check --schedule {shlex.quote(source)} -v'
    schedule = outcome.schedule
    profile = '' if schedule.profile == 'general' else f' --profile {schedule.profile}'
    return f'swarm check{profile} --seed {schedule.seed} -v'


def play_seed(profile: str, seed: int) -> Outcome:
    """Play one seed of a profile."""
    return play(make_schedule(profile_named(profile), seed))


def outcomes(profile: str, seeds: Iterable[int], jobs: int) -> Generator[Outcome, None, None]:
    """Yield the outcome of every seed, in order, as they come."""
    return in_order(partial(play_seed, profile), seeds, jobs)
