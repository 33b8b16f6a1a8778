# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start rviz with the swarm's view; the scene comes from the ground station."""

from launch_ros.actions import Node
from swarm_coordination.launching import actions

ARGUMENTS = (
    ('rviz_config', '', None, 'file of displays; empty: config/rviz/swarm.rviz'),
    ('use_sim_time', 'false', actions.TRUTH, 'take time from /clock'),
)


def start(_context, given):
    """Return rviz; a missing file raises before it starts."""
    from swarm_coordination.configuration import config_folder

    shown = given.file('rviz_config') or [str(config_folder() / 'rviz' / 'swarm.rviz')]
    simulated = given.text('use_sim_time').lower()
    return [Node(
        package='rviz2', executable='rviz2', output='screen',
        arguments=['-d', *shown, '--ros-args', '-p', f'use_sim_time:={simulated}'],
    )]


def generate_launch_description():
    """Return the arguments and rviz."""
    return actions.description(ARGUMENTS, start)
