# SPDX-License-Identifier: Apache-2.0
"""
The scene as markers for rviz, each array a change to the one before.

A shape keeps its namespace and id; one that is gone is deleted by name, so that a robot that left
leaves nothing on the screen, in an rviz that joined late too (every array is complete).
"""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA
from swarm_coordination.live.conversions import MAP, MessageMaker
from swarm_coordination.ros.messages import messages
from swarm_coordination.station.shapes import Kind, Shape
from visualization_msgs.msg import Marker, MarkerArray

_MAKE = MessageMaker(messages())
_KINDS = {
    Kind.ARROW: Marker.ARROW, Kind.SPHERE: Marker.SPHERE, Kind.CYLINDER: Marker.CYLINDER,
    Kind.TEXT: Marker.TEXT_VIEW_FACING, Kind.LINES: Marker.LINE_STRIP,
}
# An array is latched, one sample deep: what has gone is deleted in this many arrays, so that a
# listener that missed one of them learns of it too.
DELETED_IN = 10


class SceneMarkers:
    """Turns scenes into marker arrays."""

    def __init__(self) -> None:
        self._shown: set[tuple[str, int]] = set()
        self._gone: dict[tuple[str, int], int] = {}

    def array(self, shapes: list[Shape], stamp: Any) -> MarkerArray:
        """Return the markers of a scene, and deletions of what is no longer in it."""
        present = {(shape.namespace, shape.number) for shape in shapes}
        for key in sorted(self._shown - present):
            self._gone[key] = DELETED_IN
        markers = [_deletion(*key, stamp) for key in self._gone if key not in present]
        self._gone = {
            key: left - 1 for key, left in self._gone.items() if left > 1 and key not in present
        }
        self._shown = present
        return MarkerArray(markers=markers + [_marker(shape, stamp) for shape in shapes])


def _deletion(namespace: str, number: int, stamp: Any) -> Marker:
    made = Marker(ns=namespace, id=number, action=Marker.DELETE)
    made.header.frame_id, made.header.stamp = MAP, stamp
    return made


def _marker(shape: Shape, stamp: Any) -> Marker:
    red, green, blue, alpha = shape.colour
    made = Marker(
        ns=shape.namespace, id=shape.number, type=_KINDS[shape.kind], action=Marker.ADD,
        color=ColorRGBA(r=red, g=green, b=blue, a=alpha), text=shape.text,
    )
    made.header.frame_id, made.header.stamp = MAP, stamp
    size = shape.size_m
    made.scale = Vector3(x=size, y=size, z=size)
    made.pose.orientation = _MAKE.yaw_to_quaternion(shape.yaw)
    points = [Point(x=x, y=y, z=z) for x, y, z in shape.points]
    if shape.kind is Kind.LINES:
        made.points = points
    else:
        (made.pose.position,) = points
    if shape.kind is Kind.ARROW:
        made.scale = Vector3(x=size, y=0.4 * size, z=0.4 * size)
    elif shape.kind is Kind.CYLINDER:
        made.scale.z = 0.1
    return made
