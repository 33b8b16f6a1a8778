# SPDX-License-Identifier: Apache-2.0
"""
A member of ours: the process of ``swarm robot``, with a load generator at its operator services.

    python -m swarm_coordination.benchmarks.cluster.ours NAME SWARM_FILE STORAGE DOMAIN
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
import json
from pathlib import Path
import sys
import threading
import time
from typing import Any

from swarm_coordination.benchmarks.cluster.load import Load, tell
from swarm_coordination.configuration import load_swarm
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.dds.process import run_on_dds
from swarm_coordination.live.bus import Handler
from swarm_coordination.live.carrier import CarrierOptions
from swarm_coordination.live.lifetime import die_with_parent
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.storage.store import Storage
from swarm_coordination.transport.profiles import Profile

# JSON around the value of a put under the key 'bench'.
_AROUND = len(encode_command(Put('bench', '')))
_TICK_NS = 5_000_000


@lru_cache(maxsize=1)
def command_text(size: int) -> str:
    """Return a put of about ``size`` bytes."""
    return encode_command(Put('bench', 'x' * max(1, size - _AROUND))).decode()


class TappedBus(CycloneBus):
    """Lets the load see what the robot publishes, and call its services in the process."""

    def __init__(self, loop: CycloneLoop, name: str) -> None:
        super().__init__(loop.participant, name)
        self.taps: dict[str, Callable[[Any], None]] = {}
        self.handlers: dict[str, Handler] = {}

    def publisher(self, kind: Any, topic: str, profile: Profile) -> Callable[[Any], None]:
        """Return a function that publishes on a topic, and tells the tap."""
        publish, tap = super().publisher(kind, topic, profile), self.taps.get(topic)
        if tap is None:
            return publish

        def both(message: Any) -> None:
            publish(message)
            tap(message)

        return both

    def serve(self, service: Any, name: str, handler: Handler) -> None:
        """Answer requests of a service, and remember how."""
        self.handlers[name] = handler
        super().serve(service, name, handler)


class LoadedMember:
    """One robot under load."""

    def __init__(self, loop: CycloneLoop, name: str, swarm_file: Path, folder: Path) -> None:
        robot = load_swarm(swarm_file).robot(name)
        storage, recovered = Storage.recover(folder)
        self._session = recovered.provision.storage_id
        self._loop, self._leader = loop, ''
        self._bus = TappedBus(loop, name)
        self._bus.taps = {
            'events': self._on_event, 'log': self._on_entry, 'status': self._on_status,
        }
        self._load = Load(self._propose, time.monotonic, self._state)
        self._status: Any = None
        self._next_tick = time.monotonic_ns()
        self.robot = RobotShell(self._bus, loop, robot, storage, recovered, CarrierOptions())
        loop.at(lambda: self._next_tick, self._tick)
        threading.Thread(target=self._read_orders, daemon=True).start()

    def _tick(self) -> None:
        self._next_tick = time.monotonic_ns() + _TICK_NS
        self._load.tick()

    def _read_orders(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            self._loop.post(lambda order=order: self._load.start(**order))  # type: ignore[misc]

    def _state(self) -> str:
        if self._status is None:
            return 'no status yet'
        status = self._status
        return (
            f'term {status.term}, leader {status.leader_name or "nobody"}, '
            f'{"a" if status.quorum else "no"} quorum, commit {status.commit_index} of '
            f'{status.last_index}, {status.pending_intents} commands wait here'
        )

    def _on_status(self, status: Any) -> None:
        self._status = status

    def _propose(self, size: int) -> bool:
        request = self._bus.types.services.ProposeCommand.Request(
            command=command_text(size), request_id=''
        )
        refused: list[Any] = []
        self._bus.handlers['propose'](
            request, lambda response: refused.append(response) if response.error else None
        )
        return not refused

    def _on_event(self, event: Any) -> None:
        if event.kind == 'leader':
            tell(leader=event.text.rpartition(' ')[2], term=event.value, at=time.monotonic())

    def _on_entry(self, entry: Any) -> None:
        if entry.session == self._session:
            self._load.applied()
            # Later: this entry is being published, and a command would come in between.
            self._loop.post(self._load.fill)


def main() -> None:
    """Run one member until a signal or its parent's end."""
    die_with_parent()
    name, swarm_file, folder, domain = sys.argv[1:]

    def begin(loop: CycloneLoop) -> Callable[[], None]:
        return LoadedMember(loop, name, Path(swarm_file), Path(folder)).robot.close

    run_on_dds(int(domain), begin)


if __name__ == '__main__':
    main()
