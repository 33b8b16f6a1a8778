# SPDX-License-Identifier: Apache-2.0
"""
Services of a robot: ``propose``, ``query_log``, ``stop``.

``propose`` is answered when the command's serial is on disk: at the core's event ``accepted``.
A request id asked again, after a time-out or a restart too, waits for the same serial: what is
not on disk is never called accepted. While the bus is not active every request is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.mission.commands import COMMAND_BYTES_MAX
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent

# Bound of the message.
ENTRIES_PER_ANSWER = 256
# Words of a refusal for want of a running robot.
NOT_ACTIVE = 'the coordinator is not active'
Answer = Callable[[Any], None]


class OperatorServices:
    """
    Serves ``core`` on ``bus``.

    ``pump(now)`` is called after each call into the core: what came out of it is carried out
    before the loop waits again.

    ``entries`` are those that ``query_log`` can give, oldest first; what is not on disk after
    ``timeout_ns()`` is answered with an unknown outcome.
    """

    def __init__(
        self,
        bus: Bus,
        core: Coordinator,
        pump: Callable[[int], None],
        entries: Sequence[CommittedEntry],
        timeout_ns: Callable[[], int],
    ) -> None:
        self._bus, self._core, self._pump = bus, core, pump
        self._entries, self._timeout_ns = entries, timeout_ns
        self._make = MessageMaker(bus.types)
        # serial: deadline, and those who wait for it
        self._waiting: dict[int, tuple[int, list[Answer]]] = {}
        services = bus.types.services
        self._responses = services
        bus.serve(services.ProposeCommand, 'propose', self._propose)
        bus.serve(services.QueryLog, 'query_log', self._query_log)
        bus.serve(services.SetStop, 'stop', self._stop)

    def on_events(self, events: Iterable[RobotEvent]) -> None:
        """Answer those whose command is on disk now."""
        for event in events:
            if event.kind == 'accepted':
                self._release(event.value, True)

    def expire(self, now: int) -> None:
        """Answer those that waited too long; called about 10 times a second."""
        for serial in [s for s, (deadline, _) in self._waiting.items() if now >= deadline]:
            self._release(serial, False)

    def give_up(self) -> None:
        """Answer all that wait: the outcome of theirs is unknown."""
        for serial in list(self._waiting):
            self._release(serial, False)

    def _refused(self, response: Any, answer: Answer) -> bool:
        """Answer where nobody is to be asked now; whether that is so."""
        if self._bus.active:
            return False
        response.error, response.message = response.ERROR_NOT_READY, NOT_ACTIVE
        answer(response)
        return True

    def _release(self, serial: int, accepted: bool) -> None:
        _, answers = self._waiting.pop(serial, (0, ()))
        for answer in answers:
            answer(self._outcome(serial, accepted))

    def _outcome(self, serial: int, accepted: bool) -> Any:
        response = self._proposed()
        if accepted:
            response.accepted, response.serial = True, serial
            response.message = 'on disk; it will be committed exactly once'
        else:
            response.error = response.ERROR_TIMEOUT
            response.message = 'the disk has not answered yet: the outcome is unknown'
        return response

    def _proposed(self) -> Any:
        return self._responses.ProposeCommand.Response(
            robot=self._core.name, session=self._core.storage_id
        )

    def _propose(self, request: Any, answer: Answer) -> None:
        if self._refused(self._proposed(), answer):
            return
        now = self._bus.clock.now()
        response = self._proposed()
        try:
            serial = self._core.propose(request.command, now, request.request_id)
        except CommandError as error:
            too_large = len(request.command.encode()) > COMMAND_BYTES_MAX
            response.error = response.ERROR_TOO_LARGE if too_large else response.ERROR_INVALID
            response.message = str(error)
            answer(response)
            return
        except ProposalRefused as error:
            response.error = response.ERROR_QUEUE_FULL
            response.message = str(error)
            answer(response)
            return
        self._pump(now)
        if serial > self._core.session.durable_serial:
            _, answers = self._waiting.setdefault(serial, (now + self._timeout_ns(), []))
            answers.append(answer)
        else:
            answer(self._outcome(serial, True))

    def _query_log(self, request: Any, answer: Answer) -> None:
        if self._refused(self._responses.QueryLog.Response(), answer):
            return
        entries = self._entries
        response = self._responses.QueryLog.Response(
            commit_index=entries[-1].index if entries else 0,
            first_index=entries[0].index if entries else 0,
        )
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
            response.entries = [self._make.entry_to(entries[k]) for k in range(start, stop)]
        answer(response)

    def _stop(self, request: Any, answer: Answer) -> None:
        stop = self._responses.SetStop
        response = stop.Response(issuer=self._core.storage_id)
        if self._refused(response, answer):
            return
        if request.level not in (stop.Request.LEVEL_HOLD, stop.Request.LEVEL_STOP):
            response.error = response.ERROR_INVALID_LEVEL
            response.message = f'level {request.level}: 1 (hold) or 2 (stop)'
            answer(response)
            return
        now = self._bus.clock.now()
        try:
            response.counter = self._core.stop(request.level, now)
        except ProposalRefused as error:
            response.error, response.message = response.ERROR_NOT_READY, str(error)
            answer(response)
            return
        response.accepted, response.message = True, self._core.lift_command()
        self._bus.say(
            f'safety stop {response.counter}, level {request.level} asked for by '
            f"'{request.requested_by}': {request.reason}",
            'warning',
        )
        self._pump(now)
        answer(response)
