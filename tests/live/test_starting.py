# SPDX-License-Identifier: Apache-2.0
"""What one of our processes starts runs no module of the folder that its user stands in."""

import os
from pathlib import Path
import subprocess
import sys

from live.processes import trap
import pytest
import swarm_coordination
from swarm_coordination.live.starting import python

PACKAGE = Path(swarm_coordination.__file__).parent
WORDS = ('swarm_coordination.cli.main', 'simulate', '--list-scenarios')


@pytest.mark.parametrize(('command', 'bites'), [
    (python(*WORDS), False),
    ([sys.executable, '-m', *WORDS], True),  # so the trap is one
])
def test_no_module_of_the_working_folder_is_run(tmp_path, command, bites):
    ran = trap(tmp_path)
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, 'PYTHONPATH': str(PACKAGE.parent)})
    assert ran.exists() is bites, done.stderr
    assert (done.returncode == 0) is not bites
    assert ('smoke' in done.stdout) is not bites


def test_arguments_come_as_they_are(tmp_path):
    (tmp_path / 'shown.py').write_text('import sys\nprint(__name__, sys.argv[1:], sys.path[0])\n')
    done = subprocess.run(
        python('shown', '-m', 'a b', ''), capture_output=True, text=True, check=True,
        env={**os.environ, 'PYTHONPATH': str(tmp_path)})
    assert done.stdout.split(' ', 1) == ['__main__', f"['-m', 'a b', ''] {tmp_path}\n"]


def test_nothing_of_ours_is_started_in_another_way():
    named = [path for path in sorted(PACKAGE.rglob('*.py')) if "'-m'" in path.read_text()]
    assert named == []
