# SPDX-License-Identifier: Apache-2.0
"""Markers for rviz: the robot, its slot, and the links on which it hears others; frame map."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.ros.conversions import MAP, yaw_to_quaternion
from swarm_coordination.views import FormationTarget, NeighborTable, Pose
from visualization_msgs.msg import Marker, MarkerArray

# Consensus role 3 is the leader (consensus.messages.Role).
_LEADER = 3
_WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_GOLD = ColorRGBA(r=1.0, g=0.75, b=0.1, a=1.0)
_BLUE = ColorRGBA(r=0.2, g=0.5, b=1.0, a=1.0)
_GHOST = ColorRGBA(r=0.4, g=0.9, b=0.4, a=0.4)
_LINE = ColorRGBA(r=0.6, g=0.6, b=0.6, a=0.6)


def markers(
    status: RobotStatus,
    pose: Pose,
    table: NeighborTable,
    target: FormationTarget,
    stamp: Any,
) -> MarkerArray:
    """Return the markers of one robot; ids are fixed, so each array replaces the last."""

    def marker(number: int, kind: int, size: float, color: ColorRGBA) -> Marker:
        made = Marker(ns=status.name, id=number, type=kind, color=color, frame_locked=False)
        made.header.frame_id, made.header.stamp = MAP, stamp
        made.scale = Vector3(x=size, y=size, z=size)
        made.pose.orientation.w = 1.0
        return made

    body = marker(0, Marker.ARROW, 0.6, _GOLD if status.role == _LEADER else _BLUE)
    body.scale = Vector3(x=0.6, y=0.25, z=0.25)
    body.pose.position = Point(x=pose.x, y=pose.y, z=pose.z)
    body.pose.orientation = yaw_to_quaternion(pose.yaw)
    label = marker(1, Marker.TEXT_VIEW_FACING, 0.35, _WHITE)
    label.pose.position = Point(x=pose.x, y=pose.y, z=pose.z + 0.6)
    label.text = f'{status.name} {target.mode.name.lower()} t{status.term} c{status.commit}'
    slot = marker(2, Marker.SPHERE, 0.3, _GHOST)
    if target.slot >= 0:
        slot.pose.position = Point(
            x=target.position[0], y=target.position[1], z=target.position[2]
        )
    else:
        slot.action = Marker.DELETE
    links = marker(3, Marker.LINE_LIST, 0.03, _LINE)
    for row in table.neighbors:
        if row.heard:
            links.points.append(Point(x=pose.x, y=pose.y, z=pose.z))
            links.points.append(Point(x=row.position[0], y=row.position[1], z=row.position[2]))
    if not links.points:
        links.action = Marker.DELETE
    return MarkerArray(markers=[body, label, slot, links])
