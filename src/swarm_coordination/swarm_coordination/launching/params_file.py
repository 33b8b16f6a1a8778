# SPDX-License-Identifier: Apache-2.0
r"""
What a file of ROS parameters says to a node, known before the node is started.

A section is for the nodes that its name matches: ``/*`` stands for one part of a name, ``/**`` for
any number of them (rclpy, ``_populate_node_parameters_from_rcl_params``). Where several match, the
one whose name was met last goes before the others, be it for one node or for all; one that stands
in several files is one section, at its first place, with the newest values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
import re
from typing import Any, NamedTuple

from swarm_coordination.configuration.documents import load_document
from swarm_coordination.errors import ConfigurationError

PARAMETERS = 'ros__parameters'


class Said(NamedTuple):
    """A value, and where it stands."""

    file: str
    section: str
    value: Any


def sections(file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each section's name, as the file has it, and its parameters; may raise ours."""
    document = load_document(Path(file))
    if not isinstance(document, Mapping):
        raise ConfigurationError(file, 'file', document, f'sections with {PARAMETERS}')
    yield from _below('', document)


def _below(name: str, part: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in part.items():
        if key == PARAMETERS:
            yield name, value if isinstance(value, Mapping) else {}
        elif isinstance(value, Mapping):
            yield from _below(f'{name}/{key}' if name else str(key), value)


def matches(section: str, node: str) -> bool:
    """Whether a section is for ``node``, which is given with its namespace."""
    # Anything but stars is meant as it stands.
    pattern = re.escape('/' + section.lstrip('/')).replace(r'/\*\*', r'(/\w+)*')
    return re.fullmatch(pattern.replace(r'/\*', r'(/\w+)'), node) is not None


def said(files: Sequence[str], node: str, name: str) -> Said | None:
    """
    Return the value that a node of a robot gets of a parameter; None where the files say nothing.

    A robot is started with defaults of the launch as well, and rcl has met ``/**`` by them before
    it reads a file.
    """
    found: dict[str, Said | None] = {'/**': None}
    for file in files:
        for section, parameters in sections(file):
            if not matches(section, node):
                continue
            found.setdefault(section, None)
            if name in parameters:
                found[section] = Said(file, section, parameters[name])
    return next((one for one in reversed(found.values()) if one is not None), None)


def refuse(
    files: Sequence[str], nodes: Sequence[str], name: str, fits: Callable[[Any], bool], bound: str
) -> None:
    """Raise ConfigurationError where the files say to one of ``nodes`` what does not fit."""
    for node in nodes:
        one = said(files, node, name)
        if one is not None and not fits(one.value):
            raise ConfigurationError(one.file, f'{one.section}: {name}', one.value, bound)
