# SPDX-License-Identifier: Apache-2.0
"""
The frame codec: an authenticated prefix, then a bounded msgpack body.

Bytes of a frame::

    0      major version   another one is refused
    1      minor version   a newer one may append fields, which are ignored
    2..9   cluster id      big endian; another one is refused
    10..17 configuration hash (another one is decoded: the mesh hears it for avoidance only)
    18..33 keyed BLAKE2b (RFC 7693) of everything else, under the swarm key
    34..   msgpack body: [[sender, counter], fragments, stops, items, digests, want, snapshot]; a
           fragment of the sender has a nil for its owner, none ends in nil or false

The tag is compared, in constant time, before a byte of the body is decoded. Reasons of a
FrameError: ``too_short``, ``too_long``, ``wrong_version``, ``wrong_cluster``, ``bad_tag``,
``malformed`` (not msgpack, or a wrong type), ``out_of_bounds`` (a number, length or count outside
its bounds).
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Any, NamedTuple

import msgspec
from swarm_coordination.errors import FrameError, UsageError
from swarm_coordination.mesh import rows
from swarm_coordination.wire.body import Body, body_type
from swarm_coordination.wire.schema import trimmed

# Minor 1 added what a robot offers to exchange (``rows.MissionSection.offer``).
MAJOR, MINOR = 2, 1
REASONS = (
    'too_short',
    'too_long',
    'wrong_version',
    'wrong_cluster',
    'bad_tag',
    'malformed',
    'out_of_bounds',
)
# The largest jumbo datagram that any link here carries; a frame is 1200 bytes by default.
FRAME_BYTES_MAX = 9_000
KEY_BYTES = 32
_TAG_BYTES = 16
_PREFIX = struct.Struct('>BBQQ')
_BODY_AT = _PREFIX.size + _TAG_BYTES
# Four lists of a frame take one byte as empty and three once they hold sixteen elements.
_LIST_LENGTHS_BYTES = 4 * 2


class Prefix(NamedTuple):
    """What stands before the tag of a frame."""

    major: int
    minor: int
    cluster_id: int
    config_hash: int


def prefix_of(data: bytes) -> Prefix | None:
    """Return the prefix of a frame, unproven: it needs no key. None where the frame is shorter."""
    return Prefix(*_PREFIX.unpack_from(data)) if len(data) >= _BODY_AT else None


class WireCodec:
    """
    Implements ``mesh.codec.FrameCodec`` under one swarm key.

    Parameters
    ----------
    key : swarm key, 32 bytes.
    cluster_id : frames of other clusters are refused.
    config_hash : the hash this robot sends; frames with another one are decoded, too.
    cache_size : how many decoded frames to remember by their bytes. Worth it where one process
        decodes the same broadcast for many receivers (the simulator); values are immutable.

    """

    def __init__(
        self, key: bytes, cluster_id: int, config_hash: int, *, cache_size: int = 0
    ) -> None:
        if len(key) != KEY_BYTES:
            raise UsageError(f'a swarm key has {KEY_BYTES} bytes, not {len(key)}')
        self._mac = hashlib.blake2b(key=key, digest_size=_TAG_BYTES, person=b'swarm-mesh')
        self._cluster_id = cluster_id
        self._prefix = _PREFIX.pack(MAJOR, MINOR, cluster_id, config_hash)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(body_type)
        self._cache: dict[bytes, rows.Frame] = {}
        self._cache_size = cache_size
        self._encoded: tuple[rows.Frame | None, bytes] = (None, b'')

    def encode(self, frame: rows.Frame) -> bytes:
        """Return the authenticated bytes of ``frame``; its header must be this codec's own."""
        if frame is self._encoded[0]:  # for the air, and for the sender's memory of its own
            return self._encoded[1]
        header = frame.header
        prefix = self._prefix
        if prefix[2:] != _PREFIX.pack(0, 0, header.cluster_id, header.config_hash)[2:]:
            raise UsageError('the frame belongs to another cluster or configuration')
        fragments = [_on_wire(part, header.sender) for part in frame.fragments]
        body = self._encoder.encode((header[2:], fragments, *frame[2:]))
        if _BODY_AT + len(body) > FRAME_BYTES_MAX:
            raise UsageError(f'a frame has at most {FRAME_BYTES_MAX} bytes')
        data = b''.join((prefix, self._tag(prefix, body), body))
        self._encoded = (frame, data)
        return data

    def tag(self, frame: rows.Frame) -> bytes:
        """Return the 16 bytes that authenticate ``frame``; raises UsageError as ``encode``."""
        return self.encode(frame)[_PREFIX.size:_BODY_AT]

    def decode(self, data: bytes) -> rows.Frame:
        """Return the frame in ``data``; raises FrameError, and nothing else, on any bytes."""
        known = self._cache.get(data)
        if known is not None:
            return known
        frame = self._decode(data)
        if self._cache_size:
            if len(self._cache) >= self._cache_size:
                del self._cache[next(iter(self._cache))]  # the oldest: dicts keep their order
            self._cache[data] = frame
        return frame

    def measure(self, part: object, sender: rows.Identity | None = None) -> int:
        """Bytes that one part (a fragment, log item, digest, stop flag, want) takes."""
        if isinstance(part, rows.Fragment):
            return len(self._encoder.encode(_on_wire(part, sender)))
        return len(self._encoder.encode(part))

    def overhead(self, frame: rows.Frame) -> int:
        """Bytes of ``frame`` beyond its parts, never less than it will take."""
        empty = (frame.header[2:], (), (), (), (), None, None)
        return _BODY_AT + len(self._encoder.encode(empty)) + _LIST_LENGTHS_BYTES

    def _tag(self, prefix: bytes, body: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(prefix)
        mac.update(body)
        return mac.digest()

    def _decode(self, data: bytes) -> rows.Frame:
        if len(data) <= _BODY_AT:
            raise FrameError('too_short', f'{len(data)} bytes')
        if len(data) > FRAME_BYTES_MAX:
            raise FrameError('too_long', f'{len(data)} bytes')
        prefix, tag, body = data[:_PREFIX.size], data[_PREFIX.size:_BODY_AT], data[_BODY_AT:]
        major, minor, cluster_id, config_hash = _PREFIX.unpack(prefix)
        if major != MAJOR:
            raise FrameError('wrong_version', str(major))
        if cluster_id != self._cluster_id:
            raise FrameError('wrong_cluster', str(cluster_id))
        if not hmac.compare_digest(tag, self._tag(prefix, body)):
            raise FrameError('bad_tag')
        parts = self._parse(body) if minor <= MINOR else self._parse_newer(body)
        header = rows.FrameHeader(cluster_id, config_hash, *parts[0])
        fragments = tuple([_with_owner(part, header.sender) for part in parts[1]])
        return rows.Frame(header, fragments, *parts[2:])

    def _parse(self, body: bytes) -> Any:
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _refusal(error) from None
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise FrameError('malformed', str(error)) from None

    def _parse_newer(self, body: bytes) -> Any:
        """Parse a body whose arrays may end in fields of a newer minor version."""
        try:
            return msgspec.convert(trimmed(msgspec.msgpack.decode(body), Body), body_type)
        except msgspec.ValidationError as error:
            raise _refusal(error) from None
        except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
            raise FrameError('malformed', str(error)) from None


def _on_wire(part: rows.Fragment, sender: rows.Identity | None) -> tuple[Any, ...]:
    """Return a fragment without its owner where that is the sender, and without what is empty."""
    mission: Any = part.mission
    if mission is not None and not mission.offer:  # as nearly always
        mission = mission[:-1]
    owner = None if part.owner == sender else part.owner
    fields = (owner, *part[1:4], mission, *part[5:])
    end = len(fields)
    while fields[end - 1] is None or fields[end - 1] is False:
        end -= 1
    return fields[:end]


def _with_owner(part: Any, sender: rows.Identity) -> rows.Fragment:
    """Return a fragment as it was decoded, where a nil may stand for its owner, with one."""
    if part[0] is not None:
        return part
    return tuple.__new__(rows.Fragment, (sender, *part[1:]))  # in nearly every frame


def _refusal(error: msgspec.ValidationError) -> FrameError:
    """Tell a value outside its bounds (its type was right) from a wrong type."""
    text = str(error)
    bounds = ('<=', '>=', 'length', 'out of range')
    reason = 'out_of_bounds' if any(mark in text for mark in bounds) else 'malformed'
    return FrameError(reason, text)
