# SPDX-License-Identifier: Apache-2.0
"""Settings of the policy that decides who votes."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.consensus.configuration import MEMBERS_MAX
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check, setting

# What becomes of two voters while both live: both stay, or the leader goes on alone.
LAST_TWO = ('both', 'sole_voter')


@dataclass(frozen=True, slots=True)
class MembershipSettings:
    """When a voter loses its vote, and who gets one; alike in the whole swarm."""

    # Longer than a process takes to start again: a restart costs nobody its vote.
    evict_after_s: float = setting(
        3.0, 's', 0.0, 3_600.0, 'a voter silent for this long loses its vote', shared=True
    )
    # Between two evictions there is time for the first to commit and for people to notice.
    evict_interval_s: float = setting(
        5.0, 's', 0.0, 3_600.0, 'least time between two evictions', shared=True
    )
    min_voters: int = setting(
        2, 'voters', 1, MEMBERS_MAX, 'nobody is evicted below this many voters', shared=True
    )
    # Beyond seven, a commit waits for more robots without surviving more than a swarm would lose.
    voters_max: int = setting(
        7, 'voters', 1, MEMBERS_MAX, 'nobody is promoted above this many voters', shared=True
    )
    promote_after_s: float = setting(
        2.0, 's', 0.0, 3_600.0, 'a learner alive for this long may become a voter', shared=True
    )
    # A frame or two of entries: what a learner lacks while commands come is less.
    caught_up_entries: int = setting(
        32, 'entries', 0, 10_000, 'a learner lacking at most so many has caught up', shared=True
    )
    last_two: str = setting(
        'both',
        '',
        None,
        None,
        'two voters, both alive and no learner to promote: both stay, or the leader goes on alone',
        choices=LAST_TWO,
        shared=True,
    )
    battery_min: float = setting(
        0.2, '', 0.0, 1.0, 'a leader with less charge hands leadership over', shared=True
    )


def check_membership(settings: MembershipSettings, source: str, prefix: str = '') -> None:
    """Check every field and what must hold between fields; raises ConfigurationError."""
    check(settings, source, prefix)
    if settings.min_voters > settings.voters_max:
        raise ConfigurationError(
            source,
            f'{prefix}min_voters',
            settings.min_voters,
            f'at most voters_max ({settings.voters_max})',
        )
