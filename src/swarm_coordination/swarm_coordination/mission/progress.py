# SPDX-License-Identifier: Apache-2.0
"""
Progress along the path, coordinated without a leader or a common clock.

Every robot keeps its own copy of the virtual structure's reference, tells its progress to the
others, and adjusts its own rate: Ren and Beard, *Decentralized scheme for spacecraft formation
flying via the virtual structure approach*, J. Guidance, Control, and Dynamics 27(1), 2004
(formation feedback: the reference slows when a robot is off its place; consensus on the
coordination vector among neighbours). So a commit, a leader or a time base is never needed to
fly on, and the group waits for its slowest.
"""

from __future__ import annotations

from swarm_coordination.mission.settings import MissionSettings


def rate_factor(
    progress_m: float, error_m: float, others_m: list[float], settings: MissionSettings
) -> float:
    """
    Factor on the mission's speed, in [0, progress_catch_up].

    ``error_m``: own distance to the slot's present position. ``others_m``: progress of the
    neighbours that count.

    """
    feedback = _ramp_down(error_m, settings.error_free_m, settings.error_stop_m)
    # Never quite zero: a robot whose slot is blocked would hold up the swarm for good.
    feedback = max(feedback, settings.progress_crawl)
    if not others_m:
        return feedback
    behind = sum(others_m) / len(others_m) - progress_m
    consensus = 1.0
    if abs(behind) > settings.progress_slack_m:
        slack = settings.progress_slack_m if behind > 0.0 else -settings.progress_slack_m
        consensus += settings.progress_gain_per_m * (behind - slack)
    consensus = min(max(consensus, 0.0), settings.progress_catch_up)
    lead = progress_m - min(others_m)
    waiting = _ramp_down(lead, settings.progress_slack_m, settings.progress_lead_max_m)
    return feedback * min(consensus, waiting * settings.progress_catch_up)


def jump_target(
    progress_m: float, others_m: list[float], joined: bool, settings: MissionSettings
) -> float | None:
    """
    Progress to jump to: the median neighbour's, never backwards; None to stay.

    A robot that has not joined jumps at once, one that has only when it is far behind (it was
    paused or cut off): flying the path's missed part would hold up all the others.
    """
    if not others_m:
        return None
    median = sorted(others_m)[len(others_m) // 2]
    if not joined or median - progress_m > settings.progress_jump_m:
        return max(progress_m, median)
    return None


def _ramp_down(value: float, free: float, stop: float) -> float:
    """1 up to ``free``, 0 from ``stop`` on, linear between."""
    return min(1.0, max(0.0, (stop - value) / (stop - free)))
