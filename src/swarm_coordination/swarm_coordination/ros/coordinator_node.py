# SPDX-License-Identifier: Apache-2.0
"""Managed node ``coordinator``: parameters in, a ``CoordinatorShell`` while configured."""

from __future__ import annotations

from typing import Any

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.recording.start import disk_of
from swarm_coordination.ros.coordinator_shell import CoordinatorShell
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.managed import ManagedNode
from swarm_coordination.ros.options import ControllerOptions, CoordinatorOptions
from swarm_coordination.ros.parameters import Overrides, read_robot
from swarm_coordination.settings import declared
from swarm_coordination.storage.store import Storage
from swarm_coordination.vehicles.safety import SafetyOptions


class CoordinatorNode(ManagedNode):
    """Runs one ``Coordinator``."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters; raises ConfigurationError."""
        super().__init__(runner, 'coordinator', **node_options)
        overrides = Overrides(self)
        self._robot, self._directory = read_robot(
            self, overrides, ('mesh', 'consensus', 'mission', 'membership')
        )
        self.robot = self._robot.name
        self.options = overrides.group(CoordinatorOptions(), '')
        self.safety = overrides.group(SafetyOptions(), '')
        self.read_common_options(overrides)
        overrides.done(ignored=tuple(declared(ControllerOptions)))
        self.live.add('', self.options, self._take_options)

    def make_part(self, endpoints: Endpoints) -> CoordinatorShell:
        """Recover the disk and start the core; raises ConfigurationError, StorageError."""
        disk = disk_of(self._directory) if self.record_dir and self._directory.is_dir() else {}
        storage, recovered = Storage.recover(self._directory)
        if recovered.provision.name != self.robot:
            storage.close()
            raise ConfigurationError(
                'parameter', 'storage_dir', str(self._directory),
                f'the storage of {self.robot}: it is that of {recovered.provision.name}',
            )
        try:
            return CoordinatorShell(self, endpoints, self._robot, storage, recovered, disk)
        except BaseException:
            storage.close()  # its lock would refuse the next attempt
            raise

    def _take_options(self, options: CoordinatorOptions) -> None:
        self.options = options
        if self.part is not None:
            self.part.adjust()
