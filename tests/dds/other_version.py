# SPDX-License-Identifier: Apache-2.0
"""
Be a robot of another protocol version: ``other_version.py major|minor -m MODULE ...``.

Of another major version everything else is the same. One of a newer minor version appends a field
to whatever it sends, at every level, as such a version may.
"""

import runpy
import sys

import msgspec
from swarm_coordination.wire import codec

# What no version of today knows.
FIELD = {'of': 'a later version'}


class Later:
    """Encodes parts and bodies of frames as a newer minor version would."""

    def __init__(self):
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, value):
        """Return the bytes of ``value`` with one field more at the end of every record in it."""
        body = type(value) is tuple  # without names, as its header, which comes first
        value = longer(value)
        if body:
            value = [[*value[0], FIELD], *value[1:], FIELD]
        return self._encoder.encode(value)


class Fragment(list):
    """A fragment as it stands on the wire, whole."""

    _fields = ()


def longer(value):
    """Return ``value`` with one field more at the end of every record in it."""
    if hasattr(value, '_fields'):
        return [*map(longer, value), FIELD]
    if isinstance(value, (tuple, list)):
        return [longer(part) for part in value]
    return value


def whole(part, sender):
    """Return a fragment as ``codec._on_wire`` does, but with the fields at its end."""
    return Fragment([None if part.owner == sender else part.owner, *part[1:]])


def main(part, module, *words):
    """Run a module as another version."""
    if part == 'major':
        codec.MAJOR += 1
    else:
        codec.MINOR += 1
        codec._on_wire = whole
        ordinary = codec.WireCodec.__init__

        def later(self, *words, **options):
            ordinary(self, *words, **options)
            self._encoder = Later()

        codec.WireCodec.__init__ = later
    sys.argv = [module, *words]
    runpy.run_module(module, run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    main(sys.argv[1], *sys.argv[3:])
