# SPDX-License-Identifier: Apache-2.0
"""Without ROS all comes by pip and nothing is compiled: the README's line, in an empty venv."""

from importlib import metadata
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from packaging.requirements import Requirement
import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r'plain/bin/pip install (?P<names>.+) \./src/swarm_coordination$', re.M)
# Where there is no compiler: whoever calls one finds this.
NO_COMPILER = {'CC': 'false', 'CXX': 'false'}


def needed(names):
    """Return the distributions of these names and what they need, as installed here."""
    found, waiting = {}, list(names)
    while waiting:
        distribution = metadata.distribution(waiting.pop())
        if distribution.name not in found:
            found[distribution.name] = distribution
            asked = [Requirement(text) for text in distribution.requires or ()]
            waiting += [one.name for one in asked
                        if one.marker is None or one.marker.evaluate({'extra': ''})]
    return found


def run(*command, **environment):
    """Run a command that has to end well; return what it printed."""
    clean = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    ended = subprocess.run(command, env={**clean, **NO_COMPILER, **environment}, timeout=150,
                           capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    """
    Give the programs of a virtual environment that holds what the README's line names alone.

    The index is the environment of these tests: links to what pip has installed here.
    """
    folder = tmp_path_factory.mktemp('pip')
    line = LINE.search((ROOT / 'README.md').read_text())
    assert line is not None
    run(sys.executable, '-m', 'venv', '--without-pip', str(folder / 'plain'))
    programs = folder / 'plain' / 'bin'
    site = Path(run(str(programs / 'python'), '-c',
                    'import sysconfig; print(sysconfig.get_path("purelib"))').strip())
    for distribution in needed(line['names'].split()).values():
        tops = {Path(str(file)).parts[0] for file in distribution.files or ()}
        for top in tops - {'..', '__pycache__'}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution.locate_file(top))
    source = shutil.copytree(ROOT / 'src' / 'swarm_coordination', folder / 'source')
    pip = (sys.executable, '-m', 'pip')
    run(*pip, 'wheel', '-q', '--no-deps', '--no-index', '--no-build-isolation', '-w', str(folder),
        str(source))  # it builds where the sources are
    (wheel,) = folder.glob('*.whl')
    assert wheel.name.endswith('-none-any.whl')
    run(*pip, '--python', str(programs / 'python'), 'install', '-q', '--no-deps', '--no-index',
        str(wheel))
    return programs


def test_there_is_no_ros_in_it(plain):
    found = run(str(plain / 'python'), '-c', 'import importlib.util as u\n'
                'print([n for n in ("rclpy", "swarm_msgs", "numba", "scipy") if u.find_spec(n)])')
    assert found.strip() == '[]'


@pytest.mark.dds
@pytest.mark.beside
def test_robots_fly_with_it(plain, tmp_path):
    run(str(plain / 'swarm'), 'demo', 'smoke', '--backend', 'dds', '--out', str(tmp_path))
