# SPDX-License-Identifier: Apache-2.0
"""A stop is a stop: whatever disk its issuer lost, whatever counters a lifting was to name."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import Disk, provision, RobotsOnOneRadio
from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import ClientCommand, encode_command, LiftStop
from swarm_coordination.persistence import fresh
from swarm_coordination.views import Mode

# The life before raised a stop in its third incarnation, or in its first as the new one does.
LIVES = pytest.mark.parametrize('lives', [3, 1])


def with_a_lifted_stop(lives: int) -> RobotsOnOneRadio:
    """Return three robots; robot 0 is dead, has lost its disk, and its stop was lifted."""
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    for _ in range(lives - 1):
        swarm.kill(0)
        swarm.start(0)
        swarm.run(1.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    swarm.robot(1).propose(swarm.robot(1).coordinator.lift_command(), swarm.now)
    swarm.run(1.0)
    assert modes(swarm) == [Mode.IDLE] * 3
    swarm.kill(0)
    lost = fresh(provision(3, 0))._replace(may_vote=False, reason='the log is missing')
    swarm.disks[0] = Disk(lost)
    return swarm


def modes(swarm: RobotsOnOneRadio) -> list[Mode]:
    return [swarm.status(at).mode for at in range(3)]


def lifted_by(swarm: RobotsOnOneRadio, at: int) -> list[Mode]:
    """Lift what is in force at a robot; return what the robots do then."""
    swarm.robot(at).propose(swarm.robot(at).coordinator.lift_command(), swarm.now)
    swarm.run(1.0)
    return modes(swarm)


@LIVES
def test_a_stop_raised_at_once_after_a_lost_disk_stops_everybody(lives: int) -> None:
    swarm = with_a_lifted_stop(lives)
    swarm.start(0)
    swarm.run(0.03)
    swarm.robot(0).stop(2, swarm.now)
    for _ in range(6):
        swarm.run(0.5)
        assert modes(swarm) == [Mode.STOPPED] * 3
    assert lifted_by(swarm, 1) == [Mode.IDLE] * 3


@LIVES
@pytest.mark.parametrize('restarts', [0, 4])
def test_a_stop_raised_in_an_island_after_a_lost_disk_stops_everybody(
    lives: int, restarts: int
) -> None:
    swarm = with_a_lifted_stop(lives)
    swarm.start(0)
    swarm.cut = {0}
    swarm.run(1.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(1.0)
    for _ in range(restarts):  # so many that others hold no later incarnation of it
        swarm.kill(0)
        swarm.start(0)
        swarm.run(0.2)
    swarm.cut = set()
    swarm.run(0.5)
    for _ in range(6):
        swarm.run(0.5)
        assert modes(swarm) == [Mode.STOPPED] * 3
    assert lifted_by(swarm, 1) == [Mode.IDLE] * 3


def test_a_stop_raised_anew_is_on_disk_before_the_incarnation_that_it_is_under() -> None:
    swarm = with_a_lifted_stop(3)
    swarm.start(0)
    swarm.cut = {0}
    swarm.run(1.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.2)
    swarm.cut = set()
    before = swarm.disks[0].held
    assert swarm.until(lambda: swarm.disks[0].held.incarnation > before.incarnation, 3.0)
    held = swarm.disks[0].held
    assert held.stops[0].counter > before.stops[0].counter
    assert held.stops[0].counter >> 20 == held.incarnation


@pytest.mark.parametrize('ahead', [1, COUNTER_MAX])
@pytest.mark.parametrize('wrapped', [False, True])
def test_nobody_lifts_a_stop_that_was_not_raised_yet(ahead: int, wrapped: bool) -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    counter = swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    for issuer, known in ((1000, counter), (1001, 0)):
        lifting = LiftStop(((issuer, min(known + ahead, COUNTER_MAX)),))
        command = ClientCommand(1, 1, lifting) if wrapped else lifting
        with pytest.raises(CommandError, match=f'of robot {issuer} is not valid.* is {known}$'):
            swarm.robot(1).propose(encode_command(command).decode(), swarm.now)
    assert lifted_by(swarm, 1) == [Mode.IDLE] * 3
    # Once more, by somebody who does not know that it is done.
    swarm.robot(2).propose(encode_command(LiftStop(((1000, counter),))).decode(), swarm.now)
