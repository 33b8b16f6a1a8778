# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Re-execute the interpreter once with the project's ROS prefix in its search paths."""

import os
import sys

PREFIX = '@PREFIX@'
SEARCHED = (('LD_LIBRARY_PATH', os.path.join(PREFIX, 'lib')), ('AMENT_PREFIX_PATH', PREFIX))


def _missing():
    return [(name, path) for name, path in SEARCHED
            if path not in os.environ.get(name, '').split(os.pathsep)]


if _missing():
    environment = dict(os.environ)
    for _name, _path in _missing():
        _others = environment.get(_name)
        environment[_name] = f'{_path}{os.pathsep}{_others}' if _others else _path
    os.execve(sys.executable, sys.orig_argv, environment)
