# SPDX-License-Identifier: Apache-2.0
"""
Every QoS profile of the stack, each with its reason, for rclpy and Cyclone DDS alike.

A deadline is only ever offered, never requested: a request matches no publisher that offers
none (a plain ``ros2 topic pub``, a bag). Staleness is a watchdog of ours.
"""

from __future__ import annotations

from typing import NamedTuple

# Frames that may wait while the executor is busy: each of 63 others (the table's bound) sends 20
# beacons a second, so this is 0.2 s of all of them; older ones would be discarded anyway after a
# tick gap of 0.3 s.
FRAME_DEPTH = 256
# One robot's log between two starts of an observer: more than a demo commits, 0.5 MB at most.
LOG_DEPTH = 1000
EVENT_DEPTH = 200


class Profile(NamedTuple):
    """Quality of service of one topic: history keeps the last ``depth``."""

    depth: int
    reliable: bool = False
    latched: bool = False  # durability transient local
    deadline_s: float | None = None


# Pose, odometry: only the newest counts, and resending an old one would delay it.
STATE = Profile(1)
# The same as offered by our own world: 50 Hz with room for a slow host.
STATE_OFFERED = Profile(1, deadline_s=0.5)
# Between the two nodes of a robot: a level, repeated 20 times a second.
TABLE = Profile(1)
TABLE_OFFERED = Profile(1, deadline_s=0.5)
# The air: a lost frame is lost; the mesh repeats what matters.
MESH = Profile(FRAME_DEPTH)
# Velocity set-points: reliable, as bases (Nav2, ros2_control) subscribe either way; only the
# newest is of use.
COMMAND = Profile(1, reliable=True)
# Status: a level as well, but one sample waits for an observer that was busy.
STATUS = Profile(5)
STATUS_OFFERED = Profile(5, deadline_s=2.0)
# Committed entries: each exactly once, in order, and a late joiner gets those before it.
LOG = Profile(LOG_DEPTH, reliable=True, latched=True)
# Events: the same for what people should not miss.
EVENTS = Profile(EVENT_DEPTH, reliable=True, latched=True)
# rviz asks for reliable markers; a late rviz gets the newest.
MARKERS = Profile(1, reliable=True, latched=True)
# The convention of diagnostic_aggregator.
DIAGNOSTICS = Profile(10, reliable=True)
# Simulated radio and ground truth: levels at a fixed rate.
RADIO = Profile(1)
WORLD = Profile(10)
# The conventions of tf2: every transform; the static ones for late joiners too, and as many as a
# swarm has robots.
TF = Profile(100, reliable=True)
TF_STATIC = Profile(100, reliable=True, latched=True)
# A robot's URDF, once, as robot_state_publisher gives it.
DESCRIPTION = Profile(1, reliable=True, latched=True)
# Requests and answers of services: as rmw_qos_profile_services_default.
SERVICE = Profile(10, reliable=True)
