# SPDX-License-Identifier: Apache-2.0
"""The radio becomes rules: who hears whom, in which direction, and how much is lost."""

from swarm_coordination.netns import rules
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.simulation.radio import Radio

NAMES = ('a', 'b', 'c')
PORTS = ('p0', 'p1', 'p2')


def radio(*places, **settings):
    """Return a radio of three robots on a line, range 10 m."""
    made = Radio(RadioSettings(edge_m=0.0, **settings), 10.0, NAMES)
    made.place({n: TrueState(x, 0, 0, 0, 0, 0, 0) for n, x in zip(NAMES, places)})
    return made


def test_robots_near_each_other_lose_the_share_of_the_model():
    assert rules.losses(radio(0, 1, 2, loss=0.3).matrix()) == {
        (a, b): 300 for a in range(3) for b in range(3) if a != b
    }


def test_who_is_out_of_range_loses_everything_and_others_nothing():
    assert rules.losses(radio(0, 5, 14, loss=0.0).matrix()) == {(0, 2): 1000, (2, 0): 1000}


def test_islands_hear_nothing_of_each_other_until_they_heal():
    made = radio(0, 1, 2, loss=0.0)
    made.cut((('a',), ('b', 'c')))
    assert set(rules.losses(made.matrix())) == {(0, 1), (0, 2), (1, 0), (2, 0)}
    made.cut(None)
    assert rules.losses(made.matrix()) == {}


def test_a_muted_robot_is_not_heard_and_goes_on_hearing():
    made = radio(0, 1, 2, loss=0.0)
    before = made.cuts
    made.mute('a', ('b',))
    assert rules.losses(made.matrix()) == {(0, 1): 1000}
    assert made.cuts != before
    assert ('a', 'b') not in made.links()
    made.cut(None)
    assert rules.losses(made.matrix()) == {}
    assert made.cuts == before


def test_rules_replace_each_other_at_once_and_draw_only_for_a_part():
    assert rules.update({(0, 1): 1000, (1, 2): 25}, PORTS).splitlines() == [
        'flush chain bridge swarm forward',
        'add rule bridge swarm forward iifname "p0" oifname "p1" drop',
        'add rule bridge swarm forward iifname "p1" oifname "p2" '
        'numgen random mod 1000 < 25 drop',
    ]
