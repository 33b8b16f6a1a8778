# SPDX-License-Identifier: Apache-2.0
"""Everything offered matches everything requested, ours and what others commonly use."""

import pytest
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    qos_check_compatible,
    qos_profile_sensor_data,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)
from swarm_coordination.ros import qos

pytestmark = pytest.mark.ros
PAIRS = [
    (qos.STATE_OFFERED, qos.STATE),
    (qos.TABLE_OFFERED, qos.TABLE),
    (qos.MESH, qos.MESH),
    (qos.COMMAND, qos.COMMAND),
    (qos.STATUS_OFFERED, qos.STATUS),
    (qos.LOG, qos.LOG),
    (qos.EVENTS, qos.EVENTS),
    (qos.RADIO, qos.RADIO),
    (qos.WORLD, qos.WORLD),
    # Others' publishers: a plain one, a driver's, a bag's; others' subscribers: rviz, Nav2.
    (QoSProfile(depth=10), qos.STATE),
    (qos_profile_sensor_data, qos.STATE),
    (qos.MARKERS, QoSProfile(depth=10)),
    (qos.COMMAND, QoSProfile(depth=1)),
    (qos.COMMAND, qos_profile_sensor_data),
    (qos.STATUS_OFFERED, qos_profile_sensor_data),
    (qos.DIAGNOSTICS, QoSProfile(depth=10)),
]


@pytest.mark.parametrize('number', range(len(PAIRS)))
def test_what_is_offered_matches_what_is_requested(number):
    offered, requested = PAIRS[number]
    compatibility, reason = qos_check_compatible(offered, requested)
    assert compatibility is not QoSCompatibility.ERROR, reason


@pytest.mark.parametrize('name', ['STATE', 'TABLE', 'MESH', 'COMMAND', 'STATUS', 'LOG', 'EVENTS',
                                  'RADIO', 'WORLD'])
def test_no_subscription_requests_a_deadline(name):
    assert getattr(qos, name).deadline in (Duration(), Duration(seconds=2**63 // 10**9)) or (
        getattr(qos, name).deadline.nanoseconds >= 2**63 - 1
    )


def test_a_late_joiner_gets_the_log_and_nothing_is_lost_of_it():
    assert qos.LOG.reliability is ReliabilityPolicy.RELIABLE
    assert qos.LOG.durability is DurabilityPolicy.TRANSIENT_LOCAL
