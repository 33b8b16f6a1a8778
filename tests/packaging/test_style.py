# SPDX-License-Identifier: Apache-2.0
"""The rules that a ROS 2 reviewer's own tools would check."""

import importlib.util
from pathlib import Path
import subprocess
import sys

import pytest

# A linter computes for twenty seconds; on a host with other work it may be ten times that.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / 'src/swarm_coordination'
PYTHON_FOLDERS = [PACKAGE, *(ROOT / name for name in ('launch', 'tests', 'tools')
                             if (ROOT / name).is_dir())]
COMMENTED = {'.py': '#', '.cfg': '#', '.toml': '#', '.yaml': '#', '.yml': '#', '.msg': '#',
             '.srv': '#', '.sh': '#', '.in': '#', '.txt': '#', '.xml': '<!--', '.sdf': '<!--',
             '.cmake': '#'}
# Made by a tool, or not ours to head.
EXEMPT = ('.lock', '.md')
# A shebang, an XML declaration or a document type may come first.
HEAD_LINES = 6


def source_files():
    """Return the files of the repository that carry a comment, as git sees them."""
    if (ROOT / '.git').exists():
        listed = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others',
                                 '--exclude-standard'], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout
        files = [ROOT / name for name in listed.split('\0') if name]
    else:
        files = [path for name in ('src', 'tests', 'tools', 'launch', 'config', 'sim')
                 for path in (ROOT / name).rglob('*')]
    return sorted(path for path in files
                  if path.is_file() and not path.is_symlink() and path.suffix not in EXEMPT
                  and (path.suffix in COMMENTED or path.name in ('Makefile', 'run'))
                  and path.stat().st_size)


def test_every_source_file_names_its_licence_in_its_head():
    files = source_files()
    assert len(files) > 20
    bare = [str(path.relative_to(ROOT)) for path in files
            if not any('SPDX-License-Identifier: Apache-2.0' in line for line in
                       path.read_text(encoding='utf-8').splitlines()[:HEAD_LINES])]
    assert bare == []


@pytest.mark.parametrize('linter', ['ament_flake8', 'ament_pep257'])
def test_the_ament_rules_hold(linter):
    if importlib.util.find_spec(linter) is None:
        pytest.skip(f'{linter} is not installed')
    command = f'import sys; from {linter}.main import main; sys.exit(main(sys.argv[1:]))'
    checked = subprocess.run([sys.executable, '-c', command, *map(str, PYTHON_FOLDERS)],
                             capture_output=True, text=True, check=False)
    said = [line for line in (checked.stdout + checked.stderr).splitlines()
            if line.strip() and not line.startswith(('checking', '* '))]
    assert checked.returncode == 0, '\n'.join(said)
