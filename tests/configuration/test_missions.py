# SPDX-License-Identifier: Apache-2.0
"""Mission files: metres in, a checked start_mission out, or an error before the first byte."""

from pathlib import Path

import pytest
from swarm_coordination.configuration import load_mission, load_swarm, read_mission
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mission.commands import (
    Change,
    decode_command,
    encode_command,
    StartMission,
)
from swarm_coordination.mission.formations import Formation, minority_size, slot_offsets

CONFIG = Path(__file__).resolve().parents[2] / 'config'
SWARM = load_swarm(CONFIG / 'swarm.yaml')
SHIPPED = sorted((CONFIG / 'missions').glob('*.yaml'))


def document(**changes):
    fields = {
        'name': 'test',
        'formation': {'shape': 'line', 'spacing_m': 3},
        'path': [[0, 0], [4.0005, -2, 1.5]],
        'speed_mps': 0.5,
    }
    fields.update(changes)
    return {key: value for key, value in fields.items() if value is not None}


def test_metres_and_seconds_become_whole_millimetres_and_milliseconds():
    command = read_mission(document(yaw_rad=0.5, lease_s=2.5, on_loss='keep_slots'), 'test.yaml')
    assert command == StartMission(
        'test',
        Formation('line', 3000),
        ((0, 0, 0), (4000, -2000, 1500)),
        500,
        2500,
        500,
        'keep_slots',
    )


def test_the_lease_is_the_swarms_where_the_mission_has_none():
    assert read_mission(document(), 'test.yaml', '', SWARM).lease_ms == 5000


def test_custom_layouts_are_listed_by_number_of_robots():
    custom = {2: [[0, 0], [0, 3]], 1: [[0, 0]]}
    formation = {'shape': 'custom', 'spacing_m': 3, 'custom': custom}
    command = read_mission(document(formation=formation), 'test.yaml', '', SWARM.first(2))
    assert command.formation.custom == (((0, 0, 0),), ((0, 0, 0), (0, 3000, 0)))


@pytest.mark.parametrize(
    ('changes', 'field', 'bound'),
    [
        ({'name': None}, 'name', 'required'),
        ({'name': 5}, 'name', 'text'),
        ({'name': 'No Spaces'}, 'mission', 'name: '),
        ({'speed': 1}, 'speed', 'did you mean speed_mps?'),
        ({'speed_mps': '0.5'}, 'speed_mps', 'a number from 0.001 to 10 m/s'),
        ({'speed_mps': float('nan')}, 'speed_mps', 'a number'),
        ({'speed_mps': 1.0}, 'mission', 'at most 900 mm/s'),
        ({'path': []}, 'path', '1 to 16'),
        ({'path': [[0]]}, 'path', '[x, y]'),
        ({'path': [[0, True]]}, 'path', 'a number'),
        ({'path': [[0, 20_000]]}, 'path', 'to 10000 m'),
        ({'on_loss': 'pray'}, 'on_loss', 'one of repack, keep_slots'),
        ({'lease_s': 0.1}, 'lease_s', 'from 0.5'),
        ({'formation': {'shape': 'blob', 'spacing_m': 3}}, 'formation.shape', 'one of line'),
        ({'formation': {'shape': 'v', 'spacing_m': 0.9}}, 'mission', 'safety distance 0.6 m'),
        ({'formation': {'shape': 'line', 'spacing_m': 9.6}}, 'mission', 'kept range'),
        ({'formation': {'shape': 'v', 'spacing_m': 3, 'gap_m': 6}}, 'formation.gap_m', 'groups'),
        ({'formation': {'shape': 'groups', 'spacing_m': 3}}, 'formation.gap_m', 'groups'),
        (
            {'formation': {'shape': 'groups', 'spacing_m': 3, 'gap_m': 3.2}},
            'mission',
            'both stopping distances',
        ),
        (
            {'formation': {'shape': 'groups', 'spacing_m': 3, 'gap_m': 9.6}},
            'mission',
            'kept range',
        ),
        (
            {'formation': {'shape': 'custom', 'spacing_m': 3, 'custom': {2: [[0, 0]]}}},
            'formation.custom.2',
            '2 points',
        ),
        (
            {'formation': {'shape': 'custom', 'spacing_m': 3, 'custom': {1: [[0, 0]]}}},
            'mission',
            'no layout for 2 robots',
        ),
    ],
)
def test_a_wrong_mission_is_refused_with_file_field_and_bound(changes, field, bound):
    with pytest.raises(ConfigurationError) as caught:
        read_mission(document(**changes), 'test.yaml', '', SWARM)
    assert caught.value.source == 'test.yaml'
    assert caught.value.field == field
    assert bound in caught.value.bound


def test_a_mission_inside_another_file_is_named_by_its_place():
    with pytest.raises(ConfigurationError) as caught:
        read_mission(document(speed_mps=0), 'scenario.yaml', 'phases[2].mission')
    assert caught.value.field == 'phases[2].mission.speed_mps'


def test_four_missions_are_shipped():
    names = [path.stem for path in SHIPPED]
    assert names == ['circle_hold', 'line_sweep', 'two_groups', 'v_patrol']


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize('robots', range(5, 13))
def test_a_shipped_mission_can_be_flown_by_any_number_of_robots(path, robots):
    command = load_mission(path, SWARM.first(robots))
    assert command.name == path.stem
    assert decode_command(encode_command(command)) == command


def test_the_shipped_groups_stay_within_radio_range_and_can_both_stop():
    command = load_mission(CONFIG / 'missions' / 'two_groups.yaml', SWARM)
    control = SWARM.robots[0].settings.control
    gap = command.formation.gap_mm / 1000.0
    assert gap > control.safety_distance_m + 2.0 * control.stopping_distance_m
    assert gap < control.kept_range_m
    for count in range(5, 13):
        offsets = slot_offsets(command.formation, count)
        assert len({y for _, y, _ in offsets[: minority_size(count)]}) == 1


def test_what_a_mission_does_on_the_way_and_after_a_loss_is_read():
    command = read_mission({
        'name': 'gap', 'formation': {'shape': 'v', 'spacing_m': 4.0},
        'path': [[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]], 'speed_mps': 0.5,
        'changes': [{'waypoint': 1, 'formation': {'shape': 'column', 'spacing_m': 2.0},
                     'yaw_rad': 0.5}],
        'rearrange': False, 'rendezvous': [5.0, 1.0, 2.0], 'resilience': 1,
    }, 'test')
    assert command.changes == (Change(1, Formation('column', 2000), 500),)
    assert (command.rearrange, command.rendezvous) == (False, (5000, 1000, 2000))
    assert command.resilience == 1


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ([{'waypoint': 2, 'formation': {'shape': 'line', 'spacing_m': 2.0}}], 'waypoint'),
        ([{'waypoint': 1}], 'formation'),
        ([{'waypoint': 1, 'formation': {'shape': 'box', 'spacing_m': 2.0}}], 'shape'),
    ],
)
def test_a_change_where_no_path_leads_or_to_no_formation_is_refused(changes, reason):
    with pytest.raises(ConfigurationError, match=reason):
        read_mission({
            'name': 'gap', 'formation': {'shape': 'v', 'spacing_m': 4.0},
            'path': [[0.0, 0.0], [10.0, 0.0]], 'speed_mps': 0.5, 'changes': changes,
        }, 'test')
