# SPDX-License-Identifier: Apache-2.0
"""Managed node ``formation_controller``: parameters in, a ``ControllerShell`` while configured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from swarm_coordination.configuration.relations import check_turning
from swarm_coordination.control.settings import check_control, ControlSettings
from swarm_coordination.ros.controller_shell import ControllerShell
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.managed import ManagedNode
from swarm_coordination.ros.options import ControllerOptions, CoordinatorOptions
from swarm_coordination.ros.parameters import Overrides, read_robot
from swarm_coordination.settings import declared
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.vehicles.safety import SafetyOptions


class ControllerNode(ManagedNode):
    """Runs one ``FormationController``."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters; raises ConfigurationError."""
        super().__init__(runner, 'formation_controller', **node_options)
        overrides = Overrides(self)
        self._robot, self._directory = read_robot(self, overrides, ('control',))
        self.robot = self._robot.name
        self.options = overrides.group(ControllerOptions(), '')
        self.read_common_options(overrides)
        overrides.done(ignored=(*declared(CoordinatorOptions), *declared(SafetyOptions)))
        control = self._robot.settings.control
        self.live.add('control.', control, self._take_settings, self._check_settings)

    def make_part(self, endpoints: Endpoints) -> ControllerShell:
        """Start the core; raises StorageError where the robot is not provisioned."""
        identity = read_provision(self._directory).storage_id
        return ControllerShell(self, endpoints, self._robot, identity)

    def _check_settings(self, control: ControlSettings, source: str, prefix: str) -> None:
        check_control(control, source, prefix)
        check_turning(self._robot.kind, control, source, prefix)

    def _take_settings(self, control: ControlSettings) -> None:
        settings = replace(self._robot.settings, control=control)
        self._robot = replace(self._robot, settings=settings)
        if self.part is not None:
            self.part.core.adjust(control)
