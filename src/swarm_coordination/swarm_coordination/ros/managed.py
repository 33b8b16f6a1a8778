# SPDX-License-Identifier: Apache-2.0
"""
A managed node whose work is one part: made on configure, served while active, closed on cleanup.

::

    unconfigured --configure--> inactive --activate--> active
         ^  ^------cleanup--------'   ^---deactivate-----'
         '---- fault: deactivate, cleanup, say so by diagnostics ----

A transition that is not possible is refused and the node lives on, with Humble's rclpy too
(which raises there, rclpy issue 1209). The parameters are read when the node is made: with wrong
ones there is no node. Diagnostics go out in every state.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from swarm_coordination.errors import SwarmError
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.diagnosing import Diagnosing
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.health import Level, Report
from swarm_coordination.ros.live_parameters import LiveParameters
from swarm_coordination.ros.options import HealthOptions, LocalisationOptions, RecordOptions
from swarm_coordination.ros.parameters import Overrides

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE


class Part(Protocol):
    """The work of a managed node, from configure to cleanup."""

    def activate(self) -> None:
        """Begin; called with the endpoints active."""

    def deactivate(self) -> None:
        """Pause; called before the endpoints become inactive."""

    def close(self) -> None:
        """Let go of everything but the endpoints; called once."""

    def health(self) -> list[Report]:
        """Return what there is to report."""


class ManagedNode(LifecycleNode):
    """Base of the coordinator's and the controller's node; ``robot`` names the robot."""

    robot = ''

    def __init__(
        self, runner: Runner, name: str, *, interface: bool = True, **node_options: Any
    ) -> None:
        """
        Create an unconfigured node.

        ``interface=False`` leaves out the services that change its state from outside.
        """
        super().__init__(
            name,
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            enable_communication_interface=interface,
            **node_options,
        )
        if interface:
            service = self._service_change_state
            service.callback = self._shielded(service.callback)
        self.runner = runner
        self.core_clock = CoreClock(self)
        self.live = LiveParameters(self)
        self.problem: Exception | None = None  # of the last fault or failed configure
        self.on_fault: Callable[[Exception], None] | None = None
        self.part: Any = None
        self._endpoints: Endpoints | None = None
        self._health = HealthOptions()
        self.localisation_options = LocalisationOptions()
        self.record_dir = ''
        self._diagnosing = Diagnosing(
            self, runner, self._reports, lambda: self._health.diagnostics_period_s
        )

    def read_common_options(self, overrides: Overrides) -> None:
        """Read the parameters that every managed node has; raises ConfigurationError."""
        self.localisation_options = overrides.group(LocalisationOptions(), '')
        self.record_dir = overrides.group(RecordOptions(), '').record_dir
        self._health = overrides.group(HealthOptions(), '')

        def apply(options: HealthOptions) -> None:
            self._health = options

        self.live.add('', self._health, apply)

    @abstractmethod
    def make_part(self, endpoints: Endpoints) -> Part:
        """Return the node's work; raises SwarmError where it cannot be done."""

    @property
    def state(self) -> str:
        """Label of the lifecycle state: ``unconfigured``, ``inactive``, ``active``, ..."""
        return str(self._state_machine.current_state[1])

    # ---------------------------------------------------------------- transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make the part; without a time or its files the node stays unconfigured."""
        del state
        self.core_clock = CoreClock(self)  # of this life: simulated time may have gone back
        if not self.core_clock.started:
            self.get_logger().error('not configured: no time from /clock yet')
            return FAILURE
        endpoints = Endpoints(self, self.runner, self.fault)
        try:
            self.part = self.make_part(endpoints)
        except Exception as error:  # noqa: BLE001 - of whatever kind: nothing half-made stays
            endpoints.close()
            self._note(error)
            return FAILURE
        self._endpoints, self.problem = endpoints, None
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Serve what comes in, from now on."""
        del state
        assert self._endpoints is not None
        self._endpoints.active = True
        try:
            self.part.activate()
        except Exception as error:  # of whatever kind: it is the reason that `on_error` lacks
            self._note(error)
            raise
        self._diagnosing.soon()
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Pause the part."""
        del state
        assert self._endpoints is not None
        try:
            self.part.deactivate()
        finally:
            self._endpoints.active = False
        self._diagnosing.soon()
        return SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the part."""
        del state
        self._close()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the part, for good."""
        del state
        self._close()
        return SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close what a failed transition has left: the node is unconfigured again."""
        self._note(RuntimeError(f'a transition from {state.label} failed'))
        self._close()
        return SUCCESS

    def fault(self, error: Exception) -> None:
        """
        Stop at once; deactivate and clean up as soon as the callback in hand has returned.

        Called for an error in any callback of the part, from the executor's thread.
        """
        endpoints = self._endpoints
        if endpoints is None or not endpoints.active:
            return  # on its way down already
        endpoints.active = False
        self._note(error)
        self.runner.post(lambda: self._end_after(error, endpoints))

    def _end_after(self, error: Exception, endpoints: Endpoints) -> None:
        if self._endpoints is not endpoints:
            return  # taken down meanwhile, for another's fault
        if self.state == 'active':
            self.trigger_deactivate()
        if self.state == 'inactive':
            self.trigger_cleanup()
        self._diagnosing.now()
        if self.on_fault is not None:
            self.on_fault(error)

    def _close(self) -> None:
        part, self.part = self.part, None
        endpoints, self._endpoints = self._endpoints, None
        if endpoints is not None:
            endpoints.close()
        if part is not None:
            part.close()
        self._diagnosing.soon()

    def _note(self, error: Exception) -> None:
        if self.problem is None:
            self.problem = error
        kind = '' if isinstance(error, SwarmError) else f'{type(error).__name__}: '
        self.get_logger().error(f'{kind}{error}')

    def _shielded(self, change: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return the service that changes the state, refusing where Humble's would raise."""

        def answer(request: Any, response: Any) -> Any:
            try:
                return change(request, response)
            except Exception as error:  # noqa: BLE001 - rclpy's RCLError has no public name
                self.get_logger().error(
                    f'transition {request.transition.id} refused in state {self.state}: {error}'
                )
                response.success = False
                return response

        return answer

    # ---------------------------------------------------------------- health

    def _reports(self) -> list[Report]:
        """Return the health of the node and its part; a part that cannot tell it is a fault."""
        try:
            parts = self.part.health() if self.part is not None else ()
        except Exception as error:  # noqa: BLE001 - whatever it is, the node answers for it
            # Asked for between callbacks, it may be the first to meet a clock that went back.
            self.fault(error)
            parts = ()
        return [self._report(), *parts]

    def _report(self) -> Report:
        if self.problem is not None:
            level, text = Level.ERROR, str(self.problem)
        elif self.state == 'active':
            level, text = Level.OK, 'active'
        else:
            level, text = Level.WARN, self.state
        return Report(self.get_name(), level, text, {'state': self.state})

    def destroy_node(self) -> None:
        """
        Close the part where that has not happened, then leave the domain.

        rclpy leaves the state machine to the garbage collector, and with it the node's services
        and its participant: others would go on calling a node that answers no more.
        """
        self._close()
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()
