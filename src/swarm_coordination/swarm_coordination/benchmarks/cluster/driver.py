# SPDX-License-Identifier: Apache-2.0
"""Member processes of one system: started, given orders, killed, and all ended at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
from pathlib import Path
import subprocess
import threading
import time
from typing import Any

from swarm_coordination.errors import SwarmError
from swarm_coordination.live.lifetime import bound_to_this_process

READY_S = 60.0  # a cold start of five interpreters on a busy host
_LOOK_S = 0.002
_GONE_S = 5.0


class MemberProcess:
    """One member, its newest leader and the loads it has done."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self.leader: tuple[str, int, float] = ('', 0, 0.0)  # name, term, since (steady clock)
        self._loads: list[dict[str, Any]] = []
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def running(self) -> bool:
        """Whether it was not killed."""
        return self._process is not None

    def start(self) -> None:
        """Start it, again after a kill."""
        self.leader = ('', 0, 0.0)
        with self._log.open('ab') as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=bound_to_this_process(self._environment),
            )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                told = json.loads(line)
                if 'leader' in told and process is self._process:
                    self.leader = (told['leader'], told['term'], told['at'])
                elif 'load' in told:
                    self._loads.append(told['load'])

    def load(self, window: int, size: int, count: int, seconds: float) -> dict[str, Any]:
        """Put it under load; return what came of it. Raises SwarmError where nothing does."""
        process = self._process
        assert process is not None and process.stdin is not None
        before = len(self._loads)
        order = {'window': window, 'size': size, 'count': count, 'seconds': seconds}
        process.stdin.write(json.dumps(order) + '\n')
        process.stdin.flush()
        wait(lambda: len(self._loads) > before, seconds + READY_S, 'no end of a load')
        return self._loads[-1]

    def kill(self) -> float:
        """SIGKILL it; return when, by the steady clock."""
        process, self._process = self._process, None
        at = time.monotonic()
        if process is not None:
            process.kill()
            process.wait(_GONE_S)
            assert process.stdin is not None
            process.stdin.close()
            self._reader.join(_GONE_S)
        return at


class Members:
    """The members of one system, by name; a context manager that leaves none behind."""

    def __init__(
        self, commands: Mapping[str, list[str]], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.all = {
            name: MemberProcess(command, environment, folder / f'{name}.log')
            for name, command in commands.items()
        }

    def __enter__(self) -> Members:
        """Be used."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every process."""
        for member in self.all.values():
            member.kill()

    def agreed(self, above: int = 0) -> str:
        """Name of the leader, of a term ``above`` that, whom all running follow; '' for none."""
        views = {member.leader[:2] for member in self.all.values() if member.running}
        if len(views) != 1:
            return ''
        leader, term = views.pop()
        return leader if term > above and leader in self.all and self.all[leader].running else ''

    def leader(self) -> str:
        """Return the name of the leader whom all follow, once there is one."""
        wait(lambda: bool(self.agreed()), READY_S, 'no leader')
        return self.agreed()

    def outage(self) -> float:
        """Kill the leader; return the seconds until all survivors know the next. Restart it."""
        leader = self.leader()
        term = self.all[leader].leader[1]
        at = self.all[leader].kill()
        wait(lambda: bool(self.agreed(term)), READY_S, 'no next leader')
        known = max(member.leader[2] for member in self.all.values() if member.running)
        self.all[leader].start()
        return known - at


def wait(reached: Callable[[], bool], seconds: float, missing: str) -> None:
    """Wait until ``reached``; raises SwarmError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise SwarmError(f'{missing} in {seconds:g} s')
        time.sleep(_LOOK_S)
