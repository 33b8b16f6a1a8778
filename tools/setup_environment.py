# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Make or refresh the virtual environment `.venv` of the project.

Five stages, each with a fingerprint of what it depends on: packages (interpreter and lock),
messages (swarm_msgs), project (package metadata), kernels (what numba compiles), verify.
A stage whose fingerprint is unchanged is skipped; a stage that was interrupted has no fingerprint
and runs again. Standard library
only.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
from pathlib import Path
import signal
import sys

from environment.journal import Journal, MissingTools, SetupError
from environment.machine import check_python, ensure_packages
from environment.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
STAMP = 'setup.json'  # inside .venv: removed together with it
STAGES = ('packages', 'messages', 'project', 'kernels')


def main() -> int:
    """Run the stages that are due; return the exit status."""
    options = _options()
    # Ctrl-C reaches make, us and our child at once; make must not print a traceback.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        check_python()
        with_ros = ros_is_sourced()
        build = ROOT / 'build'
        build.mkdir(exist_ok=True)
        (build / 'COLCON_IGNORE').touch()
        with (build / 'setup.lock').open('w') as lock:
            _wait_for(lock)
            _refresh(with_ros, options.force)
    except MissingTools as error:
        print(f'set-up: {error}', file=sys.stderr)
        return 2
    except SetupError as error:
        print(f'set-up failed: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('set-up interrupted; the next call goes on from here', file=sys.stderr)
        return 130
    return 0


def ros_is_sourced() -> bool:
    """Return whether a ROS 2 installation is sourced and its rclpy is this interpreter's."""
    distribution = os.environ.get('ROS_DISTRO')
    if not distribution:
        return False
    if importlib.util.find_spec('rclpy') is None:
        raise SetupError(
            f'ROS 2 {distribution} is sourced, but {sys.executable} '
            f'(Python {sys.version.split()[0]}) finds no rclpy there.\n'
            'Use the Python of that installation (make setup PYTHON=/usr/bin/python3), or a '
            'shell where ROS is not sourced.')
    return True


def _refresh(with_ros: bool, force: bool) -> None:
    fresh = fingerprints(with_ros)
    stamp = ROOT / '.venv' / STAMP
    done = {} if force else _read(stamp)
    due = [stage for stage in STAGES if done.get(stage) != fresh[stage]]
    if not due and (ROOT / '.venv' / 'bin' / 'python').exists():
        return
    journal = Journal(ROOT / 'build' / 'setup.log')
    ensure_packages(journal, ROOT, with_ros)
    workspace = Workspace(ROOT, journal, with_ros)
    # Whatever a stage writes, the later ones stand on.
    first = STAGES.index(due[0]) if due else 0
    done = {stage: done[stage] for stage in STAGES[:first]}
    if first == 0:
        workspace.create()
    _write(stamp, done)
    steps = {'packages': workspace.install_packages, 'messages': workspace.build_messages,
             'project': workspace.install_project, 'kernels': workspace.compile_kernels}
    for stage in STAGES[first:]:
        steps[stage]()
        if stage == STAGES[-1]:
            workspace.verify()
        done[stage] = fresh[stage]
        _write(stamp, done)
    journal.say('.venv is ready')


def fingerprints(with_ros: bool) -> dict[str, str]:
    """Return, for each stage, the hash of everything that it depends on."""
    package = ROOT / 'src' / 'swarm_coordination'
    lock = ROOT / 'requirements' / ('distro.lock' if with_ros else 'wheels.lock')
    # The path counts: a virtual environment that was moved or copied does not work.
    base = [str(ROOT), os.path.realpath(sys.executable), sys.version]
    if with_ros:
        base += [os.environ['ROS_DISTRO'], os.environ.get('AMENT_PREFIX_PATH', '')]
    interfaces = (ROOT / 'src' / 'swarm_msgs', ROOT / 'tools' / 'environment' / 'interfaces')
    messages = sorted(path for folder in interfaces for path in folder.rglob('*')
                      if path.is_file())
    metadata = [package / name for name in ('setup.py', 'setup.cfg', 'package.xml')]
    recipe = [ROOT / 'tools' / 'environment' / name
              for name in ('workspace.py', 'ros_bootstrap.py')]
    packages = _digest(base, [lock, *recipe])
    project = _digest([packages], metadata)
    code = package / 'swarm_coordination'
    kernels = sorted((code / 'evaluation' / 'kernels').glob('*.py'))
    constants = [code / 'control' / f'{name}.py' for name in ('closing', 'detour', 'projection')]
    return {
        'packages': packages,
        'messages': _digest([packages], messages),
        'project': project,
        'kernels': _digest([project], [*kernels, *constants]),
    }


def _digest(texts: list[str], files: list[Path]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b'\0')
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode() + b'\0')
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> dict[str, str]:
    try:
        content = json.loads(stamp.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(stamp: Path, done: dict[str, str]) -> None:
    scratch = stamp.with_suffix('.new')
    scratch.write_text(json.dumps(done, indent=2) + '\n', encoding='utf-8')
    scratch.replace(stamp)


def _wait_for(lock) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print('another set-up of this repository is running; waiting for it', flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='make or refresh the virtual environment .venv')
    parser.add_argument('--force', action='store_true', help='make it anew whatever is there')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
