# SPDX-License-Identifier: Apache-2.0
"""
What only the nodes are told, beside the settings of the swarm file: one dataclass per reader.

Plain declarations, free of ROS: the nodes declare their parameters from them (``parameters``),
and docs/parameters.md is made of them (``parameter_docs``).
"""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.live.localisation import POSE_SOURCES
from swarm_coordination.live.own_frames import PUBLISHED
from swarm_coordination.settings import setting


def text(description: str, default: str = '') -> str:
    """Declare a text field without unit or bounds."""
    return setting(default, '', None, None, description)


@dataclass(frozen=True, slots=True)
class RobotPlace:
    """Which robot a node is of; enough to start it."""

    swarm_file: str = text('path of the swarm file; empty: the one installed')
    robot_name: str = text(
        "the robot's name in the swarm file; empty: the last part of the namespace"
    )
    storage_dir: str = text(
        "folder of the robot's provisioned storage (see `swarm provision`)"
    )


@dataclass(frozen=True, slots=True)
class LocalisationOptions:
    """Where both nodes of a robot have its pose in ``map`` from."""

    pose_source: str = setting(
        POSE_SOURCES[0], '', None, None,
        'pose: the topic `pose`, in map; tf: `odom` and the transform map -> <robot>/odom of /tf '
        'or /tf_static; start: `odom`, begun at the start pose of the swarm file',
        choices=POSE_SOURCES,
    )


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """Whether both nodes of a robot record every call into their cores."""

    record_dir: str = text(
        'folder that gets a recording of every call into the core (see `swarm replay`); it holds '
        "the swarm's key; empty: none"
    )


@dataclass(frozen=True, slots=True)
class CoordinatorOptions:
    """What only the coordinator node is told."""

    radio_filter: bool = setting(
        False, '', None, None, 'simulation: draw reception by /swarm/radio; false on real robots'
    )
    radio_timeout_s: float = setting(
        1.0, 's', 0.1, 60.0, 'with radio_filter: nothing is heard by a radio state older than this'
    )
    radio_seed: int = setting(1, '', 0, 2**31 - 1, 'simulation: seed of what is drawn')
    radio_latency_ms: float = setting(
        0.0, 'ms', 0.0, 1_000.0, 'simulation: delay of every frame heard'
    )
    radio_jitter_ms: float = setting(
        0.0, 'ms', 0.0, 1_000.0, 'simulation: further delay, drawn for each frame heard'
    )
    mesh_domain: int = setting(
        -1, '', -1, 232,
        'DDS domain of the mesh alone, carried by Cyclone DDS; -1: a topic of this node'
    )
    mesh_profile: str = text(
        'with mesh_domain: Cyclone DDS configuration, see config/dds; empty: CYCLONEDDS_URI'
    )
    publish_tf: str = setting(
        PUBLISHED[0], '', None, None,
        'links of map -> <robot>/odom -> <robot>/base_link that nobody else publishes. none; '
        'pose: with pose_source pose both, map -> odom the identity, odom -> base_link the pose '
        '(x, y, z, yaw); map_to_odom: from `pose` and `odom`, where the driver publishes '
        '<robot>/odom -> <robot>/base_link; odom_to_base: from `odom`, where the driver does not',
        choices=PUBLISHED,
    )
    status_period_s: float = setting(
        0.1, 's', 0.02, 10.0, 'time between two status messages; sooner when something happens',
        live=True,
    )
    propose_timeout_s: float = setting(
        5.0, 's', 0.1, 60.0,
        'a command not on disk by then is answered with an unknown outcome', live=True,
    )


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What the formation controller node and an adapter are told."""

    cmd_vel_stamped: bool = setting(
        False, '', None, None, 'TwistStamped on cmd_vel instead of Twist'
    )


@dataclass(frozen=True, slots=True)
class HealthOptions:
    """What every node that reports its health is told."""

    diagnostics_period_s: float = setting(
        1.0, 's', 0.1, 60.0,
        'time between two diagnostic messages; sooner on a fault. Who looks on takes a part for '
        'stale after 5 s', live=True,
    )


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What the embedded world is told."""

    swarm_file: str = text('path of the swarm file; empty: the one installed')
    scenario: str = text('scenario for radio and plants; empty: defaults')
    robots: int = setting(
        0, 'robots', 0, 64, 'as many of the swarm file, from the first; 0 takes all'
    )
    seed: int = setting(1, '', 0, 2**31 - 1, 'seed of the localisation noise')
    odom_period_s: float = setting(0.05, 's', 0.005, 1.0, 'time between two odometry messages')
    radio_period_s: float = setting(0.1, 's', 0.01, 1.0, 'time between two radio states')
    world_period_s: float = setting(0.05, 's', 0.01, 1.0, 'time between two world states')
    tf: bool = setting(
        True, '', None, None, 'publish map -> <robot>/odom -> <robot>/base_link where tf2_msgs is'
    )


@dataclass(frozen=True, slots=True)
class GazeboOptions:
    """What the node that stands for the radio in Gazebo is told."""

    swarm_file: str = text('path of the swarm file; empty: the one installed')
    scenario: str = text('scenario for the radio; empty: defaults')
    robots: int = setting(
        0, 'robots', 0, 64, 'as many of the swarm file, from the first; 0 takes all'
    )


@dataclass(frozen=True, slots=True)
class StationOptions:
    """What the ground station is told."""

    swarm_file: str = text('path of the swarm file; empty: the one installed')
    metrics_address: str = text(
        'address on which /metrics is served; 0.0.0.0 for all', '127.0.0.1'
    )
    metrics_port: int = setting(9410, '', 0, 65535, 'its port; 0: no metrics')
    scene_period_s: float = setting(
        0.2, 's', 0.05, 10.0, 'time between two marker arrays and pictures for the metrics',
        live=True,
    )


@dataclass(frozen=True, slots=True)
class Px4Options:
    """What the adapter of a PX4 quadrotor is told."""

    fmu: str = text("namespace of the vehicle's DDS topics; empty: none, /fmu/...")
    origin_latitude_deg: float = setting(
        0.0, 'deg', -90.0, 90.0, "latitude of map's origin, the same for all robots"
    )
    origin_longitude_deg: float = setting(0.0, 'deg', -180.0, 180.0, 'its longitude')
    origin_altitude_m: float = setting(
        0.0, 'm', -1000.0, 10_000.0, 'its height above mean sea level'
    )
    message_version: int = setting(
        1, '', 0, 99, 'version suffix of vehicle_local_position and vehicle_status; 0: none'
    )
    battery_version: int = setting(
        0, '', 0, 99, 'version suffix of battery_status; 0: none'
    )
    system_id: int = setting(1, '', 1, 255, "PX4's MAV_SYS_ID, target of commands")


@dataclass(frozen=True, slots=True)
class CrazyflieOptions:
    """What the adapter of a Crazyswarm2 robot is told."""

    crazyflie: str = text(
        "the robot's name at Crazyswarm2, of the set-points and services there; empty: as in the "
        "swarm file. Poses come on the robot's own topic pose, in map, whatever this is: under "
        'another name /NAME/pose has to be remapped or relayed to it'
    )
