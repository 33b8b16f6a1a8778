# SPDX-License-Identifier: Apache-2.0
"""A state of the radio is told at once when it changes, and now and then when it does not."""

from live.hand_bus import HandBus
import pytest
from swarm_coordination.live import topics
from swarm_coordination.live.air import AirOptions
from swarm_coordination.live.truth import REPEATED_NS, Truth
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.units import NS_PER_MS, NS_PER_S, seconds_to_ns

NEAR = {'robot1': TrueState(0, 0, 0, 0, 0, 0, 0), 'robot2': TrueState(2, 0, 0, 0, 0, 0, 0)}
FAR = {**NEAR, 'robot2': TrueState(50, 0, 0, 0, 0, 0, 0)}


@pytest.fixture
def told():
    """Give what publishes, at a time, who hears whom, and how many have been told."""
    bus = HandBus()
    radio = Radio(RadioSettings(), 10.0, ('robot1', 'robot2'))
    truth = Truth(bus, radio, lambda: None)

    def publish(places, now):
        truth.publish_radio(places, bus.clock.stamp(), now)
        return sum(topic == topics.RADIO for topic, _ in bus.said)

    publish.bus = bus
    return publish


def test_the_same_state_is_told_again_only_after_a_while(told):
    for now in range(0, REPEATED_NS, 50 * NS_PER_MS):
        assert told(NEAR, now) == 1
    assert told(NEAR, REPEATED_NS) == 2
    assert told(NEAR, 2 * REPEATED_NS - 1) == 2


def test_receivers_that_miss_two_in_a_row_still_hear():
    assert seconds_to_ns(AirOptions().radio_timeout_s) > 3 * REPEATED_NS


def test_a_change_is_told_at_once(told):
    told(NEAR, 0)
    assert told(FAR, 1) == 2
    assert told(FAR, 2) == 2
    assert told(NEAR, 3) == 3


def test_a_cut_is_told_at_once_even_where_nobody_was_heard_anyway(told):
    told(FAR, 0)
    request = told.bus.types.services.SetPartition.Request(names=['robot1'], groups=[1])
    answers = []
    told.bus.handlers[topics.PARTITION_SERVICE](request, answers.append)
    assert answers[0].accepted
    assert told(FAR, 1) == 2
    assert [message.revision for _, message in told.bus.said] == [0, 1]


def test_a_world_that_begins_anew_tells_its_state(told):
    told(NEAR, 100 * NS_PER_S)
    assert told(NEAR, 0) == 2
