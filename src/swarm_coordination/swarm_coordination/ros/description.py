# SPDX-License-Identifier: Apache-2.0
"""A robot's URDF for rviz: its base_link with the shape and size of its kind, nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

# Half the safety distance is what a robot may fill at most; drawn a little smaller.
_FILL = 0.8


def robot_description(robot: str, kind: str, safety_distance_m: float) -> str:
    """
    Return the URDF; its link is ``base_link``, prefixed by whoever displays it.

    Flying kinds are drawn flat, driving ones as a puck.
    """
    radius = _FILL * safety_distance_m / 2.0
    height = radius * (0.3 if kind == 'quadrotor' else 0.8)
    top = ElementTree.Element('robot', name=robot)
    link = ElementTree.SubElement(top, 'link', name='base_link')
    for part in ('visual', 'collision'):
        shape = ElementTree.SubElement(link, part)
        ElementTree.SubElement(shape, 'origin', xyz=f'0 0 {height / 2.0:.4f}', rpy='0 0 0')
        geometry = ElementTree.SubElement(shape, 'geometry')
        ElementTree.SubElement(
            geometry, 'cylinder', radius=f'{radius:.4f}', length=f'{height:.4f}'
        )
        if part == 'visual':
            material = ElementTree.SubElement(shape, 'material', name='body')
            ElementTree.SubElement(material, 'color', rgba='0.2 0.5 1.0 1.0')
    return ElementTree.tostring(top, encoding='unicode')
