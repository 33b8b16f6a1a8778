# SPDX-License-Identifier: Apache-2.0
"""
DDS types for Cyclone DDS, made from interface definitions when they are asked for.

Names on the wire are ROS 2's (design.ros2.org, *Topic and Service name mapping to DDS*):
``swarm_msgs::msg::dds_::MeshFrame_``, ``...::srv::dds_::SetStop_Request_``. Every field has a
default, as in rclpy, so that code which fills messages serves both.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import struct
from typing import Any, NamedTuple

from cyclonedds.idl import IdlMeta, IdlStruct
from cyclonedds.idl import types as idl
from swarm_coordination.transport.cyclone_plain import layout_of, Plain
from swarm_coordination.transport.cyclone_reading import reader_of
from swarm_coordination.transport.interfaces import FieldType, Part, read_parts

_PRIMITIVES: dict[str, tuple[Any, Any]] = {
    'bool': (bool, False),
    'byte': (idl.uint8, 0),
    'char': (idl.uint8, 0),
    'string': (str, ''),
    'float32': (idl.float32, 0.0),
    'float64': (idl.float64, 0.0),
    **{name: (getattr(idl, name), 0) for name in (
        'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'
    )},
}
# What rmw_cyclonedds_cpp puts before a request and its answer: who asked, and its how manieth.
# Fast DDS puts the same into the RTPS header instead, so services do not cross between the two.
HEADER = Part({}, (
    ('client_guid', FieldType('uint64'), None), ('sequence_number', FieldType('int64'), None),
))


class Service(NamedTuple):
    """The two types of a service, and its name ``package/Name``."""

    name: str
    Request: Any
    Response: Any


class TypeMaker:
    """
    Makes and keeps the class of every interface.

    ``definition(package, folder, name)`` returns the text of a definition; ``folder`` is ``msg``
    or ``srv``.
    """

    def __init__(self, definition: Callable[[str, str, str], str]) -> None:
        self._definition = definition
        self._made: dict[str, Any] = {}
        self._messages: dict[str, tuple[Part, Any]] = {}  # of those, the messages

    def message(self, name: str) -> Any:
        """Return the class of ``package/msg/Name``; raises InterfaceError."""
        if name not in self._made:
            package, _, short = name.split('/')
            (part,) = read_parts(self._definition(package, 'msg', short), package, name)
            made = self._make(short, f'{package}::msg::dds_::{short}_', part)
            self._made[name], self._messages[name] = made, (part, made)
        return self._made[name]

    def service(self, package: str, short: str) -> Service:
        """Return the types of a service; raises InterfaceError."""
        name = f'{package}/{short}'
        if name not in self._made:
            parts = read_parts(self._definition(package, 'srv', short), package, name)
            halves = [
                self._make(f'{short}_{half}', f'{package}::srv::dds_::{short}_{half}_', Part(
                    part.constants, HEADER.fields + part.fields))
                for half, part in zip(('Request', 'Response'), parts, strict=True)
            ]
            self._made[name] = Service(name, *halves)
        return self._made[name]

    def _make(self, short: str, wire_name: str, part: Part) -> Any:
        namespace: Any = IdlMeta.__prepare__(short, (IdlStruct,), typename=wire_name)
        for name, kind, given in part.fields:
            annotation, default = self._field(kind, given)
            namespace['__annotations__'][name] = annotation
            namespace[name] = default
        namespace.update(part.constants)
        made: Any = dataclasses.dataclass(IdlMeta(short, (IdlStruct,), namespace))
        layout = layout_of(part, made, self._messages)
        if layout is None:
            made.deserialize = classmethod(reader_of(part))
        else:
            made.deserialize, made.serialize = classmethod(layout.read), _writer(layout)
        return made

    def _field(self, kind: FieldType, given: float | None) -> tuple[Any, Any]:
        """Return the annotation of a field and its default."""
        if kind.base in _PRIMITIVES:
            element, default = _PRIMITIVES[kind.base]
            default = default if given is None else given
            if kind.length is not None:
                element = idl.bounded_str[kind.length]
        else:
            element = default = self.message(kind.base)
        if not kind.is_array:
            is_value = kind.base in _PRIMITIVES
            return element, default if is_value else dataclasses.field(default_factory=default)
        if not kind.bounded:
            size = kind.size
            return idl.array[element, size], dataclasses.field(
                default_factory=lambda: [default] * (size or 0)
            )
        annotation = idl.sequence[element] if kind.size is None else (
            idl.sequence[element, kind.size])
        return annotation, dataclasses.field(default_factory=list)


def _writer(layout: Plain) -> Callable[..., bytes]:
    def serialize(
        self: Any, buffer: Any = None, endianness: Any = None, use_version_2: bool | None = None
    ) -> bytes:
        """Return the bytes of this message; raises as Cyclone does."""
        if buffer is None and endianness is None and use_version_2 is not None:
            try:
                return layout.write(self, 2 if use_version_2 else 1)
            except (struct.error, AttributeError, TypeError):
                pass  # Cyclone says what is wrong with it
        data: bytes = self.__idl__.serialize(
            self, buffer=buffer, endianness=endianness, use_version_2=use_version_2
        )
        return data

    return serialize
