# SPDX-License-Identifier: Apache-2.0
"""
Stands before a core: passes every call on, and notes it with a digest of what came out.

Anything else (status, table, properties) goes through: asking changes nothing in a core.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from swarm_coordination.recording.calls import CallWriter, digest
from swarm_coordination.views import FormationTarget, NeighborTable, Pose


class WatchedCoordinator:
    """A ``Coordinator`` whose calls are recorded."""

    def __init__(self, core: Any, out: CallWriter) -> None:
        self._core, self._out, self._now = core, out, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def receive(self, data: bytes, now: int) -> bool:
        """Take a frame."""
        self._note(now, 'receive', data=base64.b64encode(data).decode())
        return bool(self._core.receive(data, now))

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> None:
        """Take the own pose."""
        self._note(now, 'observe', pose=list(pose), velocity=list(velocity))
        self._core.observe(pose, velocity, now)

    def propose(self, command: str, now: int, request: str = '') -> int:
        """Accept a command; a refusal is noted before it is raised."""
        self._note(now, 'propose', command=command, request=request)
        return int(self._core.propose(command, now, request))

    def stop(self, level: int, now: int) -> int:
        """Raise a safety stop."""
        self._note(now, 'stop', level=level)
        return int(self._core.stop(level, now))

    def battery(self, charge: float) -> None:
        """Take the battery's charge."""
        self._note(self._now, 'battery', charge=charge)
        self._core.battery(charge)

    def persisted(self, token: int, now: int) -> None:
        """Release what waited for the disk."""
        self._note(now, 'persisted', token=token)
        self._core.persisted(token, now)

    def tick(self, now: int) -> None:
        """Let time pass."""
        self._note(now, 'tick')
        self._core.tick(now)

    def poll(self) -> Any:
        """Hand over what came out."""
        out = self._core.poll()
        self._note(self._now, 'poll', digest=digest(out))
        return out

    def _note(self, now: int, call: str, **arguments: Any) -> None:
        self._now = now
        self._out.put(now, {'call': call, 'now': now, **arguments})


class WatchedController:
    """A ``FormationController`` whose calls are recorded."""

    def __init__(self, core: Any, out: CallWriter) -> None:
        self._core, self._out, self._now = core, out, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """Take the own pose."""
        taken = bool(self._core.observe(pose, velocity, now))
        self._note(now, 'observe', taken, pose=list(pose), velocity=list(velocity))
        return taken

    def table(self, table: NeighborTable, now: int) -> bool:
        """Take a neighbour table."""
        taken = bool(self._core.table(table, now))
        self._note(now, 'table', taken, table=list(table))
        return taken

    def target(self, target: FormationTarget, now: int) -> bool:
        """Take a target."""
        taken = bool(self._core.target(target, now))
        self._note(now, 'target', taken, target=list(target))
        return taken

    def adjust(self, settings: Any) -> None:
        """Use other values of live settings."""
        self._core.adjust(settings)
        self._note(self._now, 'adjust', None, settings=asdict(settings))

    def update(self, now: int) -> Any:
        """Return the command for the coming period."""
        report = self._core.update(now)
        self._note(now, 'update', report)
        return report

    def _note(self, now: int, call: str, answer: object, **arguments: Any) -> None:
        self._now = now
        self._out.put(now, {'call': call, 'now': now, 'digest': digest(answer), **arguments})
