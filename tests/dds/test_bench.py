# SPDX-License-Identifier: Apache-2.0
"""bench/dds.py flies what it says and tells the rates that came about, per robot."""

from collections import Counter
import importlib.util
from pathlib import Path
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from swarm_coordination.units import NS_PER_S

BENCH = Path(__file__).resolve().parents[2] / 'bench' / 'dds.py'
NEAR = {'a': ['b', 'c'], 'b': ['a', 'c'], 'c': ['a', 'b']}


@pytest.fixture(scope='module')
def bench():
    """Give the script as a module."""
    spec = importlib.util.spec_from_file_location('bench_dds', BENCH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def window(bench, at_s, beats, commands, received):
    """Return a moment of three robots, each of which has sent 100 frames a beacon it made."""
    return bench.Window(
        at_s, dict(zip('abc', beats)),
        Counter({(topic, name): count for topic in ('cmd_vel', 'pose')
                 for name, count in zip('abc', commands)}),
        {name: SimpleNamespace(time_ns=round(at_s * NS_PER_S), frames_sent=2 * beat,
                               frames_received=taken)
         for name, beat, taken in zip('abc', beats, received)},
    )


def test_a_rate_is_of_what_was_made_and_taken(bench):
    # In ten seconds b makes half the beacons of the others, c takes half of what is sent to it.
    first = window(bench, 5.0, (7, 7, 7), (3, 3, 3), (0, 0, 0))
    last = window(bench, 15.0, (57, 32, 57), (103, 53, 103), (150, 200, 75))
    found = bench.rates(first, last, NEAR)
    assert found['beacons'] == pytest.approx([3.75, 5.0, 1.875])
    assert found['cmd_vel'] == found['poses'] == pytest.approx([10.0, 5.0, 10.0])


def test_who_falls_silent_has_no_rate(bench):
    first = window(bench, 0.0, (9, 9, 9), (3, 3, 3), (5, 5, 5))
    last = window(bench, 10.0, (9, 9, 9), (3, 3, 3), (5, 5, 5))
    found = bench.rates(first, last, NEAR)
    assert all(values == [0.0, 0.0, 0.0] for values in found.values())


def test_a_robot_that_never_reported_is_no_reason_to_tell_nothing(bench):
    first = window(bench, 0.0, (0, 0, 0), (0, 0, 0), (0, 0, 0))
    last = window(bench, 10.0, (50, 50, 0), (100, 100, 0), (50, 50, 0))
    del first.statuses['c'], last.statuses['c']
    found = bench.rates(first, last, NEAR)
    assert found['beacons'] == pytest.approx([1.25, 1.25, 0.0])
    assert found['cmd_vel'] == pytest.approx([10.0, 10.0, 0.0])


@pytest.mark.dds
@pytest.mark.beside
def test_three_robots_fly_and_every_rate_is_told():
    command = [sys.executable, str(BENCH), '--backend', 'dds', '--seconds', '2', '3']
    run = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stderr
    head, row = (
        [cell.strip() for cell in line.strip('|\n').split('|')]
        for line in run.stdout.splitlines() if re.match(r'\| (robots|3) ', line)
    )
    cells = dict(zip(head, row, strict=True))
    for what, asked in (('beacons/s', 5.0), ('cmd_vel/s', 10.0), ('poses/s', 10.0)):
        median, least = (float(value) for value in cells[what].split(','))
        # What a busy host leaves of it; never more than was asked for, but by what had waited.
        assert 0.0 < least <= median <= 3.0 * asked, cells
