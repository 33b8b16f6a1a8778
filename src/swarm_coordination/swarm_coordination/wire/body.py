# SPDX-License-Identifier: Apache-2.0
"""The msgpack body of a frame: which fields it has, in which order, within which bounds."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from swarm_coordination.bounds import Counter, Size
from swarm_coordination.mesh import rows
from swarm_coordination.wire.schema import wire_type


class BodyHeader(NamedTuple):
    """What the body repeats of the header; cluster and configuration stand in the prefix."""

    sender: rows.Identity
    counter: Counter


class Body(NamedTuple):
    """The msgpack part; fields after the header as in ``rows.Frame``."""

    header: BodyHeader
    fragments: Annotated[tuple[rows.Fragment, ...], Size(0, rows.ITEMS_MAX)] = ()
    stops: Annotated[tuple[rows.StopFlag, ...], Size(0, rows.ITEMS_MAX)] = ()
    items: Annotated[tuple[rows.LogItem, ...], Size(0, rows.ITEMS_MAX)] = ()
    digests: Annotated[tuple[rows.Digest, ...], Size(0, rows.ITEMS_MAX)] = ()
    want: rows.Want | None = None
    snapshot: rows.SnapshotPart | None = None


if Body._fields[1:] != rows.Frame._fields[1:]:
    raise TypeError('wire.body.Body must list the fields of mesh.rows.Frame')

# Most fragments are of the sender itself: the owner is then nil, twenty bytes less per frame.
wire_type(rows.Fragment, frozenset({'owner'}))
body_type = wire_type(Body)
