# SPDX-License-Identifier: Apache-2.0
"""What comes out of the mesh: events, the outcome of a merge, counts."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.mesh.rows import Fragment, Identity, LogItem, StopFlag, Want


class MeshEvent(NamedTuple):
    """
    Something the mesh found out.

    ``kind`` is one of

    - ``joined``: a robot never alive before has proved that it is;
    - ``suspected``, ``silent``, ``returned``: the failure detector's verdicts;
    - ``refuted``: a robot that was not silent runs under a higher incarnation now;
    - ``accused``: another robot suspects *us* under the incarnation in ``incarnation``, or others
      hold that one of us, higher than ours: persist a higher one, then ``raise_incarnation``;
    - ``configuration_mismatch``: the robot runs another configuration, it is only avoided;
    - ``duplicate_name``: two storage ids bear one name, ``storage_id`` is the one that lost it;
    - ``duplicate_storage``: somebody else speaks under our own storage id;
    - ``gap``: this process did not tick for too long, queued frames are not believed.
    """

    time_ns: int
    kind: str
    storage_id: int
    name: str
    incarnation: int
    text: str = ''


class MergeResult(NamedTuple):
    """
    What one frame brought.

    ``news`` holds, per row, a fragment of only those sections that were newer than what was held,
    except for robots that are only avoided, and whether its consensus section is proved to be of
    late (one that was not comes once more when it is); ``items`` are all log items of the frame (a
    receiver that dropped one earlier must be able to take it now); ``stops`` are the stops that
    rose. ``rejected`` says why the frame was dropped, "" where it was not.
    """

    news: tuple[tuple[Identity, Fragment, bool], ...] = ()
    items: tuple[LogItem, ...] = ()
    stops: tuple[StopFlag, ...] = ()
    want: Want | None = None
    rejected: str = ''


class MeshStatistics(NamedTuple):
    """Counts since the start; ``rejections`` by reason, sorted by it."""

    frames_sent: int
    bytes_sent: int
    frames_received: int
    bytes_received: int
    frames_rejected: int
    rejections: tuple[tuple[str, int], ...]
