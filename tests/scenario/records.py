# SPDX-License-Identifier: Apache-2.0
"""A record of a run in which all went well, small enough to break one thing at a time."""

from __future__ import annotations

from swarm_coordination.consensus.messages import Role
from swarm_coordination.robot.outputs import CommittedEntry, RobotStatus
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.record import (
    Accepted,
    ActionTaken,
    Commit,
    FormationError,
    PhaseSpan,
    Record,
    Sample,
    StatusChange,
)
from swarm_coordination.views import Mode

ROBOTS = ('r1', 'r2', 'r3', 'r4', 'r5')
IDS = {name: number + 11 for number, name in enumerate(ROBOTS)}
MINORITY, MAJORITY = ('r1', 'r2'), ('r3', 'r4', 'r5')
KILL_S, RESTART_S, SPLIT_S, HEAL_S, END_S = 10.0, 15.0, 20.0, 30.0, 40.0


def status(name: str, **changes: object) -> RobotStatus:
    """Return a healthy follower of r5 in term 2."""
    values = {
        'time_ns': 0, 'name': name, 'storage_id': IDS[name], 'incarnation': 1,
        'role': Role.LEADER if name == 'r5' else Role.FOLLOWER, 'term': 2, 'leader': IDS['r5'],
        'leader_name': 'r5', 'quorum': True, 'commit': 0, 'applied': 0, 'last_index': 0,
        'state_hash': 0, 'mode': Mode.FLY, 'mission': 'm', 'epoch': 1, 'slot': 0, 'slots': 5,
        'progress_m': 0.0, 'alive': ROBOTS, 'pending_intents': 0, 'frames_sent': 0,
        'frames_received': 0, 'frames_rejected': 0, 'bytes_sent': 1000, 'may_vote': True,
    }
    values.update(changes)
    return RobotStatus(**values)


def at(name: str, index: int, **changes: object) -> RobotStatus:
    """Return a status that has applied everything up to ``index``."""
    applied = {
        'commit': index, 'applied': index, 'last_index': index, 'state_hash': index * 7,
    }
    return status(name, **{**applied, **changes})


def entry(index: int, session: int = 0, serial: int = 0, term: int = 2) -> CommittedEntry:
    """Return a log entry; with a session it holds a command."""
    command = f'{{"kind":"put","key":"k{index}"}}' if session else ''
    return CommittedEntry(index, term, session, serial, 0, command, True, '')


# The log: 1 before the kill, 2 before the split, 3 to 5 by the majority, 6 after the heal.
LOG = {
    1: entry(1, IDS['r3'], 1, term=1), 2: entry(2, IDS['r5'], 1), 3: entry(3, IDS['r5'], 2),
    4: entry(4, IDS['r5'], 3), 5: entry(5, IDS['r5'], 4), 6: entry(6, IDS['r1'], 1),
}
TIMES = {1: 5.0, 2: 18.0, 3: 22.0, 4: 23.0, 5: 24.0, 6: 31.0}


def sample(time_s: float, **changes: object) -> Sample:
    """Return a sample of robots in a row, 2 m apart, all linked."""
    truth = tuple(TrueState(2.0 * n, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0) for n in range(5))
    links = tuple((a, b) for a in range(5) for b in range(a + 1, 5))
    values = {
        'time_s': time_s, 'truth': truth, 'running': (True,) * 5, 'links': links,
        'min_distance_m': 2.0, 'lambda2': 5.0, 'connected': True, 'reachable': True,
        'formation': FormationError(5, 0.05, 0.1, 0.1), 'leader': 'r5', 'leaders': 1,
        'term': 2, 'commit': 1,
    }
    values.update(changes)
    return Sample(**values)


def good_record() -> Record:
    """Return a run with a leader killed and restarted, a split and a heal."""
    record = Record(ROBOTS, 0.6)
    record.min_distance_m, record.min_distance_at = 1.0, (3.0, 'r1', 'r2')
    record.end_s = END_S
    record.samples = [
        sample(float(t), connected=not SPLIT_S <= t <= HEAL_S) for t in range(1, int(END_S) + 1)
    ]
    _tell(record)
    _commit(record)
    record.accepted = [
        Accepted(4.9, 'r3', IDS['r3'], 1, 'put', ''),
        Accepted(17.9, 'r5', IDS['r5'], 1, 'put', ''),
        Accepted(21.0, 'r1', IDS['r1'], 1, 'put', 'minority'),
        *(Accepted(21.9 + n, 'r5', IDS['r5'], 2 + n, 'put', 'majority') for n in range(3)),
    ]
    record.actions = [
        ActionTaken(KILL_S, 'lost', 'kill', ('r3',), ''),
        ActionTaken(RESTART_S, 'back', 'restart', ('r3',), ''),
        ActionTaken(SPLIT_S, 'split', 'split', (), '', (MINORITY, MAJORITY)),
        ActionTaken(HEAL_S, 'heal', 'heal', (), ''),
    ]
    checks = ('formation', 'leader', 'connected')
    record.phases = [
        PhaseSpan('all', 'All of it', 1.0, 19.0, (), checks),
        PhaseSpan('heal', 'Healed', 30.0, END_S, (), checks),
    ]
    record.final = {name: at(name, 6) for name in ROBOTS}
    record.bytes_sent = dict.fromkeys(ROBOTS, 1000)
    return record


def _tell(record: Record) -> None:
    """Statuses: r3 leads term 1 and dies, r5 leads term 2."""
    changes = []
    for name in ROBOTS:
        old = at(name, 1, term=1, leader=IDS['r3'], leader_name='r3',
                 role=Role.LEADER if name == 'r3' else Role.FOLLOWER)
        changes.append(StatusChange(5.0, name, old))
        if name != 'r3':
            changes.append(StatusChange(10.5, name, at(name, 1)))
    changes.append(StatusChange(15.5, 'r3', at('r3', 1, incarnation=2)))
    for name in ROBOTS:
        for index in range(2, 7):
            if name in MINORITY and 3 <= index <= 5:
                continue
            changes.append(StatusChange(TIMES[index], name, at(name, index)))
    record.statuses = sorted(changes, key=lambda change: change.time_s)


def _commit(record: Record) -> None:
    commits = []
    for name in ROBOTS:
        for index, item in LOG.items():
            late = name in MINORITY and index in (3, 4, 5)
            commits.append(Commit(30.5 if late else TIMES[index], name, 1, item))
    # r3 applied entry 1 in its first life and everything in its second.
    commits = [c._replace(life=2, time_s=max(c.time_s, 15.4)) if c.robot == 'r3' else c
               for c in commits]
    commits.append(Commit(5.0, 'r3', 1, LOG[1]))
    record.commits = sorted(commits, key=lambda commit: (commit.time_s, commit.entry.index))
