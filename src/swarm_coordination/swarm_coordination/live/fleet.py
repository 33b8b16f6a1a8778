# SPDX-License-Identifier: Apache-2.0
"""
The processes of a demo: started with their logs, killed by their id, ended together.

Each child has a process group of its own (a Ctrl-C in the terminal reaches the demo only, which
ends them in order) and dies with the demo, see ``lifetime``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import os
from pathlib import Path
import signal
import subprocess
import time

import psutil
from swarm_coordination.live.lifetime import bound_to_this_process
from swarm_coordination.scenario.record import ProcessFigures

# A process that was asked to end gets this long, then SIGKILL: together under 3 s.
TERM_S = 1.5
KILL_S = 1.0
MEGABYTE = 1_000_000.0


@dataclass
class _Child:
    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes]
    monitor: psutil.Process
    measured_from: tuple[float, float] | None = None  # time, CPU seconds
    lives: int = 1
    cpu_s: float = 0.0  # of lives that have ended
    wall_s: float = 0.0
    memory_mb: float = 0.0
    killed: bool = False


@dataclass
class Fleet:
    """Child processes by name."""

    environment: Mapping[str, str]
    _children: dict[str, _Child] = field(default_factory=dict)

    def start(self, name: str, command: list[str], log: Path) -> None:
        """Start a process, again where it ran before; its output is appended to ``log``."""
        with log.open('ab') as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=bound_to_this_process(self.environment),
                start_new_session=True,
            )
        monitor = psutil.Process(process.pid)
        known = self._children.get(name)
        if known is None:
            self._children[name] = _Child(name, command, log, process, monitor)
        else:
            known.process, known.monitor, known.killed = process, monitor, False
            known.lives += 1

    def restart(self, name: str) -> None:
        """Start a process again with the command of its first life."""
        child = self._children[name]
        self.start(name, child.command, child.log)

    def lives(self, name: str) -> int:
        """How many times the process was started."""
        return self._children[name].lives

    def running(self, name: str) -> bool:
        """Whether a process of that name was started and runs."""
        child = self._children.get(name)
        return child is not None and not child.killed and child.process.poll() is None

    def kill(self, name: str) -> None:
        """SIGKILL the process; nothing of it runs any more on return."""
        child = self._children[name]
        self._measure(child)
        child.killed = True
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()

    def unexpected(self) -> tuple[tuple[str, int], ...]:
        """Return (name, exit code) of processes that ended though nobody killed them."""
        ended = []
        for child in self._children.values():
            code = child.process.poll()
            if code is not None and not child.killed:
                ended.append((child.name, code))
        return tuple(ended)

    def log_tail(self, name: str, lines: int = 5) -> str:
        """Return the last lines of the process's log."""
        text = self._children[name].log.read_text(errors='replace')
        return '\n'.join(text.splitlines()[-lines:])

    def begin_measuring(self, name: str) -> None:
        """Count the CPU time of this life from now on: its start-up is not flight."""
        child = self._children[name]
        if child.measured_from is None and self.running(name):
            child.measured_from = (time.monotonic(), _cpu_seconds(child.monitor))

    def figures(self) -> dict[str, ProcessFigures]:
        """Return mean CPU over the measured time and the newest memory of every process."""
        found = {}
        for child in self._children.values():
            self._measure(child)
            percent = 100.0 * child.cpu_s / child.wall_s if child.wall_s > 0.0 else 0.0
            found[child.name] = ProcessFigures(percent, child.memory_mb)
        return found

    def end(self) -> None:
        """End every process: SIGTERM, then SIGKILL; returns within 3 s."""
        alive = [c for c in self._children.values() if c.process.poll() is None]
        for child in alive:
            child.killed = True
            _signal_group(child.process, signal.SIGTERM)
        _wait(alive, TERM_S)
        left = [child for child in alive if child.process.poll() is None]
        for child in left:
            _signal_group(child.process, signal.SIGKILL)
        _wait(left, KILL_S)

    def _measure(self, child: _Child) -> None:
        """Close the measured span of the present life."""
        if child.measured_from is None:
            return
        since, before = child.measured_from
        child.measured_from = None
        try:
            child.cpu_s += _cpu_seconds(child.monitor) - before
            child.memory_mb = child.monitor.memory_full_info().pss / MEGABYTE
        except psutil.Error:
            return
        child.wall_s += time.monotonic() - since


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass  # it has ended meanwhile


def _wait(children: list[_Child], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
