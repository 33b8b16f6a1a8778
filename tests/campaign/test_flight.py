# SPDX-License-Identifier: Apache-2.0
"""Controllers on: robots fly missions through faults, and keep their distance."""

from __future__ import annotations

import math

import pytest
from swarm_coordination.campaign.campaign import play_seed
from swarm_coordination.campaign.faults import Fault, LEADER
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.simulation.world import Plant

SHORT = Schedule('flying', 3, 3, 'full', (1, 5), (0, 500), 9_000, 12_000, (
    Fault(3_000, 'crash', (LEADER,), 2_000, (0,)),
    Fault(5_500, 'pause', (0,), 1_000, (1,)),
))

# 17, 19 and 49 end too near to each other where those without a majority do not stand; the others
# are among those of the first hundred in which robots come nearest.
SEEDS = (17, 19, 23, 24, 28, 36, 40, 49, 56, 62)


# 1 ends too near where those without a majority do not stand; in the others robots come nearest.
JAMMED = (1, 26, 46, 81)


@pytest.mark.parametrize(('profile', 'seed'), [
    *(('flying', seed) for seed in SEEDS), *(('jammed', seed) for seed in JAMMED),
])
def test_robots_keep_their_distance_through_the_faults_of_a_seed(profile, seed):
    outcome = play_seed(profile, seed)
    assert outcome.rule == '', outcome.text


def test_a_jam_deafens_who_flies_into_its_zone_and_no_longer_who_has_left_it():
    jam = Fault(1_000, 'jam', (), 6_000, (6_000, 0, 2_000))
    run = Run(Schedule('jammed', 1, 3, 'full', (1, 5), (0, 500), 8_000, 9_000, (jam,)))
    plant = run._flight._world.plants[run.arena.nodes[0].name]
    home, heard = plant.state, []
    for at_ms, x in ((900, 0.0), (1_500, 0.0), (2_000, 6.0), (4_000, 0.0)):
        plant.state = home._replace(x=x)
        run.advance_to(at_ms)
        heard.append(0 in run.arena.air.hears(1))
    assert heard == [True, True, False, True]


def test_a_robot_whose_radio_fails_among_the_others_does_not_seek_them_there():
    cut = Fault(2_600, 'island', (1,), 16_500)
    run = Run(Schedule('flying', 1, 4, 'full', (1, 8), (0, 500), 20_000, 38_000, (cut,)))
    outcome = run.play()
    assert outcome.rule == '', outcome.text


def test_robots_fly_missions_through_a_crash_and_a_pause_and_keep_their_distance():
    run = Run(SHORT)
    starts = [run.arena.air.where(robot) for robot in range(3)]
    outcome = run.play()
    assert outcome.rule == '', outcome.text
    assert all(math.dist(start, run.arena.air.where(robot)) > 0.5
               for robot, start in enumerate(starts))
    assert run._flight is not None and run._flight.closest_m < 3.0


def test_robots_that_fly_straight_to_each_other_are_found(monkeypatch):
    fly = Plant.command

    def rush(self, command, now):
        fly(self, command._replace(vx=-self.state.x, vy=-self.state.y), now)

    monkeypatch.setattr(Plant, 'command', rush)
    assert Run(SHORT).play().rule == 'Safety distance'


def test_a_flight_repeats_itself():
    short = SHORT._replace(calm_ms=4_000, end_ms=4_500, faults=SHORT.faults[:1])
    first, second = (Run(short).play() for _ in range(2))
    assert first == second
    assert first.rule == ''
