# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Every definition of this package is built, and what was built carries its fields over."""

from importlib import import_module
from pathlib import Path

import pytest
from rclpy.serialization import deserialize_message, serialize_message

PACKAGE = Path(__file__).resolve().parent.parent
DEFINITIONS = sorted(
    f'{kind}/{path.name}' for kind in ('msg', 'srv') for path in (PACKAGE / kind).iterdir()
)


def test_every_definition_is_in_the_build_and_no_other():
    listed = [
        line.strip().strip('"') for line in (PACKAGE / 'CMakeLists.txt').read_text().splitlines()
        if line.strip().startswith(('"msg/', '"srv/'))
    ]
    assert listed == DEFINITIONS


@pytest.mark.parametrize('definition', DEFINITIONS)
def test_a_message_that_was_sent_is_the_one_that_was_made(definition):
    kind, name = definition.split('/')
    built = getattr(import_module(f'swarm_msgs.{kind}'), name.partition('.')[0])
    for type_ in (built,) if kind == 'msg' else (built.Request, built.Response):
        message = type_()
        fields = type_.get_fields_and_field_types()
        for field, declared in fields.items():
            if declared == 'string':
                setattr(message, field, field)
        again = deserialize_message(serialize_message(message), type_)
        assert again == message
        assert all(getattr(again, f) == f for f, d in fields.items() if d == 'string')
