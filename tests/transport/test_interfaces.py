# SPDX-License-Identifier: Apache-2.0
"""Definitions are read as rosidl reads them; what is not understood is refused."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.transport.cyclone_reading import read_any, Unreadable
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
    assert bytes(kind.deserialize(good).data) == bytes((1, 2, 3))
    assert isinstance(kind.deserialize(good.replace(b'robot1', b'\xff\xfe\xfd\xfc\xfb\xfa')),
                      Unreadable)
    assert isinstance(kind.deserialize(good[:9]), Unreadable)


@pytest.mark.parametrize('name', ['r', 'robot1', 'x' * 32, 'Gr\u00fc\u00df'])
@pytest.mark.parametrize('size', [0, 1, 2, 3, 4, 1200, 9000])
def test_frames_are_read_the_quick_way_as_the_general_one_reads_them(name, size):
    kind = messages().swarm.MeshFrame
    data = kind(sender=name, data=bytes(k % 251 for k in range(size))).serialize()
    quick, general = kind.deserialize(data), read_any(kind, data)
    assert (quick.sender, bytes(quick.data)) == (general.sender, bytes(general.data))


@settings(max_examples=300)
@given(st.binary(max_size=60), st.integers(0, 30), st.integers(0, 255))
def test_broken_frames_are_unreadable_or_within_their_bounds(tail, at, value):
    kind = messages().swarm.MeshFrame
    whole = bytearray(kind(sender='robot1', data=[1, 2, 3, 4]).serialize() + tail)
    whole[at % len(whole)] = value
    read = kind.deserialize(bytes(whole))
    assert isinstance(read, Unreadable) or (
        len(read.sender.encode()) <= 32 and len(read.data) <= 9000)
