# SPDX-License-Identifier: Apache-2.0
"""What a robot does not believe of its own pose it does not tell the others either."""

from robot.swarm_of_robots import RobotsOnOneRadio
from swarm_coordination.mission.commands import encode_command, StartMission
from swarm_coordination.mission.formations import Formation

FAR = StartMission('far', Formation('line', 3000), ((50_000, 0, 0),), 500, 60_000)


def row(robots, of):
    """Return what robot 0 has in its table of another one."""
    rows = robots.robot(0).coordinator.table.neighbors
    return next(row for row in rows if row.robot == 1000 + of)


def test_a_pose_that_jumps_is_told_to_nobody_and_the_one_before_ages():
    robots = RobotsOnOneRadio(2)
    robots.run(2.0)
    assert row(robots, 1).age_s < 0.2
    robots.off_m[1] = 40.0
    robots.run(1.0)
    assert row(robots, 1).position[0] == 3.0
    assert 0.9 < row(robots, 1).age_s < 1.2
    del robots.off_m[1]
    robots.run(0.3)
    assert row(robots, 1).age_s < 0.2


def test_a_robot_localised_anew_is_told_where_it_is_once_it_could_have_flown_there():
    robots = RobotsOnOneRadio(2)
    robots.run(2.0)
    robots.off_m[1] = 3.0
    robots.run(1.5)
    assert row(robots, 1).position[0] == 3.0
    robots.run(0.8)
    assert row(robots, 1).position[0] == 6.0
    assert row(robots, 1).age_s < 0.2


def test_a_frozen_pose_is_told_to_nobody_and_ages_until_it_moves():
    robots = RobotsOnOneRadio(3)
    assert robots.until(lambda: robots.status(0).leader != 0, 5.0)
    robots.run(1.0)
    frozen = next(at for at in (1, 2) if at != robots.leader())
    robots.robot(robots.leader()).propose(encode_command(FAR).decode(), robots.now)
    assert robots.until(lambda: robots.status(frozen).slot >= 0, 5.0)
    robots.run(1.0)
    assert row(robots, frozen).age_s < 0.2
    robots.frozen.add(frozen)
    robots.run(2.0)
    control = robots.settings.control
    free_s = (control.pose_jump_m / control.speed_max_mps) + control.pose_timeout_s
    assert 1.8 - free_s < row(robots, frozen).age_s < 2.2 - free_s
    assert row(robots, frozen).age_s > control.age_max_s  # certifies nothing any more
    robots.frozen.clear()
    robots.run(0.3)
    assert row(robots, frozen).age_s < 0.2
