# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Fill the virtual environment: pinned packages, swarm_msgs, the project itself."""

import os
from pathlib import Path
import re
import shutil
import sys
import sysconfig
import time

from environment.journal import Journal, SetupError

# Left in the cmake files of the wheels by the machine that built them.
FOREIGN_INCLUDE = re.compile(r'/opt/python/cp\d+-cp\d+/include/python3\.\d+')
FOREIGN_SITE = re.compile(r'/opt/python/cp\d+-cp\d+/lib/python3\.\d+/site-packages')

# Variables of another environment that would leak into this one. The bootstrap mark belongs to
# the rclpy wheels: inherited, it would keep their interpreter from finding its libraries.
FOREIGN_VARIABLES = ('PYTHONPATH', 'PYTHONHOME', 'LD_LIBRARY_PATH', 'AMENT_PREFIX_PATH',
                     'CMAKE_PREFIX_PATH', 'COLCON_PREFIX_PATH', 'ROS_DISTRO',
                     '_ROS_WHEELS_BOOTSTRAP_COMPLETE', 'PIP_REQUIRE_VIRTUALENV',
                     'PIP_USER', 'PIP_TARGET', 'PIP_PREFIX')


class Workspace:
    """One repository with its virtual environment, with or without a sourced ROS 2."""

    def __init__(self, root: Path, journal: Journal, with_ros: bool) -> None:
        self.root = root
        self.venv = root / '.venv'
        self.python = self.venv / 'bin' / 'python'
        self.with_ros = with_ros
        self.lock = root / 'requirements' / ('distro.lock' if with_ros else 'wheels.lock')
        self._journal = journal

    @property
    def site_packages(self) -> Path:
        """Folder of the venv for Python packages."""
        return self.venv / 'lib' / f'python3.{sys.version_info[1]}' / 'site-packages'

    def create(self) -> None:
        """Make an empty virtual environment, in place of whatever is there."""
        if self.venv.is_symlink() or self.venv.is_file():
            self.venv.unlink()
        elif self.venv.exists():
            self._journal.say('removing the old or half-made .venv')
            shutil.rmtree(self.venv)
        self._journal.say(f'making .venv with Python {sys.version.split()[0]}'
                          + (f' and ROS 2 {os.environ["ROS_DISTRO"]}' if self.with_ros else ''))
        command = [sys.executable, '-m', 'venv', str(self.venv)]
        if self.with_ros:
            command.append('--system-site-packages')
        self._run(command)
        # colcon with the repository as workspace must not crawl the message packages in here.
        (self.venv / 'COLCON_IGNORE').touch()

    def install_packages(self) -> None:
        """Install the lock, its build tools first: nothing is built with unpinned ones."""
        count = len(re.findall(r'^[a-z0-9].*==', self.lock.read_text(), flags=re.MULTILINE))
        self._journal.say(f'installing the {count} pinned packages of requirements/'
                          f'{self.lock.name} (the first time about a minute)')
        tools = self.venv / 'build-tools.lock'
        tools.write_text(lock_of(self.lock.read_text(), {'pip', 'setuptools'}))
        pip = [str(self.python), '-m', 'pip', 'install', '--disable-pip-version-check',
               '--no-input', '--require-hashes', '--require-virtualenv']
        self._run([*pip, '--requirement', str(tools)])
        self._run([*pip, '--no-build-isolation', '--requirement', str(self.lock)])
        if not self.with_ros:
            self._repair_cmake_files()

    def build_messages(self) -> None:
        """
        Build swarm_msgs with colcon, into the venv or (with ROS) into a prefix inside it.

        Without ROS also what no wheel brings: ROS's own packages are never built over.
        """
        self._journal.say('building swarm_msgs with colcon')
        sources = [str(self.root / 'src' / 'swarm_msgs')]
        if not self.with_ros:
            sources.append(str(self.root / 'tools' / 'environment' / 'interfaces' / 'tf2_msgs'))
        prefix = self.venv / 'ros' if self.with_ros else self.venv
        colcon = shutil.which('colcon') if self.with_ros else str(self.venv / 'bin' / 'colcon')
        scratch = self.venv / 'colcon'
        shutil.rmtree(scratch, ignore_errors=True)
        # With ROS the messages are built by its own interpreter, as in any colcon workspace.
        python = sys.executable if self.with_ros else str(self.python)
        self._run([
            str(colcon), '--log-base', str(scratch / 'log'), 'build',
            '--base-paths', *sources,
            '--build-base', str(scratch / 'build'),
            '--install-base', str(prefix), '--merge-install',
            '--event-handlers', 'console_direct+',
            '--cmake-args', '-DBUILD_TESTING=OFF', '-DCMAKE_BUILD_TYPE=Release',
            f'-DPython3_EXECUTABLE={python}', '-DPython3_FIND_VIRTUALENV=FIRST', '-Wno-dev',
        ])
        if self.with_ros:
            self._write_ros_bootstrap(prefix)

    def install_project(self) -> None:
        """
        Install swarm_coordination editable: the `swarm` command runs the sources themselves.

        The package's share folder (package.xml, launch, config, sim, interfaces) becomes links
        into the repository too, so that an edited file is the one that is used.
        """
        self._journal.say('installing swarm_coordination (editable) and its commands')
        package = self.root / 'src' / 'swarm_coordination'
        self._run([str(self.python), '-m', 'pip', 'install', '--disable-pip-version-check',
                   '--no-input', '--no-deps', '--no-build-isolation', '--no-index',
                   '--config-settings', 'editable_mode=lenient', '--editable', str(package)])
        shutil.rmtree(package / 'build', ignore_errors=True)
        share = self.venv / 'share' / 'swarm_coordination'
        shutil.rmtree(share, ignore_errors=True)
        share.mkdir(parents=True)
        for name in ('package.xml', 'launch', 'config', 'sim', 'interfaces'):
            (share / name).symlink_to(os.path.relpath(package / name, share))
        marker = (self.venv / 'share' / 'ament_index' / 'resource_index' / 'packages'
                  / 'swarm_coordination')
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text('')

    def compile_kernels(self) -> None:
        """Let numba compile the evaluation's kernels, which it keeps for later runs."""
        self._journal.say('compiling the kernels of `swarm evaluate` (about half a minute)')
        before = time.monotonic()
        self._run([str(self.python), '-m', 'swarm_coordination.evaluation.warm'])
        self._journal.say(f'kernels compiled in {time.monotonic() - before:.0f} s')

    def verify(self) -> None:
        """Import what everything else needs, in a fresh interpreter."""
        self._run([str(self.python), '-c',
                   'import rclpy, msgspec, numpy, yaml, rich, swarm_coordination\n'
                   'from swarm_msgs.msg import MeshFrame\n'
                   'from rclpy.type_support import check_for_type_support\n'
                   'check_for_type_support(MeshFrame)'])

    def environment(self) -> dict[str, str]:
        """Return the environment in which the commands of the set-up run."""
        env = dict(os.environ)
        if not self.with_ros:
            for name in FOREIGN_VARIABLES:
                env.pop(name, None)
            env['AMENT_PREFIX_PATH'] = env['CMAKE_PREFIX_PATH'] = str(self.venv)
            env['VIRTUAL_ENV'] = str(self.venv)
            env['PATH'] = f'{self.venv / "bin"}{os.pathsep}{env.get("PATH", os.defpath)}'
        return env

    def _run(self, command: list[str]) -> None:
        self._journal.run(command, env=self.environment(), cwd=self.root)

    def _repair_cmake_files(self) -> None:
        """Point the wheels' cmake files to this interpreter instead of their builder's."""
        include = sysconfig.get_paths()['include']
        for path in sorted((self.venv / 'share').rglob('*.cmake')):
            text = path.read_text(encoding='utf-8', errors='surrogateescape')
            repaired = FOREIGN_SITE.sub(lambda _: str(self.site_packages), text)
            repaired = FOREIGN_INCLUDE.sub(lambda _: include, repaired)
            if repaired != text:
                path.write_text(repaired, encoding='utf-8', errors='surrogateescape')

    def _write_ros_bootstrap(self, prefix: Path) -> None:
        """
        Let the venv's interpreter find swarm_msgs without a further `source`.

        The loader reads LD_LIBRARY_PATH at the start of a process only, so a .pth file
        re-executes the interpreter once with the prefix in front.
        """
        pythons = sorted({str(found.parent.parent)
                          for found in prefix.rglob('swarm_msgs/__init__.py')})
        if not pythons:
            raise SetupError(f'colcon built no Python module swarm_msgs under {prefix}')
        template = (Path(__file__).parent / 'ros_bootstrap.py').read_text(encoding='utf-8')
        module = template.replace("'@PREFIX@'", repr(str(prefix)))
        (self.site_packages / '_swarm_ros_bootstrap.py').write_text(module, encoding='utf-8')
        lines = [*pythons, 'import _swarm_ros_bootstrap']
        (self.site_packages / 'swarm_ros.pth').write_text('\n'.join(lines) + '\n',
                                                          encoding='utf-8')


def lock_of(text: str, names: set[str]) -> str:
    """Return the part of a lock file that pins the packages `names`."""
    kept = []
    keep = False
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith('#'):
            keep = line.split('==')[0] in names
        if keep and not line.lstrip().startswith('# '):
            kept.append(line)
    return '\n'.join(kept) + '\n'
