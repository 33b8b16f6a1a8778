# SPDX-License-Identifier: Apache-2.0
"""A core, recorded where a folder asks for it; only then is ``mcap`` needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import ConfigurationError


def recorded(
    part: str,
    core: Any,
    folder: str,
    say: Callable[[str, str], None],
    robot: RobotConfiguration,
    now: int,
    **start: Any,
) -> tuple[Any, Any]:
    """
    Return the core to call, and its recording, None without a folder.

    ``say(text, 'error')`` is called where the recording ends too early; ``start`` is what this
    part starts from beside settings and time. Raises ConfigurationError where mcap is missing,
    StorageError where the file cannot be made.
    """
    if not folder:
        return core, None
    try:
        from swarm_coordination.recording.calls import CallWriter
    except ImportError as error:
        raise ConfigurationError(
            'parameter', 'record_dir', folder, f'used with the package mcap: {error}'
        ) from error
    from swarm_coordination.recording.start import start_of
    from swarm_coordination.recording.watched import WatchedController, WatchedCoordinator

    path = Path(folder) / f'{robot.name}-{part}-{now:x}.mcap'
    writer = CallWriter(
        path, start_of(part, robot.name, robot.settings, now, **start),
        lambda text: say(text, 'error'),
    )
    watched = WatchedCoordinator if part == 'coordinator' else WatchedController
    return watched(core, writer), writer
