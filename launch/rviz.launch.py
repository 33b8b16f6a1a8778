# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start rviz with the swarm's view; the scene comes from the ground station."""

from swarm_coordination.launching import actions

ARGUMENTS = (
    ('rviz_config', '', None, 'file of displays; empty: config/rviz/swarm.rviz'),
    actions.SIM_TIME,
    actions.PARAMS_FILE,
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return rviz; a missing file raises before it starts."""
    from swarm_coordination.launching import views

    return [views.rviz(
        given.text('log_level'), shown=given.file('rviz_config'),
        files=given.file('params_file'), decided=given.decided(use_sim_time=given.flag),
    )]


def generate_launch_description():
    """Return the arguments and rviz."""
    return actions.description(ARGUMENTS, start)
