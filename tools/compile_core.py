# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Compile the core to machine code (mypyc) for campaigns of thousands of seeds.

Writes a copy of the package into build/compiled in which the rooms below are extension modules,
then plays the same seeds interpreted and compiled and compares what they print, byte for byte. It
compiles twice: the first time to count which way branches go while some seeds are played, for gcc
to lay the code out by (`-fprofile-use`), a seventh less time::

    .venv/bin/python tools/compile_core.py
    PYTHONPATH=build/compiled .venv/bin/swarm check --seeds 0..9999 --jobs 2
    PYTHONPATH=build/compiled .venv/bin/swarm bench consensus

The sources are the same; nothing but campaigns uses the result. Takes a C compiler, Python's
headers and some eight minutes of one core. Not every trick of a test works on it: extension
modules call each other directly, so a rule cannot be replaced from outside (mutants).
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import re
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
# Outside the rooms: units of every number, bytes of every frame.
FILES = ('units.py', 'wire/codec.py')
# Played both ways: what five seeds count, and one told event by event.
COMPARED = (
    ('check', '--profile', 'small', '--seeds', '0..4', '--jobs', '1', '--json'),
    ('check', '--profile', 'general', '--seed', '3', '-v'),
)
# Played to count branches.
COUNTED = (
    ('check', '--profile', 'general', '--seeds', '0..9', '--jobs', '1'),
)


def compiled_files() -> list[str]:
    """Return the files to compile, relative to the folder of the package."""
    found = [path.relative_to(SOURCE).as_posix() for room in ROOMS
             for path in sorted((SOURCE / room).glob('*.py')) if path.name != '__init__.py']
    return [*(name for name in found if name not in INTERPRETED), *OBSERVERS, *FILES]


def played(packages: Path, calls: Sequence[Sequence[str]]) -> list[bytes]:
    """Return what calls of `swarm` print with the package found in ``packages``."""
    environment = dict(os.environ, PYTHONPATH=str(packages), PYTHONDONTWRITEBYTECODE='1')
    return [subprocess.run([sys.executable, '-m', f'{PACKAGE}.cli.main', *arguments], check=True,
                           env=environment, stdout=subprocess.PIPE).stdout
            for arguments in calls]


def mark_constants() -> None:
    """Declare constants that are numbers final: mypyc then looks none of them up at run time."""
    number = re.compile(r'^(_?[A-Z][A-Z0-9_]+) = (?=[A-Z0-9_+*/%<>. -]+$)', re.MULTILINE)
    future = 'from __future__ import annotations\n'
    for name in (*compiled_files(), 'mesh/rows.py'):
        path = TARGET / PACKAGE / name
        text, found = number.subn(r'\1: Final = ', path.read_text(encoding='utf-8'))
        if found:
            text = text.replace(future, f'{future}from typing import Final\n', 1)
            path.write_text(text, encoding='utf-8')


def built(flags: str, log: Path) -> bool:
    """Translate and compile with ``flags``; return whether that went well."""
    environment = dict(os.environ, MYPYPATH=str(TARGET), MYPYC_OPT_LEVEL='2',
                       CFLAGS=flags, LDFLAGS=flags)
    command = [sys.executable, '-m', 'mypyc', '--config-file', str(ROOT / 'pyproject.toml'),
               *(f'{PACKAGE}/{name}' for name in compiled_files())]
    with log.open('w') as stream:
        code = subprocess.run(command, cwd=TARGET, env=environment, check=False,
                              stdout=stream, stderr=subprocess.STDOUT).returncode
    if code:
        print(f'mypyc failed; see {log}', file=sys.stderr)
    return not code


def compiled_twice() -> bool:
    """Compile, play, and compile by what was counted; return whether that went well."""
    counts = TARGET / 'counts'
    if not built(f'-fprofile-generate -fprofile-dir={counts}', TARGET / 'mypyc-counting.log'):
        return False
    played(TARGET, COUNTED)
    for path in TARGET.rglob('*.so'):
        path.unlink()
    shutil.rmtree(next((TARGET / 'build').glob('temp.*')))
    # What was not played has no counts.
    flags = f'-fprofile-use -fprofile-dir={counts} -Wno-missing-profile'
    return built(flags, TARGET / 'mypyc.log')


def main() -> int:
    """Copy, compile, compare; 1 where it cannot be compiled or does something else."""
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(SOURCE, TARGET / PACKAGE, ignore=shutil.ignore_patterns('__pycache__'))
    print(f'compiling {len(compiled_files())} files into {TARGET.relative_to(ROOT)} ...',
          flush=True)
    mark_constants()
    if not compiled_twice():
        return 1
    for name in compiled_files():
        if not list((TARGET / PACKAGE / name).parent.glob(f'{Path(name).stem}.*.so')):
            print(f'{name} was not compiled', file=sys.stderr)
            return 1
    shutil.rmtree(TARGET / 'build')  # the C sources: 100 MB
    shutil.rmtree(TARGET / 'counts')
    if played(TARGET, COMPARED) != played(SOURCE.parent, COMPARED):
        print('compiled, the same seeds print something else: do not use it', file=sys.stderr)
        return 1
    print(f'the same output both ways; use it by PYTHONPATH={TARGET.relative_to(ROOT)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
