# SPDX-License-Identifier: Apache-2.0
"""
The histories of etcd that Jepsen published, with the verdicts of porcupine's own tests.

They are another repository's and are not kept here: the environment variable SWARM_PORCUPINE
names a checkout of github.com/anishathalye/porcupine; without it the test is skipped by name.
"""

from __future__ import annotations

from collections import Counter
import os
from pathlib import Path
import re

import pytest
from swarm_coordination.history.checking import check, Verdict
from swarm_coordination.history.jepsen import read_jepsen

VERDICTS = {'true': Verdict.LINEARIZABLE, 'false': Verdict.NOT_LINEARIZABLE}


def test_the_published_histories_of_etcd_have_the_verdicts_that_porcupine_expects() -> None:
    folder = Path(os.environ.get('SWARM_PORCUPINE') or 'porcupine')
    if not (folder / 'porcupine_test.go').exists():
        pytest.skip(f"porcupine's histories are absent: {folder} (SWARM_PORCUPINE)")
    expected = re.findall(
        r'checkJepsen\(t, (\d+), (true|false)\)', (folder / 'porcupine_test.go').read_text()
    )
    found: Counter[Verdict] = Counter()
    operations = []
    for number, linearizable in expected:
        path = folder / 'test_data' / 'jepsen' / f'etcd_{int(number):03}.log'
        report = check(read_jepsen(path.read_text().splitlines(), path.name), versioned=False)
        assert report.verdict is VERDICTS[linearizable], path.name
        found[report.verdict] += 1
        operations.append(report.operations)
    # The figures of docs/history.md.
    assert found == {Verdict.LINEARIZABLE: 23, Verdict.NOT_LINEARIZABLE: 79}
    assert (min(operations), max(operations)) == (73, 90)
