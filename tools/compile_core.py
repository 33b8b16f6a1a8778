# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Compile the core to machine code (mypyc) for campaigns of thousands of seeds.

Writes a copy of the package into build/compiled in which the rooms below are extension modules,
then plays the same seeds interpreted and compiled and compares what they print, byte for byte::

    .venv/bin/python tools/compile_core.py
    PYTHONPATH=build/compiled .venv/bin/swarm check --seeds 0..9999 --jobs 2
    PYTHONPATH=build/compiled .venv/bin/swarm bench consensus

The sources are the same; nothing but campaigns uses the result. Takes a C compiler, Python's
headers and some six minutes of one core. Not every trick of a test works on it: extension
modules call each other directly, so a rule cannot be replaced from outside (mutants).
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = 'swarm_coordination'
SOURCE = ROOT / 'src' / PACKAGE / PACKAGE
TARGET = ROOT / 'build' / 'compiled'
# What a seed spends its time in.
ROOMS = ('arena', 'campaign', 'consensus', 'mesh', 'mission', 'robot', 'simulation')
# Stay interpreted: wire and files read bounds from annotations at run time, which mypyc erases;
# the last one asks a class for a field that only its instances have.
INTERPRETED = (
    'consensus/messages.py',
    'consensus/settings.py',
    'mesh/events.py',
    'mesh/rows.py',
    'mesh/settings.py',
    'mission/client_commands.py',
    'mission/commands.py',
    'mission/fields.py',
    'mission/records.py',
    'mission/settings.py',
    'mission/task_commands.py',
    'robot/membership_settings.py',
    'robot/settings.py',
    'simulation/hostile.py',
    'simulation/run.py',
)
# Observers of runs, which no interpreted class can be where the arena is compiled: with these two
# `swarm bench consensus` runs on the compiled core, too.
OBSERVERS = ('benchmarks/stage.py', 'benchmarks/stops.py')
# Played both ways: what five seeds count, and one told event by event.
COMPARED = (
    ('check', '--profile', 'small', '--seeds', '0..4', '--jobs', '1', '--json'),
    ('check', '--profile', 'general', '--seed', '3', '-v'),
)


def compiled_files() -> list[str]:
    """Return the files to compile, relative to the folder of the package."""
    found = [path.relative_to(SOURCE).as_posix() for room in ROOMS
             for path in sorted((SOURCE / room).glob('*.py')) if path.name != '__init__.py']
    return [name for name in found if name not in INTERPRETED] + list(OBSERVERS)


def played(packages: Path) -> list[bytes]:
    """Return what the seeds print with the package found in ``packages``."""
    environment = dict(os.environ, PYTHONPATH=str(packages), PYTHONDONTWRITEBYTECODE='1')
    return [subprocess.run([sys.executable, '-m', f'{PACKAGE}.cli.main', *arguments], check=True,
                           env=environment, stdout=subprocess.PIPE).stdout
            for arguments in COMPARED]


def main() -> int:
    """Copy, compile, compare; 1 where it cannot be compiled or does something else."""
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(SOURCE, TARGET / PACKAGE, ignore=shutil.ignore_patterns('__pycache__'))
    files = [f'{PACKAGE}/{name}' for name in compiled_files()]
    print(f'compiling {len(files)} files into {TARGET.relative_to(ROOT)} ...', flush=True)
    log = TARGET / 'mypyc.log'
    with log.open('w') as stream:
        code = subprocess.run(
            [sys.executable, '-m', 'mypyc', '--config-file', str(ROOT / 'pyproject.toml'), *files],
            cwd=TARGET, env=dict(os.environ, MYPYPATH=str(TARGET)), check=False,
            stdout=stream, stderr=subprocess.STDOUT).returncode
    if code:
        print(f'mypyc failed; see {log}', file=sys.stderr)
        return 1
    for name in compiled_files():
        if not list((TARGET / PACKAGE / name).parent.glob(f'{Path(name).stem}.*.so')):
            print(f'{name} was not compiled', file=sys.stderr)
            return 1
    shutil.rmtree(TARGET / 'build')  # the C sources: 100 MB
    if played(TARGET) != played(SOURCE.parent):
        print('compiled, the same seeds print something else: do not use it', file=sys.stderr)
        return 1
    print(f'the same output both ways; use it by PYTHONPATH={TARGET.relative_to(ROOT)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
