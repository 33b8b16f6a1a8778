# SPDX-License-Identifier: Apache-2.0
"""
The parameters that a launch file gives to a process: who goes before whom.

From the last word to the first: what the launch decides (arguments that were given, and the
robot's own place), the user's ``params_file``, what follows from the kind of launch (as
``pose_source`` in Gazebo), the node's default, which is the swarm file's. Of several sections that
match a node ROS lets the one that was met last go before the others (``params_file``), and which
one that is the user's file says: what is decided is written down for each node by name, and in
each section of the user's that matches one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import tempfile
from typing import Any

from swarm_coordination.launching.params_file import matches, sections
import yaml


def parameter_words(
    folder: Path,
    nodes: Sequence[str],
    *,
    defaults: Mapping[str, Any],
    files: Sequence[str],
    decided: Mapping[str, Any],
) -> list[str]:
    """
    Return the words after ``--ros-args`` for a process of ``nodes`` (with their namespace).

    What is decided goes into a file in ``folder``, which has to last as long as the process may
    be started again. Raises ConfigurationError where one of ``files`` cannot be read.
    """
    words: list[str] = []
    for name, value in defaults.items():
        words += ['-p', f'{name}:={json.dumps(value)}']
    for file in files:
        words += ['--params-file', file]
    if decided:
        users = (name for file in files for name, _ in sections(file))
        matching = (name for name in users if any(matches(name, node) for node in nodes))
        named = dict.fromkeys((*nodes, *matching))  # each once, in a fixed order
        with tempfile.NamedTemporaryFile(
            'w', prefix=f'{nodes[0].strip("/").replace("/", "_")}_', suffix='.yaml', dir=folder,
            delete=False, encoding='utf-8',
        ) as made:
            # Each section written out: no YAML aliases, which rcl does not read.
            made.write(''.join(
                yaml.safe_dump({node: {'ros__parameters': dict(decided)}}) for node in named
            ))
        words += ['--params-file', made.name]
    return words
