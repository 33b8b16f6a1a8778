# SPDX-License-Identifier: Apache-2.0
"""
Where files that come along lie: in a source checkout, a colcon install or a virtual environment.

Looked for in this order: the folder that SWARM_CONFIG_DIR names (``config`` only); the folder
beside the package or above it (a checkout, an editable install, ``--symlink-install``); the
package's share folder of each prefix in AMENT_PREFIX_PATH (the ament index, read without importing
ROS); the share folder of the Python environment.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import sys

from swarm_coordination.errors import ConfigurationError

PACKAGE = 'swarm_coordination'
SWARM_FILE = 'swarm.yaml'


def config_folder() -> Path:
    """Return the folder ``config``; raises ConfigurationError where there is none."""
    chosen = os.environ.get('SWARM_CONFIG_DIR')
    if chosen:
        folder = Path(chosen)
        if not (folder / SWARM_FILE).is_file():
            raise ConfigurationError(
                'environment', 'SWARM_CONFIG_DIR', chosen, f'a folder with {SWARM_FILE}'
            )
        return folder
    return shared_folder('config', SWARM_FILE)


def shared_folder(name: str, marker: str) -> Path:
    """Return the folder ``name`` that holds the file ``marker``; raises ConfigurationError."""
    candidates = list(_candidates(name))
    for folder in candidates:
        if (folder / marker).is_file():
            return folder
    looked = ', '.join(str(folder) for folder in candidates)
    missing = f'there is no {marker} in {looked}'
    if name == 'config':
        raise ConfigurationError('environment', 'SWARM_CONFIG_DIR', None, f'set: {missing}')
    raise ConfigurationError('environment', name, None, f'installed: {missing}')


def find_swarm_file(wanted: str | Path | None = None) -> Path:
    """Return the swarm file given as a path, or the one that comes with the package."""
    if wanted is None:
        return config_folder() / SWARM_FILE
    path = Path(wanted)
    if not path.is_file():
        raise ConfigurationError('command line', 'swarm file', str(wanted), 'an existing file')
    return path


def find_mission(wanted: str | Path) -> Path:
    """Return the mission file given as a path, or the one of that name in config/missions."""
    path = Path(wanted)
    if path.is_file():
        return path
    folder = config_folder() / 'missions'
    named = folder / f'{wanted}.yaml'
    if path.name != str(wanted) or not named.is_file():
        known = ', '.join(sorted(file.stem for file in folder.glob('*.yaml')))
        raise ConfigurationError(
            'command line', 'mission', str(wanted), f'an existing file, or one of {known}'
        )
    return named


def _candidates(name: str) -> Iterator[Path]:
    # The package folder in a checkout is src/swarm_coordination/swarm_coordination: config lies
    # beside it as a symlink and at the top of the repository.
    package = Path(__file__).resolve().parent.parent
    for parent in list(package.parents)[:3]:
        yield parent / name
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        marker = Path(prefix) / 'share/ament_index/resource_index/packages' / PACKAGE
        if prefix and marker.is_file():
            yield Path(prefix) / 'share' / PACKAGE / name
    yield Path(sys.prefix) / 'share' / PACKAGE / name
