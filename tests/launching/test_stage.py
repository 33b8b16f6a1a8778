# SPDX-License-Identifier: Apache-2.0
"""Swarm file, scenario and world of a run become one file, which every process reads."""

import pytest
from swarm_coordination.configuration import config_folder, find_swarm_file, load_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.launching.stage import scenario_swarm, set_stage


def test_without_scenario_and_world_it_is_the_file_itself():
    stage = set_stage('', scenario_swarm(''), '', 3)
    assert stage.source == str(find_swarm_file(None))
    assert [robot.name for robot in stage.robots(3)] == ['robot1', 'robot2', 'robot3']


def test_the_obstacles_of_a_world_and_of_a_scenario_stand_in_the_file_of_the_run():
    stage = set_stage('', scenario_swarm('gap'), 'corridor', 3)
    alone = [set_stage('', scenario_swarm('gap'), '', 3), set_stage('', {}, 'corridor', 3)]
    counts = [len(load_swarm(one.source).area.obstacles) for one in (stage, *alone)]
    assert counts[0] == counts[1] + counts[2]
    assert min(counts[1:]) > 0


def test_a_robot_that_its_model_cannot_follow_is_refused_in_gazebo_alone():
    swift = str(config_folder() / 'robots' / 'px4.yaml')
    assert len(set_stage(swift, {}, '', 3).robots(3)) == 3
    stage = set_stage(swift, {}, 'open_field', 3)
    with pytest.raises(ConfigurationError, match='m/s in Gazebo with robot1'):
        stage.robots(3)


def test_an_unknown_world_is_refused():
    with pytest.raises(ConfigurationError, match='one of corridor'):
        set_stage('', {}, 'moon', 3)
