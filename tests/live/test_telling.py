# SPDX-License-Identifier: Apache-2.0
"""What a robot tells of refused frames counts for as long as they come."""

from types import SimpleNamespace

import pytest
from swarm_coordination.live.telling import REFUSED_NS, Telling
from swarm_coordination.robot.outputs import NOTHING, RobotEvent
from swarm_coordination.robot.refusals import PERIOD_NS
from swarm_coordination.units import NS_PER_S


class Bus:
    """A bus that keeps what is said and published."""

    def __init__(self):
        self.said, self.published = [], []
        kinds = dict.fromkeys(('RobotStatus', 'LogEntry', 'MissionEvent'), SimpleNamespace)
        self.types = SimpleNamespace(swarm=SimpleNamespace(**kinds))
        self.clock = SimpleNamespace(stamp=lambda: None)

    def publisher(self, kind, topic, profile):
        return lambda message: self.published.append((topic, message))

    def say(self, text, level='info'):
        self.said.append(text)


@pytest.mark.parametrize('kind', ['frames_refused', 'joined'])
def test_a_robot_refuses_frames_until_it_has_told_so_no_more(kind):
    bus, now = Bus(), 50 * NS_PER_S
    telling = Telling(bus, SimpleNamespace(name='robot1'), 1)
    assert not telling.refusing(now)
    event = RobotEvent(now, kind, '300 frames refused so far: 300 replay', 300)
    telling.take(NOTHING._replace(events=(event,)))
    refused = kind == 'frames_refused'
    assert bus.published[0][1].text == event.text
    assert bus.said == [event.text] * refused
    assert telling.refused == event.text * refused
    assert REFUSED_NS > PERIOD_NS  # until it would be told again
    assert telling.refusing(now + REFUSED_NS) is refused
    assert not telling.refusing(now + REFUSED_NS + 1)
