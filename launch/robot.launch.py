# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start one robot: what runs on a robot's own computer, in its namespace."""

from swarm_coordination.launching import actions

ARGUMENTS = (
    ('namespace', None, None, "the robot's name in the swarm file, and its namespace"),
    ('storage_dir', None, None, "folder of the robot's provisioned storage"),
    actions.SWARM_FILE,
    ('pose_source', 'pose', ('pose', 'tf', 'start'),
     'pose: topic pose in map; tf: odom and map -> odom; start: odom from the start pose'),
    ('cmd_vel_stamped', 'false', actions.TRUTH, 'TwistStamped on cmd_vel instead of Twist'),
    ('radio_filter', 'false', actions.TRUTH, 'simulation only: draw reception by /swarm/radio'),
    actions.SIM_TIME,
    actions.PARAMS_FILE,
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the robot's process; a wrong argument or file raises before it starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm

    source = str(find_swarm_file(given.text('swarm_file') or None))
    robot = load_swarm(source).robot(given.text('namespace'))
    return [actions.process(
        'robot', robot.name, log_level=given.text('log_level'), namespace=robot.name,
        parameters=[*given.file('params_file'), {
            'swarm_file': source,
            'robot_name': robot.name,
            'storage_dir': given.text('storage_dir'),
            'pose_source': given.text('pose_source'),
            'cmd_vel_stamped': given.flag('cmd_vel_stamped'),
            'radio_filter': given.flag('radio_filter'),
            'use_sim_time': given.flag('use_sim_time'),
        }],
    )]


def generate_launch_description():
    """Return the arguments and the robot's process."""
    return actions.description(ARGUMENTS, start)
