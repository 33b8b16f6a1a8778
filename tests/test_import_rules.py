# SPDX-License-Identifier: Apache-2.0
"""The core takes time, randomness and input as arguments: it imports nothing else."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / 'src/swarm_coordination/swarm_coordination'

CORE = ('area', 'mesh', 'consensus', 'mission', 'control', 'robot', 'history')
ADAPTERS = ('wire', 'storage', 'configuration', 'transport')
# Shells that must run where there is no ROS.
WITHOUT_ROS = ('live', 'dds', 'netns', 'simulation', 'arena', 'benchmarks', 'scenario', 'station',
               'cli')
ROS = frozenset({'rclpy', 'swarm_msgs', 'geometry_msgs', 'nav_msgs', 'std_msgs', 'std_srvs',
                 'builtin_interfaces', 'diagnostic_msgs', 'visualization_msgs', 'launch'})
# Pure parts of the standard library: no clock, file, socket, thread or process behind them.
PURE = frozenset({
    '__future__', 'abc', 'array', 'base64', 'binascii', 'bisect', 'cmath', 'collections',
    'contextlib', 'copy', 'dataclasses', 'enum', 'fractions', 'functools', 'hashlib', 'heapq',
    'hmac', 'itertools', 'json', 'math', 'numbers', 'operator', 'random', 're', 'statistics',
    'string', 'struct', 'textwrap', 'types', 'typing', 'zlib',
})
NUMERIC = frozenset({'numpy'})
FORBIDDEN_CALLS = frozenset({'open', 'exec', 'eval', 'compile', 'input', 'print', '__import__',
                             'breakpoint'})


def violations(source: str) -> list[str]:
    """Return what `source`, a module of the core, may not do, by line."""
    tree = ast.parse(source)
    hashing = {id(node) for function in ast.walk(tree)
               if isinstance(function, ast.FunctionDef) and function.name == '__hash__'
               for node in ast.walk(function)}
    randoms = {alias.asname or alias.name for node in ast.walk(tree)
               if isinstance(node, ast.Import) for alias in node.names if alias.name == 'random'}
    found = []
    for node in ast.walk(tree):
        for problem in (*_imports(node),
                        *_calls(node, randoms, id(node) in hashing)):
            found.append(f'line {node.lineno}: {problem}')
    return found


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        if node.level:
            return ['a relative import: name the room']
        names = [f'{node.module}.{alias.name}' for alias in node.names]
    else:
        return []
    return [problem for name in names if (problem := _import(name))]


def _import(name: str) -> str:
    top, _, rest = name.partition('.')
    if top == 'swarm_coordination':
        inside = rest.split('.')[0]
        own = (PACKAGE / f'{inside}.py').exists() or inside in ('', '__version__')
        return '' if own or inside in CORE else f'imports {name}, which is not of the core'
    if top == 'random':
        return '' if rest in ('', 'Random') else f'imports {name}: only random.Random is injected'
    if top in NUMERIC:
        return f'imports {name}: a global generator' if rest.startswith('random') else ''
    return '' if top in PURE else f'imports {name}'


def _calls(node: ast.AST, randoms: set[str], hashing: bool) -> list[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id in randoms and node.attr != 'Random':
            return [f'uses random.{node.attr}: only an injected random.Random may draw']
        if node.value.id in ('np', 'numpy') and node.attr == 'random':
            return ['uses numpy.random: draw from the injected random.Random']
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ''
        if name in FORBIDDEN_CALLS:
            return [f'calls {name}()']
        if name == 'hash' and not hashing:
            return ['calls hash(): it differs from process to process']
        seeded = bool(node.args or node.keywords)
        if not seeded and (name == 'Random' or (isinstance(node.func, ast.Attribute)
                                                and node.func.attr == 'Random')):
            return ['makes a Random() without a seed']
    return []


def core_modules() -> list[Path]:
    """Return the modules of the core: its rooms and the values at the top of the package."""
    rooms = [path for room in CORE for path in (PACKAGE / room).rglob('*.py')]
    return sorted([*PACKAGE.glob('*.py'), *rooms])


def room_of(path: Path) -> str:
    """Return the name of the room in which a module stands; '' at the top of the package."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ''


@pytest.mark.parametrize('path', core_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_of_the_core_imports_nothing_that_could_touch_the_world(path):
    assert violations(path.read_text(encoding='utf-8')) == []


@pytest.mark.parametrize('path', [path for room in ADAPTERS for path in
                                  sorted((PACKAGE / room).rglob('*.py'))],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_adapter_imports_no_shell_and_no_middleware(path):
    allowed = {*CORE, *ADAPTERS}
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = ([alias.name for alias in node.names] if isinstance(node, ast.Import) else
                 [f'{node.module}.{alias.name}' for alias in node.names]
                 if isinstance(node, ast.ImportFrom) else [])
        for name in names:
            top, _, rest = name.partition('.')
            assert top not in ('rclpy', 'swarm_msgs'), f'line {node.lineno}: {name}'
            if top == 'swarm_coordination':
                inside = rest.split('.')[0]
                assert inside in allowed or (PACKAGE / f'{inside}.py').exists(), \
                    f'line {node.lineno}: {name}'


def imported(path: Path) -> list[tuple[int, str, bool]]:
    """Return (line, name, whether inside a function) of everything a module imports."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    lazy = {id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)}
    return [
        (node.lineno, name, id(node) in lazy)
        for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module or ''])
    ]


@pytest.mark.parametrize('path', [path for room in WITHOUT_ROS for path in
                                  sorted((PACKAGE / room).rglob('*.py'))],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_shell_that_runs_without_ros_imports_nothing_of_it(path):
    for line, name, lazy in imported(path):
        assert name.partition('.')[0] not in ROS, f'line {line}: {name}'
        if name.startswith('swarm_coordination.ros'):
            # The command line chooses a backend when it is called.
            assert lazy and room_of(path) == 'cli', f'line {line}: {name}'


def test_only_transport_knows_cyclone():
    for path in PACKAGE.rglob('*.py'):
        knows = any(name.partition('.')[0] == 'cyclonedds' for _, name, _ in imported(path))
        assert not knows or room_of(path) == 'transport', path


@pytest.mark.parametrize('line', [
    'import rclpy',
    'import cyclonedds.domain',
    'import socket',
    'from threading import Lock',
    'import asyncio',
    'import sqlite3',
    'import time',
    'from datetime import datetime',
    'import yaml',
    'import msgspec',
    'import os',
    'from pathlib import Path',
    'import logging',
    'import secrets',
    'def late():\n    import time',
    'from random import shuffle',
    'import random\nrandom.random()',
    'import random as dice\ndice.choice([1])',
    'from random import Random\nRandom()',
    'import random\nrandom.Random()',
    'import numpy as np\nnp.random.rand(3)',
    'from numpy.random import default_rng',
    'import scipy.optimize',
    'open("x")',
    'hash("x")',
    'from . import rows',
    'from swarm_coordination.ros import nodes',
    'from swarm_coordination.wire import codec',
])
def test_the_rule_bites(tmp_path, line):
    path = tmp_path / 'module.py'
    path.write_text(f'"""Doc."""\n{line}\n', encoding='utf-8')
    assert violations(path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('line', [
    'import random\n\ndef draw(rng: random.Random):\n    return rng.random()',
    'from random import Random\nRandom(7)',
    'import numpy as np\nnp.linalg.norm([1.0])',
    'from swarm_coordination.units import SECOND',
    'class K:\n    def __hash__(self):\n        return hash(1)',
])
def test_the_rule_lets_pure_code_pass(line):
    assert violations(line) == []


@pytest.mark.parametrize('heavy', ['scipy.optimize', 'numba'])
def test_what_is_heavy_to_load_is_for_nobody_in_the_core(heavy):
    assert violations(f'def solve():\n    import {heavy}')


def test_every_room_of_the_core_is_looked_at():
    seen = {room_of(path) for path in core_modules()}
    assert {room for room in CORE if (PACKAGE / room).is_dir()} <= seen
