# SPDX-License-Identifier: Apache-2.0
"""What is used of rclpy and launch is there on Humble, or there is another way beside it."""

import ast
from pathlib import Path

from ros.releases import HUMBLE, KEYWORDS, NAMES

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [*(ROOT / 'src/swarm_coordination/swarm_coordination').rglob('*.py'),
         *(ROOT / 'launch').glob('*.py')]
ROS = ('rclpy', 'launch', 'launch_ros')


def imported(tree):
    """Return {(module, name): whether an ImportError of it is caught} of what ROS gives."""
    caught = {id(node) for guard in ast.walk(tree)
              if isinstance(guard, ast.Try)
              and any(isinstance(h.type, ast.Name) and h.type.id == 'ImportError'
                      for h in guard.handlers)
              for part in guard.body for node in ast.walk(part)}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split('.')[0] in ROS:
            for alias in node.names:
                found[node.module, alias.name] = id(node) in caught
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split('.')[0] in ROS:
                    found[alias.name, alias.name] = id(node) in caught
    return found


def test_every_name_is_in_the_table_and_what_humble_lacks_is_caught():
    used = set()
    for path in FILES:
        for name, caught in imported(ast.parse(path.read_text(encoding='utf-8'))).items():
            assert name in NAMES, f'{path.name}: from which release on is there {name}?'
            assert caught or NAMES[name] == HUMBLE, f'{path.name}: {name} needs another way'
            used.add(name)
    assert used == set(NAMES)  # the table names nothing that is not used


def test_every_keyword_is_one_that_humble_takes():
    seen = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
            if name in KEYWORDS:
                given = {word.arg for word in node.keywords}
                assert given <= KEYWORDS[name], f'{path.name} line {node.lineno}: {name}'
                seen.add(name)
    assert seen == set(KEYWORDS)
