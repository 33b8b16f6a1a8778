# SPDX-License-Identifier: Apache-2.0
"""
Parameters that may change while a node runs: checked as at its start, then handed over at once.

rclpy refuses read-only ones, wrong types and values out of range by the descriptors; here stands
what it cannot know: relations between fields, and that the clock was chosen at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints, NamedTuple

from rcl_interfaces.msg import SetParametersResult
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros.parameters import checked, SOURCE, with_values
from swarm_coordination.settings import declared

Check = Callable[[Any, str, str], None]


class _Group(NamedTuple):
    prefix: str
    settings: Any
    check: Check | None
    apply: Callable[[Any], None]


class LiveParameters:
    """Answers to changes of a node's parameters."""

    def __init__(self, node: Any) -> None:
        """Listen from now on; nothing can be changed before ``add``."""
        self._node = node
        self._groups: list[_Group] = []
        self._simulated = bool(node.get_parameter('use_sim_time').value)
        node.add_on_set_parameters_callback(self._on_set)

    def add(
        self, prefix: str, settings: Any, apply: Callable[[Any], None], check: Check | None = None
    ) -> None:
        """
        Take changes of the live fields of ``settings``, whose parameters begin with ``prefix``.

        ``check(settings, source, prefix)`` raises ConfigurationError where fields contradict
        each other; ``apply`` gets the new settings.
        """
        self._groups.append(_Group(prefix, settings, check, apply))

    def _on_set(self, parameters: list[Any]) -> SetParametersResult:
        given = {parameter.name: parameter.value for parameter in parameters}
        try:
            if given.get('use_sim_time', self._simulated) != self._simulated:
                raise ConfigurationError(
                    SOURCE, 'use_sim_time', given['use_sim_time'], 'chosen at the start'
                )
            changed = [self._changed(group, given) for group in self._groups]
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        for number, settings in enumerate(changed):
            group = self._groups[number]
            if settings is not group.settings:
                self._groups[number] = group._replace(settings=settings)
                group.apply(settings)
        return SetParametersResult(successful=True)

    def _changed(self, group: _Group, given: dict[str, Any]) -> Any:
        """Return the group's settings with what was given; raises ConfigurationError."""
        declarations, types = declared(group.settings), get_type_hints(type(group.settings))
        values = {
            field: checked(group.prefix + field, given[group.prefix + field], types[field], of)
            for field, of in declarations.items()
            if of.live and group.prefix + field in given
        }
        if not values:
            return group.settings
        settings = with_values(group.settings, values, group.prefix)
        if group.check is not None:
            group.check(settings, SOURCE, group.prefix)
        return settings
