# SPDX-License-Identifier: Apache-2.0
"""Both packages build with colcon as a ROS 2 user would do it, and `colcon test` runs tests."""

import importlib.util
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PREFIX = Path(sys.prefix)
PYTHON_FOLDER = f'lib/python3.{sys.version_info[1]}/site-packages'
# Whatever a run of the project leaves in the tree stays out of a copy of it.
NOT_SOURCES = shutil.ignore_patterns('.git', '.venv', 'build', 'install', 'log', 'out',
                                     'ros_logs', '__pycache__', '*.egg-info', '.*_cache',
                                     '.hypothesis')

pytestmark = [pytest.mark.colcon, pytest.mark.timeout(600)]


def missing_tool():
    """Return what this machine lacks for a build, or ''."""
    colcon = shutil.which('colcon') or (PREFIX / 'bin/colcon').exists()
    tools = {'colcon': colcon, 'cmake': shutil.which('cmake'),
             'a C++ compiler': shutil.which('c++') or shutil.which('g++'),
             'the headers of this Python':
                 (Path(sysconfig.get_paths()['include']) / 'Python.h').exists(),
             'rosidl_generator_py': importlib.util.find_spec('rosidl_generator_py')}
    return ', '.join(name for name, found in tools.items() if not found)


@pytest.fixture(autouse=True)
def _tools():
    if missing := missing_tool():
        pytest.skip(f'missing: {missing}')


def colcon(verb, *arguments, workspace, base):
    """Run colcon in `workspace` with its three output folders under `base`; return its output."""
    env = dict(os.environ)
    if 'ROS_DISTRO' not in env:
        env['AMENT_PREFIX_PATH'] = env['CMAKE_PREFIX_PATH'] = str(PREFIX)
    env['PATH'] = f'{PREFIX / "bin"}{os.pathsep}{env["PATH"]}'
    bases = {'build': ['--build-base', str(base / 'build'),
                       '--install-base', str(base / 'install')],
             'test': ['--build-base', str(base / 'build'),
                      '--install-base', str(base / 'install')],
             'test-result': ['--test-result-base', str(base / 'build')]}.get(verb, [])
    done = subprocess.run(['colcon', '--log-base', str(base / 'log'), verb, *bases, *arguments],
                          cwd=workspace, env=env, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    return output


def build(workspace, base, *arguments, testing='OFF'):
    """Build what colcon finds in `workspace`; return the install folder."""
    # -O0: what is tested is that it builds and installs, not how fast it runs.
    colcon('build', *arguments, '--cmake-args', f'-DBUILD_TESTING={testing}',
           '-DCMAKE_CXX_FLAGS=-O0', '-DCMAKE_C_FLAGS=-O0', '-Wno-dev',
           f'-DPython3_EXECUTABLE={sys.executable}', workspace=workspace, base=base)
    return base / 'install'


@pytest.fixture(scope='module')
def repository_build(tmp_path_factory):
    """Both packages, built with the repository itself as the workspace."""
    if missing := missing_tool():
        pytest.skip(f'missing: {missing}')
    base = tmp_path_factory.mktemp('repository')
    build(ROOT, base, testing='ON')
    return base


def assert_installed(install, messages_install):
    """Both packages stand where they are built (isolated layout) with all that ROS 2 looks for."""
    package = install / 'swarm_coordination'
    share = package / 'share/swarm_coordination'
    assert (package / 'share/ament_index/resource_index/packages/swarm_coordination').is_file()
    assert (share / 'package.xml').is_file()
    for folder, suffix in (('launch', '.py'), ('config', '.yaml'), ('sim', '.sdf')):
        given = {path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob('*' + suffix)}
        for path in given:
            assert (share / folder / path).is_file(), path
    for name in ('coordinator', 'formation_controller', 'robot', 'world', 'swarm'):
        script = package / 'lib/swarm_coordination' / name
        assert os.access(script, os.X_OK), name
        # The Python in use is found, that of a virtual environment too.
        assert script.read_text().splitlines()[0] == '#!/usr/bin/env python3', name
    messages = messages_install / 'swarm_msgs'
    assert (messages / 'share/swarm_msgs/msg/MeshFrame.msg').is_file()
    assert list(messages.rglob('swarm_msgs/msg/__init__.py'))


def test_colcon_finds_exactly_the_two_packages_in_the_repository(tmp_path):
    listed = colcon('list', '--names-only', workspace=ROOT, base=tmp_path)
    assert listed.split() == ['swarm_coordination', 'swarm_msgs']


def test_the_repository_is_a_workspace(repository_build):
    assert_installed(repository_build / 'install', repository_build / 'install')


def test_the_installed_package_imports_its_installed_messages(repository_build):
    install = repository_build / 'install'
    script = f'. {install}/setup.sh && {sys.executable} -c "import swarm_coordination, swarm_msgs'
    script += '; print(swarm_coordination.__file__); print(swarm_msgs.__file__)"'
    env = {**os.environ, 'COLCON_CURRENT_PREFIX': str(install)}
    shown = subprocess.run(['sh', '-c', script], cwd=install, env=env, capture_output=True,
                           text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert all(line.startswith(str(install)) for line in shown.stdout.splitlines())


@pytest.mark.parametrize('given', [
    # On the messages as built above: they are half of the time, and no file of theirs is edited.
    ('--packages-select', 'swarm_coordination'),
    pytest.param((), marks=pytest.mark.slow),
])
def test_a_clone_in_a_workspace_builds_with_symlinks(tmp_path, repository_build, given):
    clone = tmp_path / 'ws/src/swarm-coordination'
    shutil.copytree(ROOT, clone, symlinks=True, ignore=NOT_SOURCES)
    install = build(tmp_path / 'ws', tmp_path, '--symlink-install', *given)
    assert_installed(install, repository_build / 'install' if given else install)
    # An edit of a launch or configuration file is in force without a new build.
    share = install / 'swarm_coordination/share/swarm_coordination'
    linked = list(share.rglob('*.yaml'))
    assert all(path.resolve().is_relative_to(clone) for path in linked)


def test_colcon_test_runs_tests_of_both_packages(repository_build):
    # The rest of the suite runs in this session already; these few show that the way works. Those
    # of the messages are all they have, with every linter that is installed.
    chosen = 'test/packaging/test_metadata.py test/packaging/test_messages.py'
    colcon('test', '--return-code-on-test-failure', '--pytest-args', *chosen.split(),
           workspace=ROOT, base=repository_build)
    result = colcon('test-result', '--all', workspace=ROOT, base=repository_build)
    counted = re.search(r'Summary: (\d+) tests, (\d+) errors, (\d+) failures', result)
    assert counted, result
    assert int(counted[1]) > 0
    assert (counted[2], counted[3]) == ('0', '0')
    results = repository_build / 'build/swarm_msgs/test_results/swarm_msgs'
    ran = {path.name.partition('.')[0] for path in results.glob('*.xml')}
    assert {'definitions', 'flake8', 'pep257'} <= ran


def test_nothing_is_left_in_the_sources(repository_build):
    left = [path for name in ('build', 'install', 'log', 'dist')
            if (path := ROOT / 'src/swarm_coordination' / name).exists()]
    assert left == []
