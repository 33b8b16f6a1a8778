# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start the ground station: the scene for rviz, metrics for Prometheus."""

from swarm_coordination.launching import actions

ARGUMENTS = (
    actions.SWARM_FILE,
    ('metrics_port', '', None,
     "port of /metrics; 0: no metrics; empty: params_file's, else 9410"),
    ('metrics_address', '', None,
     "address of /metrics; 0.0.0.0: for other hosts too; empty: params_file's, else 127.0.0.1"),
    actions.SIM_TIME,
    actions.PARAMS_FILE,
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the station's process; a wrong argument or file raises before it starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.launching import views

    source = str(find_swarm_file(given.text('swarm_file') or None))
    load_swarm(source)
    chosen = given.decided(
        metrics_port=given.count, metrics_address=given.text, use_sim_time=given.flag
    )
    return [views.station(
        source, given.text('log_level'), files=given.file('params_file'), decided=chosen
    )]


def generate_launch_description():
    """Return the arguments and the station's process."""
    return actions.description(ARGUMENTS, start)
