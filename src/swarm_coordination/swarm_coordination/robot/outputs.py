# SPDX-License-Identifier: Apache-2.0
"""What a robot hands to its shell: frames, records, committed entries, events, status."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.mission.state import Applied
from swarm_coordination.persistence import PersistRequest
from swarm_coordination.robot.watches import WatchEvent
from swarm_coordination.views import Mode, VelocityCommand


class RobotEvent(NamedTuple):
    """
    Something that happened, for people and tests.

    ``kind`` is one of: ``leader``, ``role``, ``gap``, ``joined``, ``suspected``, ``silent``,
    ``returned``, ``refuted``, ``accepted``, ``applied``, ``refused``, ``mission``, ``slots``,
    ``hold``, ``abort``, ``lease_expired``, ``lease_renewed``, ``seek`` (hears nobody: where it
    goes), ``stop``, ``stop_lifted``,
    ``no_quorum``, ``quorum``, ``frames_refused``, ``configuration_mismatch``, ``duplicate_name``,
    ``duplicate_storage``, ``held_back``, ``articulation``, ``voters``, ``transfer``, ``read``,
    ``forced_new_cluster``, ``task``, ``snapshot_installed`` (the state jumped to that index;
    entries before it are not seen).
    """

    time_ns: int
    kind: str
    text: str
    value: int = 0  # term, serial, log index or storage id, whichever the kind speaks of


class CommittedEntry(NamedTuple):
    """One entry that this robot applied, in log order."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody wants here
    term: int
    session: int  # storage id of the accepting robot; 0 for a leader's own no-op
    serial: int
    stamp_ms: int  # log time
    command: str  # JSON text of the command; "" for a no-op
    applied: bool  # False: a duplicate or a refused command, see ``result``
    result: str

    @classmethod
    def of(cls, applied: Applied) -> CommittedEntry:
        """Return what the mission state made of an entry."""
        return cls(
            applied.index,
            applied.term,
            applied.session,
            applied.serial,
            applied.stamp_ms,
            applied.command,
            applied.applied,
            applied.result,
        )


class RobotOutput(NamedTuple):
    """Everything that came out since the last ``poll``."""

    frames: tuple[bytes, ...]
    persist: tuple[PersistRequest, ...]
    committed: tuple[CommittedEntry, ...]
    events: tuple[RobotEvent, ...]
    command: VelocityCommand | None
    watched: tuple[WatchEvent, ...] = ()


NOTHING = RobotOutput((), (), (), (), None)  # always this object where nothing came out


class RobotStatus(NamedTuple):
    """A robot's state at one instant, for status topics, the terminal view and the checks."""

    time_ns: int
    name: str
    storage_id: int
    incarnation: int
    role: int  # consensus.raft.Role
    term: int
    leader: int  # storage id; 0 unknown
    leader_name: str
    quorum: bool  # leader: heard by a quorum; follower: recent evidence of such a leader
    commit: int
    applied: int
    last_index: int
    state_hash: int  # of the mission state at ``applied``
    mode: Mode
    mission: str
    epoch: int
    slot: int
    slots: int
    progress_m: float
    alive: tuple[str, ...]  # names of robots not declared silent, self included
    pending_intents: int
    frames_sent: int
    frames_received: int
    frames_rejected: int
    bytes_sent: int
    may_vote: bool
    voters: tuple[str, ...] = ()  # names, by the newest configuration in the own log
    learners: tuple[str, ...] = ()
    configuration: int = 0  # log index of that configuration; 0: as provisioned
    first_index: int = 1  # of the log as it is held; all before stands in a snapshot
    snapshot_index: int = 0  # newest snapshot on disk; 0 for none
    articulation: tuple[str, ...] = ()  # names of robots whose loss would part the swarm
