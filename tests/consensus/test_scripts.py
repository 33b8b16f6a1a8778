# SPDX-License-Identifier: Apache-2.0
"""
The golden scripts: what members say and become, step by step, is what stands there.

``SWARM_REWRITE=1 python -m pytest tests/consensus/test_scripts.py`` writes them anew; read the
difference before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

from consensus.stage import Stage
import pytest

SCRIPTS = sorted((Path(__file__).parent / 'scripts').glob('*.txt'))
RULE = '----'


def steps(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield (remarks and commands, expected output) of every step."""
    for block in text.strip('\n').split('\n\n'):
        lines = block.split('\n')
        at = lines.index(RULE) if RULE in lines else len(lines)
        yield lines[:at], lines[at + 1:]


def played(text: str) -> str:
    """Return a script with the output that its commands give now."""
    stage, blocks = Stage(), []
    for given, _ in steps(text):
        commands = [line for line in given if line and line[0] != '#']
        output = [said for command in commands for said in stage.play(command)]
        output += stage.changes()
        blocks.append('\n'.join([*given, RULE, *output] if commands else given))
    return '\n\n'.join(blocks) + '\n'


def test_there_is_a_script_for_every_case() -> None:
    names = {path.stem for path in SCRIPTS}
    assert names >= {
        'prevote', 'checkquorum', 'lagging_follower', 'merge_of_islands', 'add_voter',
        'remove_voter', 'remove_leader', 'promote_learner', 'uncommitted_change', 'left_out',
        'transfer', 'read_index', 'snapshot',
    }


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.stem)
def test_a_script_plays_as_it_is_written(path: Path) -> None:
    text = path.read_text()
    now = played(text)
    if os.environ.get('SWARM_REWRITE') == '1':
        path.write_text(now)
    assert now.split('\n') == text.split('\n')
