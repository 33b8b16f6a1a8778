# SPDX-License-Identifier: Apache-2.0
"""The reader of fields: types are exact, bounds inclusive, and nothing unknown passes."""

from dataclasses import dataclass

import pytest
from swarm_coordination.configuration.section import Section
from swarm_coordination.errors import ConfigurationError, UsageError
from swarm_coordination.settings import setting

HUGE = 10**400


@dataclass(frozen=True, slots=True)
class Knobs:
    """One setting of each type."""

    ratio: float = setting(0.5, '', 0.0, 1.0, 'a ratio')
    count: int = setting(3, '', 1, 9, 'a count')
    model: str = setting('disc', '', None, None, 'a model', choices=('disc', 'cone'))
    loud: bool = setting(False, '', None, None, 'a flag')


def section(known=None, **fields):
    return Section('file.yaml', 'at', fields, known)


READS = {
    'number': lambda of, *default: of.number('f', -1.0, 2.0, 'm', *default),
    'whole': lambda of, *default: of.whole('f', -1, 2, *default),
    'flag': lambda of, *default: of.flag('f', *default),
    'text': lambda of, *default: of.text('f', 3, *default),
    'choice': lambda of, *default: of.choice('f', ('one', 'two'), *default),
}


@pytest.mark.parametrize(('read', 'value', 'result'), [
    ('number', 2, 2.0), ('number', -1, -1.0), ('number', 1e-9, 1e-9),
    ('whole', 2, 2), ('whole', -1, -1),
    ('flag', False, False),
    ('text', 'abc', 'abc'), ('text', ' abc\n', 'abc'),
    ('choice', 'two', 'two'),
])
def test_a_value_of_its_type_within_inclusive_bounds_is_read(read, value, result):
    got = READS[read](section(f=value))
    assert got == result
    assert type(got) is type(result)


@pytest.mark.parametrize(('read', 'value', 'bound'), [
    *(('number', value, 'a number from -1 to 2 m')
      for value in (True, '1', None, [], 2.001, HUGE, -HUGE, float('nan'), float('inf'))),
    *(('whole', value, 'a whole number from -1 to 2')
      for value in (True, 1.0, '1', None, 3, -2, HUGE)),
    *(('flag', value, 'true or false') for value in (0, 1, 'true', None)),
    *(('text', value, 'text of 1 to 3 characters')
      for value in ('', '  ', 'abcd', None, ['a'])),
    ('text', 5, 'text of 1 to 3 characters, in quotes'),
    *(('choice', value, 'one of one, two') for value in ('One', '', 1, None, ['one'])),
])
def test_any_other_value_is_refused_with_file_field_value_and_bound(read, value, bound):
    with pytest.raises(ConfigurationError) as caught:
        READS[read](section(f=value))
    error = caught.value
    assert (error.source, error.field, error.bound) == ('file.yaml', 'at.f', bound)
    assert error.value is value


@pytest.mark.parametrize(('read', 'default'), [
    ('number', 0.0), ('whole', 0), ('flag', False), ('text', ''), ('choice', 'one'),
])
def test_a_field_left_out_has_its_default_and_without_one_it_is_required(read, default):
    assert READS[read](section(), default) == default
    with pytest.raises(ConfigurationError) as caught:
        READS[read](section())
    assert caught.value.bound.startswith('required: ')
    # Null is a value, and a wrong one.
    with pytest.raises(ConfigurationError):
        READS[read](section(f=None), default)


def test_an_unknown_field_is_refused_before_any_is_read():
    with pytest.raises(ConfigurationError, match=r'at\.spede: .* did you mean speed\?'):
        section(('speed', 'name'), spede=1)
    with pytest.raises(ConfigurationError, match=r'known are speed, name$'):
        section(('speed', 'name'), zzz=1)


def test_reading_a_field_that_is_not_among_the_known_is_our_own_mistake():
    with pytest.raises(UsageError, match=r'at\.speed'):
        section(('name',), name='n').number('speed', 0.0, 1.0, 'm/s', 0.5)


def test_lists_are_bounded_and_their_mappings_named_by_number():
    assert section().items('f', 0, 2) == section(f=None).items('f', 0, 2) == []
    for value in ([1, 2, 3], 'ab', {}):
        with pytest.raises(ConfigurationError, match='a list of 0 to 2 items'):
            section(f=value).items('f', 0, 2)
    with pytest.raises(ConfigurationError, match='required: a list of 1 to 2 items'):
        section().items('f', 1, 2)
    parts = section(f=[{'x': 1}, {'x': 9}]).sections('f', 1, 2, ('x',))
    with pytest.raises(ConfigurationError, match=r'at\.f\[1\]\.x: 9 '):
        [part.whole('x', 1, 2) for part in parts]
    with pytest.raises(ConfigurationError, match=r'at\.f\[0\]: 5 .* a mapping'):
        section(f=[5]).sections('f', 1, 2, ('x',))


def test_settings_left_out_keep_their_defaults():
    assert section().settings('f', Knobs) == section(f=None).settings('f', Knobs) == Knobs()
    read = section(f={'ratio': 1, 'loud': True, 'model': 'cone'}).settings('f', Knobs)
    assert read == Knobs(1.0, 3, 'cone', True)
    assert type(read.ratio) is float


@pytest.mark.parametrize(('name', 'value', 'bound'), [
    ('ratio', True, 'a number'),
    ('ratio', HUGE, 'a number'),
    ('ratio', 1.5, 'at most 1'),
    ('ratio', float('nan'), 'a finite number'),
    ('count', 2.0, 'a whole number'),
    ('count', HUGE, 'a whole number'),
    ('count', True, 'a whole number'),
    ('count', 0, 'at least 1'),
    ('model', 5, 'text'),
    ('model', 'disk', 'one of disc, cone'),
    ('loud', 1, 'true or false'),
    ('ratoi', 0.5, 'a known field: did you mean ratio?'),
])
def test_a_setting_is_checked_by_its_declaration(name, value, bound):
    with pytest.raises(ConfigurationError) as caught:
        section(f={name: value}).settings('f', Knobs)
    assert (caught.value.field, caught.value.bound) == (f'at.f.{name}', bound)


def test_settings_of_a_type_that_no_file_holds_are_our_own_mistake():
    @dataclass(frozen=True)
    class Odd:
        size: complex = setting(0j, '', None, None, 'no number of a file')

    with pytest.raises(UsageError, match='complex'):
        section(f={'size': 1}).settings('f', Odd)
