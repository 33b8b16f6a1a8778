# SPDX-License-Identifier: Apache-2.0
"""
Services of the coordinator: ``propose``, ``query_log``, ``stop``.

``propose`` is answered when the command's serial is on disk, without holding the executor: the
callback is a coroutine that waits for the core's event ``accepted``. It has a callback group of
its own, as a waiting coroutine would close a mutually exclusive one (SingleThreadedExecutor).
A request id asked again, after a time-out too, waits for the same serial: what is not on disk is
never called accepted. While the node is not active every request is refused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mission.commands import COMMAND_BYTES_MAX
from swarm_coordination.robot.outputs import RobotEvent
from swarm_coordination.ros.conversions import entry_to
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.units import seconds_to_ns
from swarm_msgs.srv import ProposeCommand, QueryLog, SetStop

# Request ids remembered, so that a client that repeats itself is accepted once: more than an
# operator asks while one answer is under way.
REQUESTS_MAX = 256
# Bound of the message.
ENTRIES_PER_ANSWER = 256


# Words of a refusal for want of a running node.
NOT_ACTIVE = 'the coordinator is not active'


class OperatorServices:
    """Creates the services of a CoordinatorShell and answers them."""

    def __init__(self, shell: Any, endpoints: Endpoints) -> None:
        self._shell, self._core, self._clock = shell, shell.core, shell.clock
        self._runner = shell.node.runner
        self._waiting: dict[int, tuple[int, list[Any]]] = {}  # serial: deadline, futures
        self._requests: OrderedDict[str, int] = OrderedDict()
        endpoints.service(
            ProposeCommand, 'propose', self._propose, callback_group=ReentrantCallbackGroup()
        )
        endpoints.service(QueryLog, 'query_log', self._query_log)
        endpoints.service(SetStop, 'stop', self._stop)

    def on_events(self, events: Iterable[RobotEvent]) -> None:
        """Answer those whose command is on disk now."""
        for event in events:
            if event.kind == 'accepted':
                self._answer(event.value, True)

    def expire(self, now: int) -> None:
        """Answer those that waited too long; called about 10 times a second."""
        for serial in [s for s, (deadline, _) in self._waiting.items() if now >= deadline]:
            self._answer(serial, False)

    def give_up(self) -> None:
        """Answer all that wait: the outcome of theirs is unknown."""
        for serial in list(self._waiting):
            self._answer(serial, False)

    def _answer(self, serial: int, accepted: bool) -> None:
        _, futures = self._waiting.pop(serial, (0, ()))
        for future in futures:
            self._runner.pending -= 1
            future.set_result(accepted)

    async def _propose(self, request: Any, response: Any) -> Any:
        response.robot = self._core.name
        response.session = self._core.storage_id
        if not self._shell.active:
            response.error, response.message = response.ERROR_NOT_READY, NOT_ACTIVE
            return response
        now = self._clock.now()
        known = self._requests.get(request.request_id) if request.request_id else None
        if known is None:
            try:
                serial = self._core.propose(request.command, now)
            except CommandError as error:
                too_large = len(request.command.encode()) > COMMAND_BYTES_MAX
                response.error = response.ERROR_TOO_LARGE if too_large else response.ERROR_INVALID
                response.message = str(error)
                return response
            except ProposalRefused as error:
                response.error = response.ERROR_QUEUE_FULL
                response.message = str(error)
                return response
            self._remember(request.request_id, serial)
            self._shell.pump(now)
        else:
            serial = known
        if serial > self._core.durable_serial:
            future = self._runner.future()
            deadline = now + seconds_to_ns(self._shell.node.options.propose_timeout_s)
            _, futures = self._waiting.setdefault(serial, (deadline, []))
            futures.append(future)
            self._runner.pending += 1
            if not await future:
                response.error = response.ERROR_TIMEOUT
                response.message = 'the disk has not answered yet: the outcome is unknown'
                return response
        response.accepted, response.serial = True, serial
        response.message = 'on disk; it will be committed exactly once'
        return response

    def _remember(self, request_id: str, serial: int) -> None:
        if request_id:
            self._requests[request_id] = serial
            while len(self._requests) > REQUESTS_MAX:
                self._requests.popitem(last=False)

    def _query_log(self, request: Any, response: Any) -> Any:
        if not self._shell.active:
            response.error, response.message = response.ERROR_NOT_READY, NOT_ACTIVE
            return response
        entries = self._shell.entries
        response.commit_index = entries[-1].index if entries else 0
        response.first_index = entries[0].index if entries else 0
        first = request.from_index
        if not 1 <= first <= response.commit_index:
            response.error = response.ERROR_OUT_OF_RANGE
            response.message = f'from_index {first}: 1 to {response.commit_index}'
        elif first < response.first_index:
            response.error = response.ERROR_COMPACTED
            response.message = f'from_index {first}: {response.first_index} is the first held'
        else:
            wanted = min(request.max_entries or ENTRIES_PER_ANSWER, ENTRIES_PER_ANSWER)
            start = first - response.first_index
            stop = min(start + wanted, len(entries))
            response.entries = [entry_to(entries[k]) for k in range(start, stop)]
        return response

    def _stop(self, request: Any, response: Any) -> Any:
        response.issuer = self._core.storage_id
        if not self._shell.active:
            response.error, response.message = response.ERROR_NOT_READY, NOT_ACTIVE
            return response
        if request.level not in (SetStop.Request.LEVEL_HOLD, SetStop.Request.LEVEL_STOP):
            response.error = response.ERROR_INVALID_LEVEL
            response.message = f'level {request.level}: 1 (hold) or 2 (stop)'
            return response
        now = self._clock.now()
        response.counter = self._core.stop(request.level, now)
        response.accepted = True
        self._shell.node.get_logger().warning(
            f'safety stop {response.counter}, level {request.level}, by '
            f"'{request.requested_by}': {request.reason}"
        )
        self._shell.pump(now)
        return response
