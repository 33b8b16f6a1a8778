# SPDX-License-Identifier: Apache-2.0
"""
What a robot reports of its own health, as diagnostic_msgs, in parts, each with its values.

``mesh`` and ``consensus`` come from the coordinator, ``controller`` and ``localisation`` from the
controller, beside one report of each node's own state. ``frames`` is the coordinator's, where it
says links of tf by odometry. The rules are pure functions of what the
core says of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
import enum
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from swarm_coordination.control.controller import ControlReport
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.units import ns_to_seconds


class Level(enum.Enum):
    """Severity; STALE: the data is too old to say."""

    OK = DiagnosticStatus.OK
    WARN = DiagnosticStatus.WARN
    ERROR = DiagnosticStatus.ERROR
    STALE = DiagnosticStatus.STALE


class Report(NamedTuple):
    """One part's health."""

    part: str
    level: Level
    message: str
    values: Mapping[str, object]


def to_message(robot: str, report: Report) -> Any:
    """Return the report as a DiagnosticStatus named ``<robot>: <part>``."""
    return DiagnosticStatus(
        level=report.level.value,
        name=f'{robot}: {report.part}',
        message=report.message,
        hardware_id=robot,
        values=[KeyValue(key=key, value=str(value)) for key, value in report.values.items()],
    )


def mesh_health(
    status: RobotStatus, heard: int, conflict: str, refused: str, *, refusing: bool = False
) -> Report:
    """
    Return the health of the mesh.

    ``heard`` counts the robots heard directly, ``conflict`` is the last event about a double
    name, a copied disk or another configuration, ``refused`` the one about frames that were
    refused, ``refusing`` whether they still come. A robot alone is not wrong, but should know.
    """
    values: dict[str, object] = {
        'alive': len(status.alive),
        'heard': heard,
        'frames_sent': status.frames_sent,
        'frames_received': status.frames_received,
        'frames_rejected': status.frames_rejected,
        'refused': refused,
        'bytes_sent': status.bytes_sent,
        'articulation': ' '.join(status.articulation),
    }
    if conflict:
        return Report('mesh', Level.ERROR, conflict, values)
    if refusing:
        return Report('mesh', Level.WARN, refused, values)
    if not heard:
        return Report('mesh', Level.WARN, 'hears nobody', values)
    if status.articulation:
        told = f'the loss of {" or ".join(status.articulation)} would part the swarm'
        return Report('mesh', Level.WARN, told, values)
    return Report('mesh', Level.OK, f'hears {heard} robots', values)


def consensus_health(status: RobotStatus) -> Report:
    """Return the health of election and log."""
    values = {
        'role': status.role,
        'term': status.term,
        'leader': status.leader_name,
        'quorum': status.quorum,
        'may_vote': status.may_vote,
        'commit_index': status.commit,
        'last_index': status.last_index,
        'first_index': status.first_index,
        'snapshot_index': status.snapshot_index,
        'voters': ' '.join(status.voters),
        'learners': ' '.join(status.learners),
        'configuration': status.configuration,
        'pending_intents': status.pending_intents,
        'mode': status.mode.name.lower(),
    }
    if not status.may_vote:
        return Report('consensus', Level.ERROR, 'held back without a vote: see events', values)
    if not status.quorum:
        return Report('consensus', Level.WARN, 'no quorum', values)
    leader = status.leader_name or 'nobody'
    return Report('consensus', Level.OK, f'{leader} leads term {status.term}', values)


# Reasons for which a controller cannot fly at all; the others are part of its mission.
_BLIND = ('_missing', '_stale', '_refused', '_frozen')


def controller_health(report: ControlReport | None, refused: int) -> Report:
    """Return the health of the controller; ``refused`` counts unusable messages."""
    if report is None:
        return Report('controller', Level.STALE, 'no update yet', {})
    values = {
        'braking': report.braking,
        'kept_links': len(report.kept),
        'kept': ' '.join(map(str, report.kept)),
        'released_links': len(report.released),
        'nearest_m': report.nearest_m,
        'slot_error_m': report.slot_error_m,
        'deviation_mps': round(report.deviation_mps, 3),
        'relaxations_links': report.relaxations[0],
        'relaxations_obstacles': report.relaxations[1],
        'relaxations_collisions': report.relaxations[2],
        'relaxations_braking': report.relaxations[3],
        'obstacle_gap_m': report.obstacle_gap_m,
        'poses_refused': report.poses_refused,
        'tables_refused': report.tables_refused,
        'targets_refused': report.targets_refused,
        'messages_refused': refused,
    }
    message = ', '.join(report.reasons) or 'flying'
    blind = [reason for reason in report.reasons if reason.endswith(_BLIND)]
    return Report('controller', Level.WARN if blind else Level.OK, message, values)


def localisation_health(
    age_ns: int | None, timeout_s: float, refused: Mapping[str, int], fresh_refusal: str
) -> Report:
    """
    Return the health of the localisation.

    ``age_ns`` of the newest pose; None: none came. ``fresh_refusal`` says why messages have been
    refused of late; empty: none were.
    """
    values: dict[str, object] = {
        'age_s': 'none' if age_ns is None else round(ns_to_seconds(age_ns), 3),
        **{f'refused_{reason}': count for reason, count in sorted(refused.items())},
    }
    if fresh_refusal:
        return Report('localisation', Level.ERROR, fresh_refusal, values)
    if age_ns is None:
        return Report('localisation', Level.STALE, 'no pose yet', values)
    if ns_to_seconds(age_ns) > timeout_s:
        return Report('localisation', Level.STALE, 'the pose is too old', values)
    return Report('localisation', Level.OK, 'fresh', values)


def frames_health(trouble: str) -> Report:
    """Return the health of links that follow from odometry; ``trouble``: why none is said."""
    if trouble:
        return Report('frames', Level.WARN, trouble, {})
    return Report('frames', Level.OK, 'said', {})
