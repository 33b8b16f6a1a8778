# SPDX-License-Identifier: Apache-2.0
"""
The messages of a robot as Cyclone DDS types: ours from their files, common ones from here.

The attributes are those of rclpy's packages, so that one code fills messages of either:
``PoseStamped``, ``swarm.RobotStatus``, ``services.SetStop.Request``.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from swarm_coordination.transport.cyclone_types import TypeMaker
from swarm_coordination.transport.definitions import COMMON, interface_folder
from swarm_coordination.transport.interfaces import InterfaceError

OURS = 'swarm_msgs'


def definition(package: str, folder: str, name: str) -> str:
    """Return the text of a definition; raises InterfaceError where there is none."""
    if package == OURS:
        path = interface_folder() / folder / f'{name}.{folder}'
        try:
            return path.read_text(encoding='utf-8')
        except OSError as error:
            raise InterfaceError(f'{path}: {error.strerror}') from error
    try:
        return COMMON[f'{package}/{folder}/{name}']
    except KeyError:
        raise InterfaceError(f'{package}/{folder}/{name}: no such interface') from None


@cache
def messages() -> SimpleNamespace:
    """Return all types, made at the first call."""
    maker = TypeMaker(definition)
    common = {name.rsplit('/', 1)[1]: maker.message(name) for name in COMMON}
    folder = interface_folder()
    ours = {
        path.stem: maker.message(f'{OURS}/msg/{path.stem}')
        for path in sorted((folder / 'msg').glob('*.msg'))
    }
    services = {
        path.stem: maker.service(OURS, path.stem)
        for path in sorted((folder / 'srv').glob('*.srv'))
    }
    return SimpleNamespace(
        **common, swarm=SimpleNamespace(**ours), services=SimpleNamespace(**services)
    )
