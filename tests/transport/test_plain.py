# SPDX-License-Identifier: Apache-2.0
"""Plain messages are read and written at once, byte for byte as Cyclone's own Python does it."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.transport.cyclone_reading import read_any, Unreadable
from swarm_coordination.transport.messages import messages

TYPES = messages()
# Those that robots and worlds send by the hundred, and one with texts and numbers in turn.
KINDS = {
    'Twist': TYPES.Twist,
    'PoseStamped': TYPES.PoseStamped,
    'Odometry': TYPES.Odometry,
    'TransformStamped': TYPES.TransformStamped,
    'Bool': TYPES.Bool,
    'String': TYPES.String,
    'LogEntry': TYPES.swarm.LogEntry,
}
by_kind = pytest.mark.parametrize('name', KINDS)
VERSIONS = (False, True)
FLOATS = st.floats(allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=9)
# Whole numbers fit every field of the kinds above.
BY_DEFAULT = {int: st.integers(0, 100), float: FLOATS, str: TEXTS, bool: st.booleans()}


@st.composite
def filled(draw, kind):
    """Give a message of ``kind`` with other values than its defaults."""
    message = kind()
    for field in dataclasses.fields(message):
        default = getattr(message, field.name)
        if dataclasses.is_dataclass(default):
            value = draw(filled(type(default)))
        elif isinstance(default, list):
            value = draw(st.lists(FLOATS, min_size=len(default), max_size=len(default)))
        else:
            value = draw(BY_DEFAULT[type(default)])
        setattr(message, field.name, value)
    return message


def slowly(message, version):
    """Return the bytes that Cyclone makes of a message."""
    return message.__idl__.serialize(message, use_version_2=version)


def quick(kind):
    """Whether messages of a type have a writer of their own."""
    return '_writer' in kind.serialize.__qualname__


def test_what_varies_in_length_goes_the_general_way():
    assert all(quick(kind) for kind in KINDS.values())
    swarm = TYPES.swarm
    assert not any(quick(kind) for kind in (swarm.RobotStatus, swarm.MeshFrame, swarm.RadioState))
    assert not quick(TYPES.TFMessage)
    # Bounds of texts are Cyclone's to keep.
    assert not quick(swarm.MissionEvent)


@by_kind
@settings(max_examples=40)
@given(st.data())
def test_bytes_are_those_of_cyclone_and_come_back(name, data):
    kind = KINDS[name]
    message = data.draw(filled(kind))
    for version in VERSIONS:
        written = message.serialize(use_version_2=version)
        assert written == slowly(message, version)
        assert kind.deserialize(written) == read_any(kind, written) == message


@by_kind
@settings(max_examples=40)
@given(st.data())
def test_broken_bytes_are_unreadable_or_what_cyclone_reads(name, data):
    kind = KINDS[name]
    whole = bytearray(slowly(data.draw(filled(kind)), data.draw(st.booleans())))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(whole[:data.draw(st.integers(0, len(whole)))])
    found = kind.deserialize(broken)
    if not isinstance(found, Unreadable):
        general = read_any(kind, broken)
        assert repr(found) == repr(general)  # by their words: some numbers are none


@pytest.mark.parametrize('change', [
    {'frame_id': 7}, {'frame_id': None}, {'stamp': None}, {'stamp': TYPES.Time(sec=2**40)},
])
def test_a_value_that_is_none_of_its_field_is_refused_as_by_cyclone(change):
    message = TYPES.PoseStamped(header=TYPES.Header(**change))
    with pytest.raises(Exception) as slow:
        slowly(message, False)
    with pytest.raises(type(slow.value)):
        message.serialize(use_version_2=False)


@pytest.mark.parametrize('lengths', [(35, 36), (36, 35), (35, 37)])
def test_arrays_of_another_length_are_not_shifted_into_each_other(lengths):
    message = TYPES.Odometry()
    message.pose.covariance = [1.0] * lengths[0]
    message.twist.covariance = [2.0] * lengths[1]
    with pytest.raises(Exception) as slow:
        slowly(message, False)
    with pytest.raises(type(slow.value)):
        message.serialize(use_version_2=False)
