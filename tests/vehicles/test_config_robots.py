# SPDX-License-Identifier: Apache-2.0
"""The files for real robots are valid as they stand, and name only what exists."""

import dataclasses
from pathlib import Path
import re

import pytest
from swarm_coordination.configuration import load_swarm
from swarm_coordination.configuration.missions import load_mission
from swarm_coordination.mission.places import Places
from swarm_coordination.ros.options import CrazyflieOptions, LocalisationOptions, Px4Options
from swarm_coordination.settings import check
from swarm_coordination.units import from_mm
from swarm_coordination.vehicles.safety import outside, SafetyOptions
from swarm_coordination.views import Pose
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
ROBOTS = sorted(p for p in (ROOT / 'config/robots').glob('*.yaml')
                if not p.name.startswith('gazebo'))
SAFETY = ROOT / 'config/robots/safety.yaml'


@pytest.mark.parametrize('path', [p for p in ROBOTS if p != SAFETY], ids=lambda p: p.stem)
def test_a_swarm_file_for_real_robots_is_valid(path):
    swarm = load_swarm(path)
    assert len(swarm.robots) >= 2
    assert {robot.kind for robot in swarm.robots} <= {'differential', 'quadrotor'}


@pytest.mark.parametrize('path', [p for p in ROBOTS if p != SAFETY], ids=lambda p: p.stem)
def test_a_mission_is_shipped_that_these_robots_accept_within_the_fence(path):
    swarm = load_swarm(path)
    command = load_mission(path.parent / 'missions' / path.name, swarm)
    fence = SafetyOptions(**yaml.safe_load(SAFETY.read_text())['/**']['ros__parameters'])
    for count in range(1, len(swarm.robots) + 1):
        places = Places(command, count)
        for waypoint in range(len(command.path)):
            for x, y, z in places.slots(places.path.arc_m(waypoint)):
                assert outside(Pose(from_mm(x), from_mm(y), from_mm(z), 0.0), fence) == ''
    deploy = (ROOT / 'docs/deploy.md').read_text()
    assert f'config/robots/missions/{path.name}' in deploy


def test_robots_in_gazebo_accept_every_mission_of_the_simulator():
    (path,) = (ROOT / 'config/robots').glob('gazebo*.yaml')
    for mission in (ROOT / 'config/missions').glob('*.yaml'):
        load_mission(mission, load_swarm(path))


def test_the_limits_are_parameters_within_their_bounds():
    node = yaml.safe_load(SAFETY.read_text())['/**']
    options = SafetyOptions(**node['ros__parameters'])
    check(options, str(SAFETY))
    assert options.fence_x_max_m < SafetyOptions().fence_x_max_m
    named = {field.name for field in dataclasses.fields(SafetyOptions)}
    assert set(node['ros__parameters']) == named


def test_what_adapters_are_told_is_for_adapters_that_the_launch_file_can_start():
    sections = yaml.safe_load(SAFETY.read_text())
    sections.pop('/**')
    launchable = {f'/**/{name}_adapter': options
                  for name, options in (('px4', Px4Options), ('crazyflie', CrazyflieOptions))}
    assert sections
    for name, section in sections.items():
        check(launchable[name](**section['ros__parameters']), str(SAFETY))


def test_the_unit_starts_the_launch_file_with_arguments_that_it_has():
    unit = (ROOT / 'config/systemd/swarm-robot.service').read_text()
    launch = (ROOT / 'launch/robot.launch.py').read_text()
    given = re.findall(r'(\w+):=', unit)
    assert set(given) == {
        'namespace', 'storage_dir', 'swarm_file', 'params_file', 'pose_source', 'vehicle'}
    for name in given:
        assert f"('{name}'" in launch or f'actions.{name.upper()}' in launch, name
    told = set(re.findall(r'\$\{(\w+)\}', unit)) - {'STATE_DIRECTORY'}
    deploy = (ROOT / 'docs/deploy.md').read_text()
    assert all(f'{name}=' in deploy for name in told)


def test_the_unit_waits_for_no_synchronised_clock():
    unit = (ROOT / 'config/systemd/swarm-robot.service').read_text()
    ordered = re.findall(r'^(?:After|Wants|Requires)=(.*)$', unit, re.MULTILINE)
    assert ordered
    assert not any('time' in names for names in ordered)


def test_what_the_guide_looks_at_is_what_it_has_installed():
    deploy = (ROOT / 'docs/deploy.md').read_text()
    install, look = (deploy.split(f'\n## {n}. ')[1].split('\n## ')[0] for n in (7, 8))
    installed = set(re.findall(r'^ *sudo install .* (/etc/swarm/\S+)', install, re.MULTILINE))
    assert {'/etc/swarm/myswarm.yaml', '/etc/swarm/robot.env'} <= installed
    assert set(re.findall(r'/etc/swarm/[\w.]+', deploy)) <= installed
    # The station listens where the robots speak; the robot's own look takes all of its unit's.
    domain = re.search(r'^ *ROS_DOMAIN_ID=\d+$', install, re.MULTILINE)[0].strip()
    assert f'export {domain} ' in look
    own = re.search(r"sudo -u swarm bash -c '([^']*)'", look)[1]
    assert 'source /etc/swarm/robot.env' in own
    told = set(re.findall(r'\$(\w+)', own))
    assert all(f'{name}=' in install for name in told)


def test_the_sources_of_poses_are_all_explained():
    deploy = (ROOT / 'docs/deploy.md').read_text()
    declared = dataclasses.fields(LocalisationOptions)[0].metadata['setting']
    assert all(f'| `{choice}` |' in deploy for choice in declared.choices)
