# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""What the machine has to bring: a Python version, a compiler, cmake, headers, Debian packages."""

import importlib.util
import os
from pathlib import Path
import shutil
import sys
import sysconfig

from environment.journal import Journal, MissingTools, SetupError

# The rclpy wheels exist for these.
OLDEST = (3, 10)
NEWEST = (3, 13)

# Modules that a ROS 2 installation and the project share, and their Debian packages: with ROS
# sourced these come from the system, because its rclpy is compiled against that numpy.
ROS_SHARED = {
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'psutil': 'python3-psutil',
    'scipy': 'python3-scipy',
    'yaml': 'python3-yaml',
}


def check_python() -> None:
    """Refuse an interpreter for which no rclpy exists."""
    version = sys.version_info[:2]
    if sys.implementation.name != 'cpython' or not OLDEST <= version <= NEWEST:
        raise SetupError(
            f'Python {sys.version.split()[0]} ({sys.implementation.name}, {sys.executable}) is '
            'not supported: the project needs CPython 3.10 to 3.13.\n'
            'Name one that is: make setup PYTHON=python3.11')


def missing_packages(with_ros: bool) -> dict[str, str]:
    """Return what is missing, as {what: Debian package}."""
    version = f'python{sys.version_info[0]}.{sys.version_info[1]}'
    missing = {}
    if not (shutil.which('c++') or shutil.which('g++')):
        missing['a C++ compiler'] = 'g++'
    if not (shutil.which('cc') or shutil.which('gcc')):
        missing['a C compiler'] = 'gcc'
    if not shutil.which('cmake'):
        missing['cmake'] = 'cmake'
    if not shutil.which('make'):
        missing['make'] = 'make'
    if not (Path(sysconfig.get_paths()['include']) / 'Python.h').exists():
        missing[f'the headers of {sys.executable}'] = f'{version}-dev'
    # Only root can test in network namespaces; for others the tests say what is missing.
    if os.geteuid() == 0 and not (shutil.which('nft') and shutil.which('ip')):
        missing['nftables and iproute2'] = 'nftables iproute2'
    if not _found('ensurepip') or not _found('venv'):
        missing[f'the venv module of {sys.executable}'] = f'{version}-venv'
    if with_ros:
        for module, package in ROS_SHARED.items():
            if not _found(module):
                missing[f'the Python module {module} of the system'] = package
        if not shutil.which('colcon'):
            missing['colcon'] = 'python3-colcon-common-extensions'
    return missing


def ensure_packages(journal: Journal, root: Path, with_ros: bool) -> None:
    """
    See that compiler, cmake, headers and the rest are there.

    Root on a Debian-like system: install what is missing. Anybody else: raise `MissingTools`
    with the exact command.
    """
    missing = missing_packages(with_ros)
    if not missing:
        return
    names = ', '.join(missing)
    packages = sorted(set(missing.values()))
    command = 'apt-get install -y --no-install-recommends ' + ' '.join(packages)
    if not shutil.which('apt-get'):
        raise MissingTools(f'missing: {names}.\nInstall them with the package manager of this '
                           f'system (Debian calls them: {" ".join(packages)}), then repeat.')
    if os.geteuid() != 0:
        raise MissingTools(f'missing: {names}.\nRun this, then repeat:\n'
                           f'    sudo apt-get update && sudo {command}')
    journal.say(f'installing {" ".join(packages)} with apt-get')
    env = dict(os.environ, DEBIAN_FRONTEND='noninteractive')
    journal.run(['apt-get', 'update'], env=env, cwd=root)
    journal.run(command.split(), env=env, cwd=root)
    still = missing_packages(with_ros)
    if still:
        raise MissingTools(f'after the installation of {" ".join(packages)} still missing: '
                           f'{", ".join(still)}. If {sys.executable} is not the Python of this '
                           'system, its own headers and venv module have to be installed.')


def _found(module: str) -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None
