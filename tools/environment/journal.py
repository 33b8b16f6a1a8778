# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Run commands with their output in one log file, and few readable lines on the terminal."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

# Enough to hold a compiler's message with its context, little enough to read.
TAIL_LINES = 30


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


class MissingTools(SetupError):
    """The machine lacks something that only its owner can install."""


class Journal:
    """Progress on the terminal, everything in `path`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open('w', encoding='utf-8', errors='replace')
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line of progress and log it."""
        elapsed_s = time.monotonic() - self._started
        line = f'[{elapsed_s:5.1f} s] {text}'
        print(line, flush=True)
        self._write(line + '\n')

    def run(self, command: list[str], *, env: dict[str, str], cwd: Path) -> None:
        """
        Run `command`, its output to the log.

        Raises `SetupError` with the tail of that output if it fails. An interrupt ends the
        whole process group of the command, so that no compiler stays behind.
        """
        command_line = ' '.join(command)
        self._write(f'\n$ {command_line}\n')
        self._file.flush()
        start = self._file.tell()
        child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                 stdout=self._file, stderr=subprocess.STDOUT,
                                 start_new_session=True)
        try:
            code = child.wait()
        except BaseException:
            _end_group(child)
            raise
        self._file.seek(0, os.SEEK_END)
        if code != 0:
            tail = '\n'.join('    ' + line for line in self._since(start)[-TAIL_LINES:])
            raise SetupError(f'this command failed with status {code}:\n    {command_line}\n'
                             f'the end of its output:\n{tail}\nthe full log: {self.path}')

    def _since(self, start: int) -> list[str]:
        with self.path.open(encoding='utf-8', errors='replace') as log:
            log.seek(start)
            return log.read().splitlines()

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


def _end_group(child: 'subprocess.Popen[bytes]') -> None:
    for number, patience_s in ((signal.SIGINT, 2.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=patience_s)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
    print(f'process group {child.pid} did not end', file=sys.stderr)
