# SPDX-License-Identifier: Apache-2.0
"""What a robot tells of itself: its status, its committed entries, and what happens to it."""

from __future__ import annotations

from collections import deque
import math

from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput
from swarm_coordination.robot.refusals import PERIOD_NS
from swarm_coordination.transport import profiles
from swarm_coordination.views import Pose

# Events that go to the log as well: one line each for what an operator wants to have read.
LOGGED = frozenset((
    'leader', 'mission', 'slots', 'hold', 'abort', 'stop', 'stop_lifted', 'silent', 'returned',
    'quorum', 'no_quorum', 'lease_expired', 'lease_renewed', 'seek', 'configuration_mismatch',
    'frames_refused', 'duplicate_name', 'duplicate_storage', 'held_back', 'voters', 'transfer',
    'forced_new_cluster', 'articulation',
))
# Events after which the mesh needs a person.
CONFLICTS = frozenset(('configuration_mismatch', 'duplicate_name', 'duplicate_storage'))
# What `query_log` can look back on; as many entries as the core holds in memory for sure.
ENTRIES_MAX = 65_536
# As long as a flood goes on it is told every ten seconds (robot/refusals.py).
REFUSED_NS = PERIOD_NS + PERIOD_NS // 2


class Telling:
    """The topics ``status``, ``log`` and ``events`` of a robot; ``nonce`` is of its process."""

    def __init__(self, bus: Bus, core: Coordinator, nonce: int) -> None:
        self._bus, self._core, self._nonce = bus, core, nonce
        self._make = MessageMaker(bus.types)
        swarm = bus.types.swarm
        self._status = bus.publisher(swarm.RobotStatus, 'status', profiles.STATUS_OFFERED)
        self._log = bus.publisher(swarm.LogEntry, 'log', profiles.LOG)
        self._events = bus.publisher(swarm.MissionEvent, 'events', profiles.EVENTS)
        self.entries: deque[CommittedEntry] = deque(maxlen=ENTRIES_MAX)
        self.heard: tuple[str, ...] = ()  # as the newest status says
        self.conflict = ''  # the newest, in words
        self.refused = ''  # which frames so far, and why, as last told
        self._refused_ns = 0

    def take(self, out: RobotOutput) -> bool:
        """Tell entries and events; return whether a status is due at once."""
        if any(event.kind == 'snapshot_installed' for event in out.events):
            self.entries.clear()  # what is held is contiguous
        for entry in out.committed:
            self.entries.append(entry)
            self._log(self._make.entry_to(entry))
        if not out.events:
            return False
        stamp = self._bus.clock.stamp()
        for event in out.events:
            self._events(self._make.event_to(event, self._core.name, stamp))
            if event.kind in LOGGED:
                self._bus.say(event.text)
            if event.kind in CONFLICTS:
                self.conflict = event.text
            if event.kind == 'frames_refused':
                self.refused, self._refused_ns = event.text, event.time_ns
        return any(event.kind in LOGGED for event in out.events)

    def refusing(self, now: int) -> bool:
        """Whether frames are refused at present, as far as that is told."""
        return bool(self.refused) and now - self._refused_ns <= REFUSED_NS

    def status(self, pose: Pose | None, now: int) -> None:
        """Publish the status of a robot at ``pose``."""
        table, target = self._core.table, self._core.target
        error = math.nan
        if pose is not None and target.slot >= 0:
            error = math.dist(pose[:2], target.position[:2])
        self.heard = tuple(sorted(row.name for row in table.neighbors if row.heard))
        self._status(
            self._make.status_to(
                self._core.status(now),
                self._bus.clock.stamp(),
                heard=list(self.heard),
                formation_error_m=error,
                process_nonce=self._nonce,
            )
        )
