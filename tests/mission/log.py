# SPDX-License-Identifier: Apache-2.0
"""A mission state and the log that drives it."""

from __future__ import annotations

from swarm_coordination.mission.commands import Command, encode_command, Envelope
from swarm_coordination.mission.state import Applied, MissionState


class Log:
    """A state and the commands submitted to it, each as the next serial of its session."""

    def __init__(self) -> None:
        self.state = MissionState()
        self.term = 1
        self.payloads: list[bytes] = []

    def submit(
        self,
        command: Command | bytes,
        session: int = 1,
        serial: int | None = None,
        stamp_ms: int = 0,
    ) -> Applied:
        """Apply ``command`` as ``session``'s, by default as its next serial."""
        if session and serial is None:
            serial = self.state.sessions.next_serial(session)
        data = command if isinstance(command, bytes) else encode_command(command)
        return self.append(Envelope(session, serial or 0, stamp_ms, data).encode())

    def append(self, payload: bytes) -> Applied:
        """Apply the next entry."""
        self.payloads.append(payload)
        return self.state.apply(self.state.index + 1, self.term, payload)
