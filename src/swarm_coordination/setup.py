# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Package of the Swarm Coordination stack for colcon (ament_python) and pip."""

import os
import sys

from setuptools import find_packages, setup

PACKAGE = 'swarm_coordination'
# Folders of the repository that belong to the installed package, through symlinks beside
# this file: every path below stays inside the package.
SHARED_FOLDERS = ('launch', 'config', 'sim', 'interfaces')


def shared_files():
    """Return the (target folder, files) pairs of the shared folders, sub-folders included."""
    pairs = []
    for shared in SHARED_FOLDERS:
        for folder, folders, names in os.walk(shared, followlinks=True):
            folders[:] = sorted(name for name in folders if name != '__pycache__')
            files = [os.path.join(folder, name) for name in sorted(names)
                     if not name.endswith('.pyc')]
            if files:
                pairs.append((os.path.join('share', PACKAGE, folder), files))
    return pairs


def commands():
    """Return the command of `colcon build --symlink-install` with setup.cfg's interpreter."""
    if 'develop' not in sys.argv:
        return {}  # importing it takes time and warns of pkg_resources
    from setuptools.command.develop import develop

    class Linked(develop):
        """Installs by links."""

        def write_script(self, script_name, contents, *more):
            """Write an entry point that begins as a copied one does."""
            _, _, body = contents.partition('\n')
            super().write_script(script_name, '#!/usr/bin/env python3\n' + body, *more)

    return {'develop': Linked}


setup(
    name=PACKAGE,
    version='0.1.0',
    packages=find_packages(include=[PACKAGE, PACKAGE + '.*']),
    package_data={PACKAGE: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + PACKAGE]),
        ('share/' + PACKAGE, ['package.xml']),
        *shared_files(),
    ],
    # msgspec, rich and the like are declared in package.xml and pinned in requirements/: a
    # second list here would make every console command check versions at its start.
    install_requires=['setuptools'],
    cmdclass=commands(),
    zip_safe=False,
    python_requires='>=3.10',
    maintainer='Swarm Coordination contributors',
    maintainer_email='maintainers@swarm-coordination.example',
    description='Formation, radio contact and one mission log for a team of robots',
    license='Apache-2.0',
    extras_require={'test': ['pytest']},
    entry_points={
        'console_scripts': [
            'swarm = swarm_coordination.cli.main:main',
            'coordinator = swarm_coordination.ros.coordinator_main:main',
            'crazyflie_adapter = swarm_coordination.ros.crazyflie_main:main',
            'formation_controller = swarm_coordination.ros.controller_main:main',
            'px4_adapter = swarm_coordination.ros.px4_main:main',
            'robot = swarm_coordination.ros.robot_main:main',
            'gazebo_world = swarm_coordination.ros.gazebo_main:main',
            'ground_station = swarm_coordination.ros.station_main:main',
            'world = swarm_coordination.ros.world_main:main',
        ],
    },
)
