# SPDX-License-Identifier: Apache-2.0
"""The embedded world on a clock set by hand: it catches up with a busy host, not with a pause."""

from types import SimpleNamespace

import pytest
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live.world import CATCH_UP_NS, LiveWorld, WorldPeriods
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.transport.messages import messages
from swarm_coordination.units import NS_PER_MS, NS_PER_S

pytestmark = pytest.mark.dds
TYPES = messages()
FAST = TYPES.Twist(linear=TYPES.Vector3(x=1.0, y=0.0, z=0.0))


class Bench:
    """A world of three robots without DDS."""

    types, active = TYPES, True

    def __init__(self):
        self.time_ns = 100 * NS_PER_S
        self.takers, self.seen, self.said, self.asked = {}, {}, [], {}
        self.clock = SimpleNamespace(now=lambda: self.time_ns, stamp=TYPES.Time)
        robots = load_swarm(find_swarm_file(None)).first(3).robots
        self.world = LiveWorld(
            self, robots, RadioSettings(), WorldSettings(), 1, WorldPeriods(), tf=True)

    def publisher(self, kind, topic, profile):
        """Keep what is published."""
        return self.seen.setdefault(topic, []).append

    def subscribe(self, kind, topic, profile, take):
        """Remember who takes what."""
        self.takers[topic] = take

    def serve(self, service, name, handler):
        """Remember who answers."""
        self.asked[name] = handler

    def say(self, text, level='info'):
        """Keep what is said."""
        self.said.append(text)

    def x(self):
        """Return where robot1 is."""
        return self.seen['/swarm/world'][-1].positions[0].x

    def let(self, pass_ns):
        """Let so much time pass at once."""
        self.time_ns += pass_ns
        self.world.step()


@pytest.fixture
def bench():
    """Give a ``Bench`` whose robot1 was told to move on at 1 m/s."""
    made = Bench()
    made.let(20 * NS_PER_MS)
    made.takers['/robot1/cmd_vel'](FAST)
    return made


def test_what_a_busy_host_owes_is_made_up_for(bench):
    began = bench.x()
    bench.let(300 * NS_PER_MS)
    assert bench.x() - began == pytest.approx(0.3, abs=0.03)
    assert bench.said == []


def test_over_a_long_pause_the_world_stands_and_its_robots_brake(bench):
    began, steps = bench.x(), []
    step = bench.world._world.step
    bench.world._world.step = lambda now: steps.append(now) or step(now)
    bench.let(3600 * NS_PER_S)
    assert len(steps) * bench.world._world.step_ns <= CATCH_UP_NS
    assert bench.said == ['the world stood still for 3599.000 s']
    assert bench.x() == pytest.approx(began, abs=0.2)
    bench.let(20 * NS_PER_MS)
    assert bench.world.next_ns > bench.time_ns
    assert len(bench.said) == 1


def test_both_links_of_every_robot_are_published(bench):
    def links(topic):
        return {(one.header.frame_id, one.child_frame_id)
                for one in bench.seen[topic][-1].transforms}

    names = ('robot1', 'robot2', 'robot3')
    assert links('/tf_static') == {('map', f'{name}/odom') for name in names}
    assert links('/tf') == {(f'{name}/odom', f'{name}/base_link') for name in names}


def test_a_cut_is_published_at_once_and_a_wrong_one_is_refused(bench):
    answers = []
    request = TYPES.services.SetPartition.Request(names=['robot1'], groups=[1])
    bench.asked['/swarm/set_partition'](request, answers.append)
    before = len(bench.seen['/swarm/radio'])
    bench.let(10 * NS_PER_MS)
    assert len(bench.seen['/swarm/radio']) == before + 1
    assert bench.seen['/swarm/radio'][-1].reception[1] == 0.0
    request.names = ['nobody']
    bench.asked['/swarm/set_partition'](request, answers.append)
    assert [answer.accepted for answer in answers] == [True, False]


def test_a_one_way_cut_leaves_the_other_way_and_ends_with_the_next_request(bench):
    answers, set_cuts = [], bench.asked['/swarm/set_partition']
    request = TYPES.services.SetPartition.Request

    def heard():
        bench.let(10 * NS_PER_MS)
        chances = bench.seen['/swarm/radio'][-1].reception
        return [k for k in range(9) if chances[k] > 0.0]

    everybody = heard()
    assert {1, 3} <= set(everybody)  # robot1 to robot2, and back
    set_cuts(request(muted=['robot1'], deaf=['robot2']), answers.append)
    assert heard() == [k for k in everybody if k != 1]
    set_cuts(request(muted=['robot1'], deaf=[]), answers.append)
    set_cuts(request(muted=['nobody'], deaf=['robot2']), answers.append)
    assert [answer.accepted for answer in answers] == [True, False, False]
    together = {'names': ['robot1', 'robot2', 'robot3'], 'groups': [1, 1, 1]}
    set_cuts(request(**together), answers.append)
    assert heard() == everybody
