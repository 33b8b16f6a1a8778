# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start one robot: what runs on a robot's own computer, in its namespace."""

from swarm_coordination.launching import actions

ARGUMENTS = (
    ('namespace', None, None, "the robot's name in the swarm file, and its namespace"),
    ('storage_dir', None, None, "folder of the robot's provisioned storage"),
    actions.SWARM_FILE,
    actions.VEHICLE,
    ('pose_source', '', ('', 'pose', 'tf', 'start'),
     'pose: topic pose in map; tf: odom and map -> odom; start: odom from the start pose; '
     "empty: params_file's, else pose"),
    ('cmd_vel_stamped', '', actions.MAYBE,
     "TwistStamped on cmd_vel instead of Twist; empty: params_file's, else false"),
    ('radio_filter', '', actions.MAYBE,
     "simulation only: draw reception by /swarm/radio; empty: params_file's, else false"),
    actions.SIM_TIME,
    actions.PARAMS_FILE,
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the robot's processes; a wrong argument or file raises before they start."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.launching.vehicle import adapter, check_vehicle

    source = str(find_swarm_file(given.text('swarm_file') or None))
    robot = load_swarm(source).robot(given.text('namespace'))
    vehicle, files = given.text('vehicle'), given.file('params_file')
    check_vehicle(vehicle, [robot], files, given.text('pose_source'))
    chosen = given.decided(
        pose_source=given.text, cmd_vel_stamped=given.flag, radio_filter=given.flag,
        use_sim_time=given.flag,
    )
    place = {'swarm_file': source, 'robot_name': robot.name,
             'storage_dir': given.text('storage_dir')}
    defaults = {'publish_tf': 'none' if simulated(given, robot.name, files) else 'pose'}
    return [
        actions.process(
            'robot', robot.name, actions.ROBOT_NODES, namespace=robot.name,
            log_level=given.text('log_level'), defaults=defaults, files=files,
            decided={**chosen, **place},
        ),
        *adapter(vehicle, robot.name, given, files),
    ]


def simulated(given, name, files):
    """Return whether the robot is in a simulated world, which says where base_link is."""
    from swarm_coordination.launching.params_file import said

    if given.text('radio_filter'):
        return given.flag('radio_filter')
    in_file = said(files, f'/{name}/coordinator', 'radio_filter')
    return in_file is not None and bool(in_file.value)


def generate_launch_description():
    """Return the arguments and the robot's processes."""
    return actions.description(ARGUMENTS, start)
