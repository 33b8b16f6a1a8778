# SPDX-License-Identifier: Apache-2.0
"""The swarm file: precedence, and an error with file, field, value and bound for all else."""

import itertools
import math
from pathlib import Path
import re

import pytest
from swarm_coordination.configuration import load_swarm
from swarm_coordination.configuration.groups import config_hash, GROUPS
from swarm_coordination.configuration.swarm import ROBOTS_MAX
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import declared

SHIPPED = Path(__file__).resolve().parents[2] / 'config' / 'swarm.yaml'
SMALL = """
all:
  control: {gain: 0.5, yaw_gain: 0.5, period_s: 0.04}
robot_types:
  holonomic: {kind: holonomic, control: {gain: 0.6, yaw_gain: 0.6}}
robots:
  robot1: {type: holonomic, start: {x_m: 0, y_m: 0}, control: {gain: 0.7}}
  robot2: {type: holonomic, start: {x_m: 3.0, y_m: 0.0, z_m: 0.5, yaw_rad: 1.5}}
"""


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        path = tmp_path / 'swarm.yaml'
        path.write_text(text, encoding='utf-8')
        return load_swarm(path)

    return write_and_load


def refused(load, text):
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert caught.value.source.endswith('swarm.yaml')
    return caught.value


def test_a_robot_goes_before_its_type_and_that_before_all(load):
    swarm = load(SMALL)
    first, second = (robot.settings.control for robot in swarm.robots)
    assert (first.gain, first.yaw_gain, first.period_s) == (0.7, 0.6, 0.04)
    assert (second.gain, second.yaw_gain, second.period_s) == (0.6, 0.6, 0.04)
    assert swarm.robot('robot2').start == (3.0, 0.0, 0.5, 1.5)
    assert swarm.robot('robot1').kind == 'holonomic'


def test_a_whole_number_serves_as_a_length(load):
    start = load(SMALL).robots[0].start
    assert start == (0.0, 0.0, 0.0, 0.0)
    assert isinstance(start.x, float)


@pytest.mark.parametrize(
    ('old', 'new', 'field', 'bound'),
    [
        ('gain: 0.7', 'gian: 0.7', 'robots.robot1.control.gian', 'did you mean gain?'),
        ('gain: 0.7', 'gain: high', 'robots.robot1.control.gain', 'a number 1/s'),
        ('gain: 0.7', 'gain: true', 'robots.robot1.control.gain', 'a number 1/s'),
        ('gain: 0.7', 'gain: .nan', 'robots.robot1.control.gain', 'a finite number'),
        ('gain: 0.7', 'gain: 21', 'robots.robot1.control.gain', 'at most 20 1/s'),
        ('gain: 0.7', f'gain: {10**400}', 'robots.robot1.control.gain', 'a number 1/s'),
        ('gain: 0.6', 'gain: 0', 'robot_types.holonomic.control.gain', 'at least 0.01'),
        ('gain: 0.7', 'range_m: 12', 'robots.robot1.control.range_m', 'set under all'),
        ('period_s: 0.04', 'period_s: 0.5', 'control.hold_s', 'at least period_s'),
        ('period_s: 0.04', 'kept_range_m: 10.5', 'all.control.kept_range_m', 'range_m'),
        ('{gain: 0.7}', '[1]', 'robots.robot1.control', 'a mapping'),
        ('control: {gain: 0.7}', 'controls: {}', 'robots.robot1.controls', 'mean control?'),
        ('control: {gain: 0.7}', 'mesh: {mtu_bytes: 1200.5}', 'mtu_bytes', 'a whole number'),
        ('control: {gain: 0.7}', 'consensus: {}', '', ''),
        ('type: holonomic, start: {x_m: 0', 'type: hover, start: {x_m: 0', 'type', 'holonomic'),
        ('kind: holonomic', 'kind: bird', 'robot_types.holonomic.kind', 'one of holonomic'),
        ('kind: holonomic, ', '', 'robot_types.holonomic.kind', 'required'),
        ('  holonomic: {kind', '# {kind', 'robot_types', 'at least one type'),
        ('x_m: 3.0', 'x_m: .inf', 'robots.robot2.start.x_m', 'from -100000'),
        ('x_m: 3.0, ', '', 'robots.robot2.start.x_m', 'required'),
        ('yaw_rad: 1.5', 'yaw_rad: 90', 'robots.robot2.start.yaw_rad', 'from -3.14159'),
        ('x_m: 3.0', 'x_m: 0.2', 'robots.robot2.start', 'more than 0.61 m from robot1'),
        ('x_m: 3.0', 'x_m: 9.6', 'robots.robot2.start', 'kept range'),
        ('robot2', 'Robot2', 'robots.Robot2', 'REP-144'),
        ('robot2', 'robot__2', 'robots.robot__2', 'REP-144'),
        ('robot2', '2', 'robots.2', 'REP-144'),
        ('robot2', 'r' * 33, 'robots.rrr', 'REP-144'),
        ('robot2', 'robot1', 'line 8, column 3', 'valid YAML'),
        ('robots:', 'robotz:', 'robotz', 'did you mean robots?'),
        ('all:\n', 'all:\n  mission: {lease_s: 1.5}\n', 'mission.lease_s', 'more than twice'),
        ('all:\n', 'all:\n  mesh: {link_timeout_s: 0.9}\n', 'age_max_s', 'link_timeout_s'),
        (
            'all:\n',
            'all:\n  mission: {error_free_m: 5}\n',
            'all.mission.error_free_m',
            'less than',
        ),
        (
            'all:\n',
            'all:\n  consensus: {election_timeout_min_s: 0.1}\n',
            'all.consensus.election_timeout_min_s',
            'three heartbeat periods',
        ),
        (
            'all:\n',
            'all:\n  mesh: {beacon_period_s: 0.06}\n',
            'consensus.heartbeat_period_s',
            'at least mesh.beacon_period_s',
        ),
        (
            'all:\n',
            'all:\n  mesh: {relay_period_s: 0.5}\n',
            'mesh.relay_period_s',
            'at most 0.6 of consensus.election_timeout_max_s (0.48 s)',
        ),
        (
            'period_s: 0.04',
            'period_s: 0.08',
            'control.hold_s',
            'at least control.period_s + mesh.beacon_period_s (0.13 s)',
        ),
        (
            'period_s: 0.04',
            'period_s: 0.04, age_max_s: 0.15',
            'control.age_max_s',
            'at least four beacon periods (0.2 s)',
        ),
    ],
)
def test_a_wrong_field_is_refused_with_its_name_and_bound(load, old, new, field, bound):
    assert old in SMALL
    text = SMALL.replace(old, new)
    if not field:
        load(text)
        return
    error = refused(load, text)
    assert field in error.field
    assert bound in error.bound


def test_a_table_that_cannot_hold_the_robots_of_the_file_is_refused(load):
    line = '  robot{}: {{type: holonomic, start: {{x_m: {}, y_m: 0}}}}\n'
    more = line.format(3, 6) + line.format(4, 9)
    text = SMALL.replace('all:\n', 'all:\n  mesh: {robots_max: 2}\n') + more
    error = refused(load, text)
    assert (error.field, error.value) == ('robots.robot1.mesh.robots_max', 2)
    assert error.bound == 'at least the 3 other robots of the file'
    load(text.replace('robots_max: 2', 'robots_max: 3'))


@pytest.mark.parametrize(
    ('text', 'field'),
    [
        ('', 'file'),
        ('- 1', 'file'),
        ('a: [', 'line 1'),
        ('\ta: 1', 'line 1'),
        ('? [1]\n: 2', 'line 1'),
        ('a: !!python/object:os.system {}', 'line 1'),
        ('a: 1\n---\nb: 2', 'line 2'),
        ('#' * 200_001, 'file'),
        ('robots: {}', 'robots'),
        ('a: \x00', 'file'),
        ('[' * 1500, ''),
        ('a: &x [1]\nb: *x', 'line 2'),
    ],
)
def test_what_is_no_swarm_file_is_refused(load, text, field):
    assert field in refused(load, text).field


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigurationError, match=r'nowhere\.yaml: file: .* can be read'):
        load_swarm(tmp_path / 'nowhere.yaml')


def test_too_many_robots_are_refused(load):
    robots = '\n'.join(
        f'  robot{k}: {{type: holonomic, start: {{x_m: {k}, y_m: 0}}}}'
        for k in range(ROBOTS_MAX + 1)
    )
    head = SMALL.split('robots:')[0]
    assert refused(load, f'{head}robots:\n{robots}').field == 'robots'


def test_the_hash_covers_shared_settings_and_nothing_else(load):
    plain = load(SMALL).config_hash
    assert 0 < plain < 2**62
    assert load(SMALL.replace('gain: 0.7', 'gain: 0.9')).config_hash == plain
    assert load(SMALL.replace('x_m: 3.0', 'x_m: 4')).config_hash == plain
    other = SMALL.replace('all:\n', 'all:\n  mesh: {link_timeout_s: 2}\n')
    assert load(other).config_hash != plain
    default = SMALL.replace('all:\n', 'all:\n  mesh: {link_timeout_s: 1.5}\n')
    assert load(default).config_hash == plain


@pytest.mark.parametrize('group', GROUPS)
def test_every_shared_field_of_every_group_is_in_the_hash(group):
    defaults = {name: each.settings() for name, each in GROUPS.items()}
    before = config_hash(defaults)
    for field, declaration in declared(defaults[group]).items():
        changed = dict(defaults)
        changed[group] = _with(defaults[group], field)
        assert (config_hash(changed) != before) is declaration.shared, field


def _with(settings, field):
    """Copy settings with one number raised, passing by the checks of their constructor."""
    copy = object.__new__(type(settings))
    for name in declared(settings):
        value = getattr(settings, name)
        raised = f'{value}x' if isinstance(value, str) else value + 1
        object.__setattr__(copy, name, raised if name == field else value)
    return copy


# -- the file that is shipped -------------------------------------------------------------------


def test_the_shipped_swarm_starts_apart_and_in_contact_for_every_number_of_robots():
    swarm = load_swarm(SHIPPED)
    assert swarm.names == tuple(f'robot{number}' for number in range(1, 13))
    for count in range(1, 13):
        assert swarm.first(count).names == swarm.names[:count]
    starts = [robot.start[:3] for robot in swarm.robots]
    assert min(math.dist(a, b) for a, b in itertools.combinations(starts, 2)) > 1.5


WORST = {
    'localisation_error_m': 0.3, 'pose_period_s': 0.2, 'deceleration_mps2': 1.0,
    'command_timeout_s': 1.0, 'age_max_s': 0.8,
}


@pytest.mark.parametrize('field', WORST)
def test_how_the_others_move_and_err_is_said_of_all_robots_or_refused(load, field):
    worse = f'{field}: {WORST[field]}'
    error = refused(load, SMALL.replace('control: {gain: 0.7}', f'control: {{{worse}}}'))
    assert error.field == f'robots.robot1.control.{field}'
    assert 'set under all' in error.bound
    error = refused(load, SMALL.replace('control: {gain: 0.6,', f'control: {{{worse},'))
    assert error.field == f'robot_types.holonomic.control.{field}'
    everyone = SMALL.replace('all:\n  control: {', f'all:\n  control: {{{worse}, ')
    plain, careful = load(SMALL), load(everyone)
    assert {getattr(r.settings.control, field) for r in careful.robots} == {WORST[field]}
    assert plain.config_hash != careful.config_hash


def test_robots_of_different_kinds_share_the_worst_and_differ_in_what_is_their_own(load):
    text = SMALL.replace(
        'all:\n  control: {',
        'all:\n  control: {localisation_error_m: 0.1, deceleration_mps2: 1.0, ',
    )
    swarm = load(text.replace('control: {gain: 0.7}', 'control: {acceleration_max_mps2: 1.5}'))
    first, second = (robot.settings.control for robot in swarm.robots)
    assert first.acceleration_max_mps2 == 1.5
    assert second.acceleration_max_mps2 == 0.0
    assert first.stopping_distance_m == second.stopping_distance_m
    error = refused(
        load, text.replace('control: {gain: 0.7}', 'control: {acceleration_max_mps2: 0.9}')
    )
    assert error.field == 'robots.robot1.control.acceleration_max_mps2'


@pytest.mark.parametrize(
    ('measure', 'height_m', 'bound'),
    [
        ('dimensions: 2', 3.0, 'in the plane (it is 0.200 m)'),
        ('dimensions: 3', 3.0, None),
        ('dimensions: 3, downwash_factor: 2.0', 1.1, 'divided by 2 (downwash) (it is 0.585'),
    ],
)
def test_starts_are_apart_as_the_safety_filter_measures_it(load, measure, height_m, bound):
    text = SMALL.replace('period_s: 0.04', f'period_s: 0.04, {measure}')
    text = text.replace('x_m: 3.0, y_m: 0.0, z_m: 0.5', f'x_m: 0.2, y_m: 0.0, z_m: {height_m}')
    if bound is None:
        assert load(text).names == ('robot1', 'robot2')
        return
    error = refused(load, text)
    assert error.field == 'robots.robot2.start'
    assert bound in error.bound


def test_more_robots_than_the_file_has_are_refused():
    swarm = load_swarm(SHIPPED)
    with pytest.raises(ConfigurationError, match='1 to 12 robots'):
        swarm.first(13)
    with pytest.raises(ConfigurationError, match='one of robot1, robot2'):
        swarm.robot('robot13')


def test_the_shipped_comments_state_the_bounds_that_are_checked():
    group, seen = '', 0
    for line in SHIPPED.read_text(encoding='utf-8').split('robot_types:')[0].splitlines():
        if match := re.fullmatch(r'  (\w+):', line):
            group = match.group(1)
        elif match := re.fullmatch(r'    (\w+): (\S+)  # (.*)', line):
            name, value, comment = match.groups()
            declaration = declared(GROUPS[group].settings)[name]
            if declaration.choices:
                assert comment.startswith(' or '.join(declaration.choices) + ': '), name
                assert value in declaration.choices
                continue
            unit = f'{declaration.unit}, ' if declaration.unit else ''
            low, high = (int(b) if b == int(b) else b for b in (declaration.low, declaration.high))
            assert comment.startswith(f'{unit}{low} to {high}: '), name
            assert comment.endswith('(shared)') is declaration.shared, name
            assert float(value) == getattr(GROUPS[group].settings(), name), name
            seen += 1
    assert seen >= 15


TURNING = """
all: {control: {speed_max_mps: 0.3, recovery_speed_mps: 0.1}}
robot_types: {one: {kind: %s, control: {yaw_rate_max_radps: %s}}}
robots: {robot1: {type: one, start: {x_m: 0, y_m: 0}}}
"""


def test_a_differential_base_has_to_turn_as_fast_as_its_point_ahead_may_ask(load):
    error = refused(load, TURNING % ('differential', 1.9))
    assert error.field == 'robots.robot1.control.yaw_rate_max_radps'
    assert error.value == 1.9
    assert '2 rad/s' in error.bound and '0.285 m/s' in error.bound
    assert load(TURNING % ('differential', 2.0)).robots[0].kind == 'differential'
    assert load(TURNING % ('holonomic', 0.0)).robots[0].kind == 'holonomic'
