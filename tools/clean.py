# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Remove everything that the targets of the Makefile made, and nothing else."""

import os
from pathlib import Path
import shutil

ROOT = Path(__file__).resolve().parent.parent
MADE = ('.venv', 'build', 'install', 'log', 'out', 'ros_logs', '.mypy_cache', '.pytest_cache',
        '.ruff_cache', '.hypothesis', '.coverage', 'src/swarm_coordination/build')
# Caches that stand beside the sources.
SCATTERED = ('__pycache__', '.pytest_cache', '.hypothesis')


def main() -> None:
    """Remove the folders one by one, naming those that were there."""
    for name in MADE:
        _remove(ROOT / name)
    for folder, names, _ in os.walk(ROOT):
        for name in [name for name in names if name in SCATTERED or name.endswith('.egg-info')]:
            shutil.rmtree(Path(folder) / name)
            names.remove(name)
        if '.git' in names:
            names.remove('.git')


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        return
    print(f'removed {path.relative_to(ROOT)}')


if __name__ == '__main__':
    main()
