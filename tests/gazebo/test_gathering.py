# SPDX-License-Identifier: Apache-2.0
"""Nobody is reckoned with before all are there; a world that begins anew is seen every time."""

from swarm_coordination.gazebo.gathering import Gathering, WAITED_NS

STEP_NS = 50_000_000


def seen(gathering, names, since, until):
    """Let robots be seen each 50 ms of world time; return whether time always went forward."""
    times = range(since, until, STEP_NS)
    forward = [gathering.see(name, now) for now in times for name in names]
    return all(forward)


def test_the_world_is_whole_once_everybody_has_been_seen():
    gathering = Gathering(['a', 'b', 'c'])
    assert seen(gathering, ['a', 'b'], 0, 10 * STEP_NS)
    assert not gathering.whole
    assert gathering.see('c', 10 * STEP_NS)
    assert gathering.whole


def test_who_does_not_come_or_is_taken_out_of_the_world_is_absent_after_a_while():
    gathering = Gathering(['a', 'b'])
    late = 7 * WAITED_NS  # the node may begin long after the world
    seen(gathering, ['a'], late, late + WAITED_NS)
    assert gathering.absent == []
    seen(gathering, ['a'], late + WAITED_NS, late + WAITED_NS + 2 * STEP_NS)
    assert (gathering.absent, gathering.whole) == (['b'], False)
    seen(gathering, ['b'], late, late + STEP_NS)
    seen(gathering, ['a'], late + 2 * WAITED_NS, late + 2 * WAITED_NS + STEP_NS)
    assert (gathering.absent, gathering.whole) == (['b'], True)


def test_every_jump_back_makes_a_new_world_also_one_that_ends_later_than_the_last_one_began():
    gathering = Gathering(['a', 'b'])
    assert seen(gathering, ['a', 'b'], 40 * STEP_NS, 90 * STEP_NS)
    for reset in range(3):
        # Not to where this world began, but somewhat later, as the first word is late.
        back = (reset + 1) * STEP_NS
        assert not gathering.see('a', back)
        assert not gathering.whole  # nobody else is known to be in the new one
        assert gathering.see('b', back)
        assert gathering.whole
        assert seen(gathering, ['a', 'b'], back + STEP_NS, 50 * STEP_NS)


def test_one_word_said_twice_is_no_jump():
    gathering = Gathering(['a'])
    assert gathering.see('a', STEP_NS)
    assert gathering.see('a', STEP_NS)
    assert gathering.whole
