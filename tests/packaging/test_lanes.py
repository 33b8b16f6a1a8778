# SPDX-License-Identifier: Apache-2.0
"""`make test` looks for the tests of its slower steps in some folders only: no others have any."""

import importlib.util
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def run_checks():
    """Return the module that `make test` runs."""
    spec = importlib.util.spec_from_file_location('run_checks', ROOT / 'tools/run_checks.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('marks', 'folders'), [
    # Marks of tests in namespaces are kept in one place, for all that need the same.
    (r'mark\.(ros|dds|root|beside)|netns\.needs', 'NODES'),
    (r'mark\.colcon', 'BUILDS'),
])
def test_tests_of_a_mark_stand_where_they_are_looked_for(marks, folders):
    pattern = re.compile(rf'\b({marks})\b')
    found = {
        path.relative_to(ROOT).parts[:2]
        for path in (ROOT / 'tests').rglob('test_*.py')
        if path != Path(__file__) and pattern.search(path.read_text())
    }
    assert found
    assert {'/'.join(parts) for parts in found} <= set(getattr(run_checks(), folders))
