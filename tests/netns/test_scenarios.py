# SPDX-License-Identifier: Apache-2.0
"""Whole scenarios across network namespaces: what the packet filter drops is really gone."""

import json
from pathlib import Path

from live.processes import Processes
from netns.needs import MARKS
import pytest

pytestmark = [*MARKS, pytest.mark.timeout(300)]


@pytest.fixture
def processes(tmp_path):
    """Give ``Processes`` that end with the test."""
    with Processes(Path(tmp_path)) as made:
        yield made


def flown(processes, scenario, backend, *options):
    """Fly a scenario and return its report, every expectation of which held."""
    process, out = processes.play(
        'run', scenario, '--backend', backend, *options, verb='netns'
    )
    return processes.judged(process, out, 280, backend)


@pytest.mark.parametrize(('scenario', 'backend'), [
    ('split', 'dds'), ('split', 'ros'), ('mixed', 'mixed'),
])
def test_a_split_and_a_heal(processes, scenario, backend):
    report = flown(processes, scenario, backend, '--json')
    assert json.loads(processes.log('run').read_text()) == report
    assert report['heals_s']
    assert all(heal['one_log'] < 5.0 for heal in report['heals_s'])


@pytest.mark.slow
@pytest.mark.parametrize('backend', ['dds', 'ros', 'mixed'])
def test_after_a_cut_of_30_s_the_logs_are_one_within_5_s(processes, backend):
    (heal,) = flown(processes, 'cut30', backend)['heals_s']
    assert heal['cut_for'] > 29.9
    assert heal['one_log'] < 5.0


@pytest.mark.slow
@pytest.mark.parametrize('scenario', ['flap', 'one_way', 'loss30'])
def test_a_link_that_flaps_carries_one_way_or_loses_much(processes, scenario):
    flown(processes, scenario, 'dds')
