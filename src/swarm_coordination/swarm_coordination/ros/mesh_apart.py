# SPDX-License-Identifier: Apache-2.0
"""
The mesh apart from the robot's own ROS graph: a Cyclone DDS participant that carries frames only.

The node stays on its own domain and on this host, while frames cross the air on another domain and
network interface. What discovery costs there grows with the number of robots, not with that of
their topics. A thread waits for frames and has the executor read them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
import threading
from typing import Any

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live import topics
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.transport.cyclone import Participant, ParticipantError
from swarm_coordination.transport.messages import messages
from swarm_coordination.transport.profiles import MESH

# The thread looks at least so often whether it shall end.
WAIT_S = 0.2
# The executor is asked to read again where it has not answered for so long.
READ_TIMEOUT_S = 1.0


class MeshApart:
    """
    Frames of ``robot`` on ``domain``; ``take(sender, frame)`` is called in the executor's thread.

    ``profile``: Cyclone's configuration file; empty: what CYCLONEDDS_URI says. Raises
    ConfigurationError.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        robot: str,
        domain: int,
        profile: str,
        take: Callable[[str, bytes], None],
    ) -> None:
        self._endpoints, self._robot, self._take = endpoints, robot, take
        if profile and not Path(profile).is_file():
            raise ConfigurationError('parameter', 'mesh_profile', profile, 'an existing file')
        uri = Path(profile).resolve().as_uri() if profile else ''
        try:
            self._participant = Participant(domain, uri)
        except ParticipantError as error:
            raise ConfigurationError(
                'parameter', 'mesh_domain', domain, f'a domain that Cyclone DDS can join: {error}'
            ) from error
        self._kind = messages().swarm.MeshFrame
        self._writer = self._participant.writer(self._kind, 'rt' + topics.MESH, MESH)
        self._participant.reader(self._kind, 'rt' + topics.MESH, MESH, self._on_frame)
        self._read, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._watch, name='mesh', daemon=True)
        self._thread.start()
        endpoints.owns(self.close)
        endpoints.hurries(self._hurry)

    def publish(self, frame: bytes) -> None:
        """Send a frame."""
        self._writer.write(self._kind(sender=self._robot, data=array('B', frame)))

    def close(self) -> None:
        """End the thread and leave the domain."""
        if self._closed:
            return
        self._closed = True
        self._read.set()
        self._participant.wake()
        self._thread.join()
        self._participant.close()

    def _hurry(self) -> None:
        if not self._closed:
            self._participant.hurry()
            self._participant.wake()  # the thread may be waiting for more by now

    def _on_frame(self, message: Any) -> None:
        if self._endpoints.active:
            self._take(message.sender, bytes(message.data))

    def _watch(self) -> None:
        while not self._closed:
            if self._participant.wait(WAIT_S) and not self._closed:
                self._read.clear()
                self._endpoints.post(self._poll)
                self._read.wait(READ_TIMEOUT_S)

    def _poll(self) -> None:
        if not self._closed:
            self._participant.poll()
        self._read.set()
