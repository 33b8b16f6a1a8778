# SPDX-License-Identifier: Apache-2.0
"""A part that has become worse is told at once, at a bounded rate; all else at a steady rhythm."""

from itertools import cycle

from diagnostic_msgs.msg import DiagnosticArray
import pytest
from ros.support import Ground
from swarm_coordination.ros import qos
from swarm_coordination.ros.adapter import Adapter
from swarm_coordination.ros.diagnosing import Cadence, LOOK_NS
from swarm_coordination.ros.health import Level, Report
from swarm_coordination.ros.options import CrazyflieOptions
from swarm_coordination.units import NS_PER_S

pytestmark = pytest.mark.ros
PERIOD_NS = 60 * NS_PER_S


def one(level, part='flight'):
    """Return a report of that level."""
    return Report(part, level, level.name.lower(), {})


class Told:
    """What a cadence tells of levels that are set by hand, while time passes."""

    def __init__(self):
        self.cadence, self.now, self.level, self.told = Cadence(), 0, Level.OK, []

    def run(self, seconds):
        """Look whenever it is due."""
        end = self.now + round(seconds * NS_PER_S)
        while max(self.now, self.cadence.due_ns) <= end:
            self.now = max(self.now, self.cadence.due_ns)
            if self.cadence.take([one(self.level), one(Level.OK, 'battery')],
                                 self.now, PERIOD_NS):
                self.told.append((self.now, self.level))
        self.now = end


def test_what_is_well_is_told_by_the_rhythm():
    told = Told()
    told.run(130.0)
    assert told.told == [(k * PERIOD_NS, Level.OK) for k in range(3)]


@pytest.mark.parametrize('level', [Level.WARN, Level.ERROR, Level.STALE])
def test_what_has_become_worse_is_told_within_a_look_and_once(level):
    told = Told()
    told.run(10.05)
    told.level = level
    told.run(30.0)
    assert [seen for _, seen in told.told] == [Level.OK, level]
    assert told.told[1][0] - 10.05 * NS_PER_S <= LOOK_NS


def test_one_fault_after_another_is_told():
    told = Told()
    for told.level in (Level.OK, Level.WARN, Level.ERROR, Level.STALE):
        told.run(1.0)
    assert [seen for _, seen in told.told] == [Level.OK, Level.WARN, Level.ERROR, Level.STALE]


def test_what_is_well_again_waits_for_the_rhythm():
    told = Told()
    told.level = Level.ERROR
    told.run(1.0)
    told.level = Level.OK
    told.run(58.0)
    assert len(told.told) == 1
    told.run(2.0)
    assert told.told[-1] == (PERIOD_NS, Level.OK)


def test_a_fault_that_flaps_is_told_at_most_five_times_a_second():
    told = Told()
    for k in range(1000):
        told.level = (Level.WARN, Level.ERROR, Level.STALE)[k % 3]
        told.run(0.01)
    assert 10 < len(told.told) <= 10 * NS_PER_S // LOOK_NS + 1


def test_a_change_of_state_is_told_whatever_it_says():
    told = Told()
    told.run(1.0)
    told.cadence.soon()
    told.run(0.01)
    assert len(told.told) == 2


class Maker(Adapter):
    """An adapter of a maker whose vehicle is as well as the test says."""

    level = Level.OK

    def act(self, now):
        """Have nothing to send."""
        return now + NS_PER_S

    def health(self):
        """Return what the test says."""
        return one(self.level, 'maker')

    def why_not(self):
        """Be always ready."""
        return ''


def test_an_adapter_tells_a_fault_at_once_however_slow_its_rhythm_is(run):
    runner = run.runner('robot1', diagnostics_period_s=60.0)
    node = Maker(runner, 'maker_adapter', CrazyflieOptions())
    runner.add(node)
    ground = Ground(run)
    ground.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    node.begin()

    def levels():
        return [status.level for array in ground.seen['/diagnostics'] for status in array.status
                if status.name == 'robot1: maker']

    turns = cycle((Level.WARN, Level.ERROR, Level.STALE))

    def flaps():
        node.level = next(turns)
        return len(levels()) >= 2  # one may have gone out before anybody listened

    assert run.spin(flaps, 20.0)
    assert Level.OK.value not in levels()[1:]
