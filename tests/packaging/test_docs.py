# SPDX-License-Identifier: Apache-2.0
"""What docs/ says of parameters is what the code declares, and of scale what was recorded."""

import dataclasses
import json
from pathlib import Path
import subprocess
import sys

from swarm_coordination.configuration.groups import GROUPS
from swarm_coordination.ros import options
from swarm_coordination.ros.parameter_docs import document
from swarm_coordination.settings import declared

ROOT = Path(__file__).resolve().parent.parent.parent
OPTIONS = [kind for kind in vars(options).values() if dataclasses.is_dataclass(kind)]


def test_the_table_of_parameters_is_current():
    assert (ROOT / 'docs/parameters.md').read_text(encoding='utf-8') == document(), 'make docs'


def test_every_declared_parameter_stands_in_it_with_its_description():
    text = document()
    kinds = [*((f'{name}.', group.settings) for name, group in GROUPS.items()),
             *(('', kind) for kind in OPTIONS)]
    assert len(kinds) > 7
    for prefix, kind in kinds:
        assert len(declared(kind)) == len(dataclasses.fields(kind))
        for field, declaration in declared(kind).items():
            line = next(line for line in text.splitlines() if f'`{prefix}{field}`' in line)
            assert declaration.description
            assert declaration.description in text
            assert declaration.unit in line


def test_a_live_setting_is_never_shared():
    """A robot that changed one alone would fly by another configuration hash."""
    for group in GROUPS.values():
        for declaration in declared(group.settings).values():
            assert not (declaration.live and declaration.shared)


def test_the_tables_of_scale_hold_the_rows_that_were_recorded():
    lines = (ROOT / 'docs/scaling.md').read_text(encoding='utf-8').splitlines()
    rows = (ROOT / 'docs/scaling-rows.jsonl').read_text(encoding='utf-8').splitlines()
    assert len(rows) == 16
    for row in map(json.loads, rows):
        began = f'| {row["robots"]:,} | {row["hops"]} | {row["bytes_per_s"] / 1000:.2f} kB/s | '
        ended = f' | {row["cpu_s"]:.0f} s |'
        assert any(line.startswith(began) and line.endswith(ended) for line in lines), row


def test_a_row_of_many_hops_comes_out_as_it_was_recorded(tmp_path):
    """Of all the rows the one that costs least and still has hops: seconds of CPU time."""
    rows = map(json.loads, (ROOT / 'docs/scaling-rows.jsonl').read_text().splitlines())
    recorded = next(row for row in rows if (row['shape'], row['robots']) == ('field', 25))
    file = tmp_path / 'rows.jsonl'
    subprocess.run(
        (sys.executable, ROOT / 'bench/scale.py', '--shape', 'field', '--seconds', '8', '--json',
         file, '25'), check=True, stdout=subprocess.PIPE)
    measured = json.loads(file.read_text())
    del recorded['cpu_s'], measured['cpu_s']
    assert measured == recorded
