# SPDX-License-Identifier: Apache-2.0
"""Settings of the mission room."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check, setting


@dataclass(frozen=True, slots=True)
class MissionSettings:
    """Lease, the leader's delays before it re-assigns slots, and the progress law."""

    lease_s: float = setting(
        5.0, 's', 0.5, 600.0, 'default lease of a mission: fly so long without quorum evidence'
    )
    assign_delay_s: float = setting(
        0.2, 's', 0.0, 10.0, "wait after a mission's start before its slots are assigned"
    )
    repack_delay_s: float = setting(
        0.5, 's', 0.0, 60.0, 'wait after a robot is declared silent before slots are re-packed'
    )
    split_wait_s: float = setting(
        30.0,
        's',
        0.0,
        600.0,
        'wait for robots lost beyond a gap, which both sides are closing, before re-packing',
    )
    rearrange_delay_s: float = setting(
        0.5, 's', 0.05, 60.0, 'least time between two exchanges of slots, or of shrinking'
    )
    seek_after_s: float = setting(
        10.0, 's', 0.0, 3_600.0, 'a robot that hears nobody stays so long before it seeks others'
    )
    seek_wait_s: float = setting(
        10.0, 's', 0.5, 600.0, 'no nearer to the place it seeks for so long: on to the next'
    )
    return_delay_s: float = setting(
        1.0, 's', 0.0, 60.0, 'wait after a robot has caught up before it gets a slot'
    )
    retry_delay_s: float = setting(
        0.5, 's', 0.05, 60.0, 'wait before a proposal that came to nothing is made again'
    )
    spacing_margin_m: float = setting(
        0.4, 'm', 0.0, 100.0, 'room between slots beyond the safety distance', shared=True
    )
    speed_fraction_max: float = setting(
        0.6, '', 0.05, 0.95, 'mission speed at most this fraction of the speed limit', shared=True
    )
    join_wait_s: float = setting(
        0.5, 's', 0.0, 10.0, "listen for the others' progress so long before starting at one's own"
    )
    progress_age_max_s: float = setting(
        2.0, 's', 0.1, 30.0, 'older progress of a neighbour is not waited for'
    )
    progress_gain_per_m: float = setting(
        1.0, '1/m', 0.0, 10.0, 'speed-up or slow-down per metre behind or ahead of neighbours'
    )
    progress_slack_m: float = setting(
        0.15, 'm', 0.0, 10.0, 'difference of progress that is not corrected (radio delay)'
    )
    progress_catch_up: float = setting(
        1.3, '', 1.0, 2.0, 'greatest speed-up of the own reference when it is behind'
    )
    progress_lead_max_m: float = setting(
        0.6, 'm', 0.05, 10.0, 'the reference stands still so far ahead of the last neighbour'
    )
    progress_jump_m: float = setting(
        2.0, 'm', 0.5, 100.0, "further behind than this the reference jumps to its neighbours'"
    )
    error_free_m: float = setting(
        0.4, 'm', 0.0, 10.0, 'own formation error that does not slow the reference'
    )
    # More than the radius kept around a silent robot (safety distance and 1.5 m): a slot blocked
    # by one slows the formation, which leaves it behind.
    error_stop_m: float = setting(
        3.0, 'm', 0.1, 100.0, 'own formation error at which the reference only crawls'
    )
    progress_crawl: float = setting(
        0.2, '', 0.0, 1.0, 'least part of the speed, however large the own formation error'
    )


def check_mission_settings(settings: MissionSettings, source: str, prefix: str = '') -> None:
    """Check bounds and the relations between fields; raises ConfigurationError."""
    check(settings, source, prefix)
    for low, high in (
        ('error_free_m', 'error_stop_m'),
        ('progress_slack_m', 'progress_lead_max_m'),
        ('progress_lead_max_m', 'progress_jump_m'),
    ):
        if getattr(settings, low) >= getattr(settings, high):
            raise ConfigurationError(
                source,
                f'{prefix}{low}',
                getattr(settings, low),
                f'less than {high} = {getattr(settings, high):g}',
            )
