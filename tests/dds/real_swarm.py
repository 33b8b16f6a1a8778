# SPDX-License-Identifier: Apache-2.0
"""Robots as processes without a world: they elect and commit, standing where they never know."""

import json
import os
import time

from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.observer import Handlers, Observer
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.scenario.backend import ProposalStage


class RealSwarm:
    """The first ``count`` robots on the disks under ``folder/disks``, and what they say."""

    def __init__(self, processes, domain, count):
        self.processes, self.disks = processes, processes.folder / 'disks'
        self.names = tuple(f'robot{number}' for number in range(1, count + 1))
        provision_swarm(self.disks, self.names, self.names)
        self.loop = CycloneLoop(domain)
        self.bus = bus = CycloneBus(self.loop.participant)
        self.applied, self.events = {name: {} for name in self.names}, []
        self.terms = set()
        self.observer = Observer(
            dict.fromkeys(self.names, bus), bus,
            Handlers(self._status, self._committed,
                     lambda robot, event: self.events.append((robot, event)),
                     lambda *_: None),
        )
        self.running, self.tickets = {}, 0

    def _status(self, robot, status):
        self.terms.add(status.term)

    def _committed(self, robot, entry):
        known = self.applied[robot].setdefault(entry.index, entry.command)
        assert known == entry.command, f'{robot} applied two commands at {entry.index}'

    def start(self, name, *, disk=None, process='', wrap=(), more=()):
        """Start a robot's process with ``more`` options; ``wrap`` runs it through a command."""
        words = ('-m', 'swarm_coordination.cli.main', 'robot', name,
                 '--storage', str(disk or self.disks / name), *more)
        made = self.processes.start(process or name, *wrap, *words)
        self.running[process or name] = made
        return made

    def start_all(self):
        """Start every robot and wait for a leader."""
        for name in self.names:
            self.start(name)
        assert self.until(lambda: self.leader() is not None, 90.0)

    def until(self, condition, seconds=15.0):
        """Serve DDS until the condition holds; return whether it came to hold."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.observer.ask_again()
            self.loop.spin_until(time.monotonic() + 0.05)
            if condition():
                return True
        return False

    def leader(self, among=None):
        """Return whom all of ``among`` (default: all) follow, one of them with a quorum."""
        statuses = [self.status(name) for name in among or self.names]
        if any(s is None or not s.quorum for s in statuses):
            return None
        leaders = {s.leader_name for s in statuses}
        found = leaders.pop()
        return None if leaders or found not in (among or self.names) else found

    def status(self, name):
        """Return a robot's newest status."""
        return self.observer.statuses.get(name)

    def heard(self, robot, kind):
        """Return what a robot reported of one kind of event."""
        return [event.text for name, event in self.events if name == robot and event.kind == kind]

    def put(self, robot, key, among=None, seconds=15.0):
        """Write on the blackboard via a robot; whether all of ``among`` apply it in time."""
        self.tickets += 1
        ticket = self.tickets
        command = json.dumps({'kind': 'put', 'key': key, 'value': 'x'})
        self.observer.propose(robot, command, ticket)

        def everywhere():
            return all(
                any(f'"{key}"' in done for done in self.applied[name].values())
                for name in among or self.names
            )

        def stage():
            return self.observer.proposals[ticket].stage

        # The answer and the log come on ways of their own: either may be the later one.
        self.until(lambda: everywhere() and stage() is not ProposalStage.PENDING, seconds)
        return everywhere() and stage() is ProposalStage.ACCEPTED

    def one_log(self):
        """Whether no two robots have applied different commands at one index."""
        logs = list(self.applied.values())
        return all(
            first[index] == other[index]
            for first in logs for other in logs for index in first.keys() & other.keys()
        )

    def forget(self, name):
        """Note that a process was killed."""
        self.observer.forget(name)

    def close(self):
        """Leave the domain."""
        self.loop.close()


def burn(seconds):
    """Return Python code that keeps every processor busy for so long."""
    return (
        'import multiprocessing as m, time\n'
        f'end = time.monotonic() + {seconds}\n'
        'def burn(_):\n'
        '    while time.monotonic() < end: pass\n'
        'if __name__ == "__main__":\n'
        f'    m.get_context("fork").Pool({2 * (os.cpu_count() or 1)}).map(burn, range(64), 1)\n'
    )
