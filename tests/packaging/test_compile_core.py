# SPDX-License-Identifier: Apache-2.0
"""The compiled core: what is compiled, and that it does the same."""

import importlib.util
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'compile_core.py'


def _tool():
    spec = importlib.util.spec_from_file_location('compile_core', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_file_that_stays_interpreted_exists_and_the_rest_of_its_room_is_compiled():
    tool = _tool()
    compiled = tool.compiled_files()
    for name in tool.INTERPRETED:
        assert (tool.SOURCE / name).is_file(), name
        assert name not in compiled
    rooms = {name.split('/')[0] for name in compiled if name not in tool.OBSERVERS + tool.FILES}
    assert rooms == set(tool.ROOMS)
    assert all((tool.SOURCE / name).is_file() for name in compiled)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # six minutes of one core, and whatever else runs there
def test_the_compiled_core_prints_what_the_interpreted_one_prints():
    missing = [name for name, there in {
        'mypyc': importlib.util.find_spec('mypyc'), 'a C compiler': shutil.which('gcc'),
        "Python's headers": (Path(sysconfig.get_path('include')) / 'Python.h').is_file(),
    }.items() if not there]
    if missing:
        pytest.skip(f'{", ".join(missing)} not installed here')
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'the same output both ways' in done.stdout
