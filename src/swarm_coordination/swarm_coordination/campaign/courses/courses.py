# SPDX-License-Identifier: Apache-2.0
"""The courses by the profile that they are the whole of."""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.campaign.courses import (
    dead_leader,
    deposed_reader,
    divergence,
    elected_reader,
    figure_3_7,
    forgotten_stops,
    leaping_clocks,
    lifting,
    two_candidates,
)
from swarm_coordination.campaign.courses.course import Course

COURSES: dict[str, Callable[[Course], None]] = {
    'dead_leader': dead_leader.lead,
    'deposed_reader': deposed_reader.lead,
    'divergence': divergence.lead,
    'elected_reader': elected_reader.lead,
    'figure_3_7': figure_3_7.lead,
    'forgotten_stops': forgotten_stops.lead,
    'leaping_clocks': leaping_clocks.lead,
    'lifting': lifting.lead,
    'two_candidates': two_candidates.lead,
}
