# SPDX-License-Identifier: Apache-2.0
"""Who may be the one that others near have lost stands within the disc that they keep clear."""

from __future__ import annotations

from dataclasses import replace
import math
import random

import pytest
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.robot.parting import NEAR_SHARE, Parting
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Liveness, NeighborState

SETTINGS = RobotSettings()
NOW = 100 * NS_PER_S
NEAR_M = NEAR_SHARE * SETTINGS.control.range_m


def row(robot, x, age_s=0.1, liveness=Liveness.ALIVE):
    nowhere = (0.0, 0.0, 0.0)
    return NeighborState(robot, f'robot{robot}', (x, 0.0, 0.0), nowhere, 0.0, 0, age_s,
                         liveness, True, (), 0.0, 0, True)


def stands(*rows, voters=(1, 2, 3, 4, 5), evidence_s=0.0):
    configuration = Configuration(0, Membership.of(voters))
    raft = Raft(1, configuration, SETTINGS.consensus, random.Random(1), 0)
    evidence = None if evidence_s is None else NOW - round(evidence_s * NS_PER_S)
    return Parting(1, raft, SETTINGS)((0.0, 0.0, 0.0), rows, evidence, NOW)


def test_who_hears_everybody_flies_whoever_votes():
    assert not stands(row(2, 1.0), row(3, 2.0), voters=(7, 8, 9), evidence_s=None)


@pytest.mark.parametrize(('liveness', 'age_s'), [
    (Liveness.SILENT, 0.3), (Liveness.SUSPECT, 0.61), (Liveness.ALIVE, math.inf),
])
def test_who_lost_somebody_near_flies_with_a_majority_of_the_voters_alone(liveness, age_s):
    lost = [row(robot, 3.0, age_s, liveness) for robot in (4, 5)]
    assert not stands(row(2, 1.0), row(3, 2.0), *lost, evidence_s=None)
    # A leader of that island leads on for a while, so its word alone proves nothing.
    assert stands(row(2, 1.0), row(3, 2.0, age_s, liveness), *lost)
    assert stands(row(2, 1.0), row(3, 2.0), *lost, voters=(2, 4, 5, 6, 7))
    assert not stands(row(2, 1.0), *lost, voters=(1, 2))


def test_who_was_lost_from_further_away_may_be_out_of_range():
    lost = [row(robot, NEAR_M + 0.1, 5.0, Liveness.SILENT) for robot in (3, 4, 5)]
    assert not stands(row(2, 1.0), *lost, evidence_s=None)
    assert stands(row(2, 1.0), *lost, row(6, NEAR_M - 0.1, 0.7), evidence_s=None)


def test_where_voters_are_many_hops_away_a_leader_heard_of_long_after_the_loss_is_enough():
    far = [row(robot, 30.0, 0.9) for robot in (3, 4, 5)]
    dead = row(6, 3.0, 10.0, Liveness.SILENT)
    assert not stands(dead, *far, evidence_s=0.9)
    assert stands(dead, *far, evidence_s=1.1)
    assert stands(dead, *far, evidence_s=None)
    # Evidence may be of a majority that was there before the loss, and is not any more.
    assert stands(dead._replace(age_s=2.7), *far)
    assert stands(dead, *far, row(2, 3.0, 0.7))


def test_who_stands_goes_on_only_once_there_was_no_reason_to_stand_for_that_long():
    raft = Raft(1, Configuration(0, Membership.of((1, 2, 3))), SETTINGS.consensus,
                random.Random(1), 0)
    parting = Parting(1, raft, SETTINGS)
    lost = row(3, 3.0, 1.0, Liveness.SILENT)

    def at(seconds, voter_age_s):
        now = NOW + round(seconds * NS_PER_S)
        return parting((0.0, 0.0, 0.0), (row(2, 30.0, voter_age_s), lost), None, now)

    # A voter many hops away, whose rows are now a little younger and now a little older than P.
    assert not at(0.0, 0.55)
    assert [at(0.1, 0.62), at(0.2, 0.55), at(0.7, 0.55)] == [True, True, False]
    assert [at(0.8, 0.62), at(1.3, 0.58), at(1.35, 0.62), at(1.9, 0.58)] == [True] * 4
    assert not at(1.96, 0.58)


@pytest.mark.parametrize('control', [
    ControlSettings(),
    replace(ControlSettings(), speed_max_mps=0.3, hold_s=0.25, period_s=0.1,
            command_timeout_s=1.0, deceleration_mps2=0.5),
])
def test_the_disc_kept_clear_around_it_holds_its_way_until_it_stands(control):
    mission_s = SETTINGS.mesh.beacon_period_s  # from one look to the next
    way_s = control.pose_period_s + control.parting_time_s + mission_s + control.period_s
    braking_m = control.speed_max_mps ** 2 / (2.0 * control.deceleration_mps2)
    way_m = control.speed_max_mps * way_s + braking_m
    assert way_m <= control.stopping_distance_m + 1e-9
    assert way_m > 0.8 * control.stopping_distance_m  # and no sooner than it has to
