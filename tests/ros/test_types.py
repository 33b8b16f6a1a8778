# SPDX-License-Identifier: Apache-2.0
"""The types made for Cyclone DDS are those of rclpy: same fields, same bytes."""

import dataclasses
import importlib
import math
import os
from pathlib import Path
import random
import sys

import pytest
from rclpy.serialization import deserialize_message, serialize_message
from swarm_coordination.transport.cyclone_types import TypeMaker
from swarm_coordination.transport.definitions import COMMON, interface_folder
from swarm_coordination.transport.interfaces import read_parts
from swarm_coordination.transport.messages import definition, messages
from swarm_msgs import srv

pytestmark = pytest.mark.ros
OURS = sorted(path.stem for path in interface_folder().glob('msg/*.msg'))
SERVICES = sorted(path.stem for path in interface_folder().glob('srv/*.srv'))


def drawn(name, rng):
    """Return random values for the fields of the message ``package/msg/Name``."""
    package, _, short = name.split('/')
    (part,) = read_parts(definition(package, 'msg', short), package, name)
    return {field: drawn_field(kind, rng) for field, kind, _ in part.fields}


def drawn_field(kind, rng):
    """Return a random value for one field; a message is (name, values)."""
    if kind.is_array:
        single = dataclasses.replace(kind, size=-1, bounded=False)
        count = rng.randrange(min(kind.size or 5, 5) + 1) if kind.bounded else kind.size
        return [drawn_field(single, rng) for _ in range(count)]
    if '/' in kind.base:
        return kind.base, drawn(kind.base, rng)
    if kind.base == 'string':
        return ''.join(rng.choice('abc\u00e9') for _ in range(rng.randrange(9)))
    if kind.base.startswith('float'):
        return rng.choice([0.5, -2.25, math.inf, rng.randrange(99) / 4.0])
    if kind.base == 'bool':
        return rng.random() < 0.5
    bits = int(kind.base.removeprefix('u').removeprefix('int'))
    low = 0 if kind.base.startswith('u') else -(2 ** (bits - 1))
    return rng.randrange(low, low + 2**bits)


def built(value, class_of):
    """Return a drawn value with messages of the classes that ``class_of(name)`` gives."""
    if isinstance(value, tuple):
        name, fields = value
        return class_of(name)(**{k: built(v, class_of) for k, v in fields.items()})
    return [built(v, class_of) for v in value] if isinstance(value, list) else value


def class_of_rclpy(name):
    """Return rclpy's class of ``package/msg/Name``."""
    package, folder, short = name.split('/')
    return getattr(importlib.import_module(f'{package}.{folder}'), short)


def plain(message):
    """Return the fields of a message; frames are read as bytes, which are numbers to others."""
    values = ((field.name, getattr(message, field.name)) for field in dataclasses.fields(message))
    return {k: list(value) if isinstance(value, bytes) else value for k, value in values}


@pytest.mark.parametrize('short', OURS)
def test_a_message_has_the_bytes_that_rclpy_gives_it(short):
    rng, name = random.Random(short), f'swarm_msgs/msg/{short}'
    maker = TypeMaker(definition)
    for _ in range(20):
        values = (name, drawn(name, rng))
        theirs, ours = built(values, class_of_rclpy), built(values, maker.message)
        assert deserialize_message(ours.serialize(), type(theirs)) == theirs
        assert plain(type(ours).deserialize(serialize_message(theirs))) == plain(ours)


@pytest.mark.parametrize('name', SERVICES)
def test_a_request_of_a_service_has_the_fields_of_rclpy_after_its_header(name):
    for half in ('Request', 'Response'):
        theirs = getattr(getattr(srv, name), half)
        ours = getattr(getattr(messages().services, name), half)
        names = [field.name for field in dataclasses.fields(ours)]
        assert names == ['client_guid', 'sequence_number', *theirs.get_fields_and_field_types()]


@pytest.mark.parametrize('name', sorted(COMMON))
def test_the_common_messages_are_those_of_the_installed_ros(name):
    package, folder, short = name.split('/')
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    found = [Path(prefix) / f'share/{package}/{folder}/{short}.msg' for prefix in prefixes]
    texts = [path.read_text() for path in found if path.is_file()]
    if not texts:
        pytest.skip(f'{package} is not installed')
    theirs = read_parts(texts[0], package, name)[0]
    assert read_parts(COMMON[name], package, name)[0].fields == theirs.fields
