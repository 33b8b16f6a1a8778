# SPDX-License-Identifier: Apache-2.0
"""The table of rules in docs/consensus.md names tests that exist and cite the rule's section."""

from __future__ import annotations

import ast
from pathlib import Path
import re

TESTS = Path(__file__).resolve().parent.parent
PAGE = TESTS.parent / 'docs' / 'consensus.md'
# Sections of Ongaro 2014 that state a rule of what is used here.
SECTIONS = (
    '3.3', '3.4', '3.5', '3.6.1', '3.6.2', '3.6.3', '3.7', '3.8', '3.9', '3.10', '4.1', '4.2.1',
    '4.2.2', '4.2.3', '5.1', '6.2', '6.3', '6.4', '9.6',
)


def table() -> dict[str, list[tuple[str, str]]]:
    """Return section -> (file, test) as the page lists them."""
    rows = re.findall(r'^\| (\d+(?:\.\d+)+) \|[^|]*\|([^|]*)\|$', PAGE.read_text(), re.MULTILINE)
    found = {}
    for section, cell in rows:
        found[section], path = [], ''
        for name in re.findall(r'`([^`]+)`', cell):
            if name.endswith('.py'):
                path = name
            else:
                found[section].append((path, name))
    return found


def source(path: str, name: str) -> str:
    """Return the text of one test."""
    text = (TESTS / path).read_text()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(text, node) or ''
    raise AssertionError(f'{path} has no {name}')


def test_every_rule_has_a_test_that_cites_its_section() -> None:
    rules = table()
    assert tuple(rules) == SECTIONS
    for section, tests in rules.items():
        assert tests, section
        for path, name in tests:
            cited = re.search(rf'(?<![\d.]){re.escape(section)}(?!\.?\d)', source(path, name))
            assert cited, f'{name} does not cite {section}'
