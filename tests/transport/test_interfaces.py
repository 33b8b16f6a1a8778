# SPDX-License-Identifier: Apache-2.0
"""Definitions are read as rosidl reads them; what is not understood is refused."""

import pytest
from swarm_coordination.transport.cyclone_types import Unreadable
from swarm_coordination.transport.definitions import interface_folder
from swarm_coordination.transport.interfaces import FieldType, InterfaceError, read_parts
from swarm_coordination.transport.messages import messages

OURS = sorted(path.stem for path in interface_folder().glob('msg/*.msg'))
SERVICES = sorted(path.stem for path in interface_folder().glob('srv/*.srv'))


def test_fields_constants_bounds_and_defaults_are_read():
    (part,) = read_parts(
        '# words\nuint8 HIGH=0x10  # beside\nstring WORD="x"\n'
        'string<=32[<=4] names\nfloat64[36] grid\nOther own\npkg/There there\nfloat64 w 1\n',
        'mine', 'file',
    )
    assert part.constants == {'HIGH': 16, 'WORD': 'x'}
    assert part.fields == (
        ('names', FieldType('string', 32, 4, True), None),
        ('grid', FieldType('float64', None, 36), None),
        ('own', FieldType('mine/msg/Other'), None),
        ('there', FieldType('pkg/msg/There'), None),
        ('w', FieldType('float64'), 1.0),
    )


@pytest.mark.parametrize('line', ['uint8', 'uint8[<4] x', 'uint8<=3 x', 'a/b/c/d x'])
def test_what_is_not_understood_is_refused_with_its_line(line):
    with pytest.raises(InterfaceError, match='file:2'):
        read_parts(f'uint8 fine\n{line}\n', 'mine', 'file')


def test_every_message_and_service_of_ours_has_a_type():
    types = messages()
    assert sorted(vars(types.swarm)) == OURS
    assert sorted(vars(types.services)) == SERVICES
    wire_name = types.swarm.MeshFrame.__idl__.idl_transformed_typename
    assert wire_name == 'swarm_msgs::msg::dds_::MeshFrame_'
    assert types.services.SetStop.Request.LEVEL_STOP == 2


def test_bytes_that_are_no_message_are_told_apart_not_raised():
    kind = messages().swarm.MeshFrame
    good = kind(sender='robot1', data=[1, 2, 3]).serialize()
    assert kind.deserialize(good).data == [1, 2, 3]
    assert isinstance(kind.deserialize(good.replace(b'robot1', b'\xff\xfe\xfd\xfc\xfb\xfa')),
                      Unreadable)
    assert isinstance(kind.deserialize(good[:9]), Unreadable)
