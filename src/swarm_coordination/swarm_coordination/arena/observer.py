# SPDX-License-Identifier: Apache-2.0
"""Whoever wants to see what robots of an arena do: checks, meters, traces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from swarm_coordination.persistence import PersistRequest, Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import NOTHING, RobotOutput

if TYPE_CHECKING:
    from swarm_coordination.arena.node import Node

    After = Callable[[Node, Coordinator, RobotOutput, int], None]


class Observer:
    """
    Told of everything as it happens; a subclass overrides what it cares for.

    ``every_event``: whether it wants to hear of events that nothing came out of.
    """

    every_event = False

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """``node`` has started from what its disk gave back."""

    def crashed(self, node: Node, now: int) -> None:
        """``node`` has died; what it had not synced is lost."""

    def disturbed(self, node: Node, now: int) -> None:
        """``node`` slept until now, or its clock has leapt."""

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """``node`` has been called, and ``output`` came out."""

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """``request`` of ``node`` is durable; the process does not know yet."""

    def wiped(self, node: Node, now: int) -> None:
        """``node`` has lost its disk."""


class Observers(Observer):
    """Several observers as one."""

    every_event = True

    def __init__(self) -> None:
        self._all: list[Observer] = []
        # Of all, and of those that want every event: called with each event of a run.
        self._all_after: list[After] = []
        self._eager_after: list[After] = []

    def add(self, observer: Observer) -> None:
        """Tell ``observer`` too from now on."""
        self._all.append(observer)
        if type(observer).after is not Observer.after:
            self._all_after.append(observer.after)
        if observer.every_event:
            self._eager_after.append(observer.after)

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Pass on."""
        for observer in self._all:
            observer.started(node, recovered, now)

    def crashed(self, node: Node, now: int) -> None:
        """Pass on."""
        for observer in self._all:
            observer.crashed(node, now)

    def disturbed(self, node: Node, now: int) -> None:
        """Pass on."""
        for observer in self._all:
            observer.disturbed(node, now)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Pass on: to all where something came out."""
        silent = output is NOTHING or not any(output)
        for after in self._eager_after if silent else self._all_after:
            after(node, core, output, now)

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Pass on."""
        for observer in self._all:
            observer.durable(node, request, now)

    def wiped(self, node: Node, now: int) -> None:
        """Pass on."""
        for observer in self._all:
            observer.wiped(node, now)
