# SPDX-License-Identifier: Apache-2.0
"""What a file of parameters says to a node is known before it starts, by ROS's own rules."""

import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.launching.parameters import parameter_words
from swarm_coordination.launching.params_file import matches, refuse, said
import yaml

NODE = '/robot1/controller'


def written(folder, *texts):
    """Write files of parameters; return their paths."""
    paths = []
    for text in texts:
        paths.append(folder / f'{len(paths)}.yaml')
        paths[-1].write_text(text)
    return [str(path) for path in paths]


@pytest.mark.parametrize(('section', 'for_it'), [
    ('/**', True), ('**', True), ('/robot1/controller', True), ('robot1/controller', True),
    ('/*/controller', True), ('/**/controller', True), ('/robot1/*', True), ('/robot1/**', True),
    ('/*', False), ('/controller', False), ('controller', False), ('/robot2/controller', False),
    ('/robot1/controller_2', False), ('/robot.*/controller', False), ('/*/*/controller', False),
])
def test_a_section_is_for_the_nodes_that_its_name_matches(section, for_it):
    assert matches(section, NODE) is for_it


@pytest.mark.parametrize(('texts', 'value'), [
    (['/**: {ros__parameters: {a: 1}}'], 1),
    (['/robot1: {controller: {ros__parameters: {a: 1}}}'], 1),
    # The launch's own defaults have met /** before any file.
    (['/robot1/controller: {ros__parameters: {a: 1}}\n/**: {ros__parameters: {a: 2}}'], 1),
    (['/*/controller: {ros__parameters: {a: 1}}\n/robot1/*: {ros__parameters: {a: 2}}'], 2),
    (['/**: {ros__parameters: {a: 1}}', '/robot1/controller: {ros__parameters: {a: 2}}'], 2),
    # Met first, whatever a later file says in it.
    (['/**: {ros__parameters: {b: 0}}\n/robot1/controller: {ros__parameters: {a: 1}}',
      '/**: {ros__parameters: {a: 2}}'], 1),
    (['/robot2/controller: {ros__parameters: {a: 1}}'], None),
    (['/**: {ros__parameters: }'], None),
])
def test_of_several_values_the_one_that_ros_takes_is_found(tmp_path, texts, value):
    found = said(written(tmp_path, *texts), NODE, 'a')
    assert (found and found.value) == value


def test_what_does_not_fit_is_refused_with_file_section_parameter_and_bound(tmp_path):
    files = written(tmp_path, '/**/controller: {ros__parameters: {stamped: true}}')
    with pytest.raises(ConfigurationError) as caught:
        refuse(files, ['/robot1/coordinator', NODE], 'stamped', lambda value: not value, 'false')
    assert str(caught.value) == (
        f'{files[0]}: /**/controller: stamped: True is not valid: false')
    refuse(files, ['/robot1/coordinator'], 'stamped', lambda value: not value, 'false')


@pytest.mark.parametrize('text', ['- 1', '', '/**: {a', '/**: {ros__parameters: {a: 1, a: 2}}'])
def test_a_file_that_is_none_of_parameters_is_refused(tmp_path, text):
    (file,) = written(tmp_path, text)
    with pytest.raises(ConfigurationError, match=file):
        said([file], NODE, 'a')


def test_what_is_decided_is_written_for_the_node_and_in_every_section_that_matches_it(tmp_path):
    files = written(tmp_path, '/**: {ros__parameters: {a: 1}}\n/robot2/**: {ros__parameters: {}}')
    words = parameter_words(tmp_path, [NODE], defaults={}, files=files, decided={'a': 3})
    with open(words[-1]) as made:
        assert yaml.safe_load(made) == {
            NODE: {'ros__parameters': {'a': 3}}, '/**': {'ros__parameters': {'a': 3}}}
    assert said([*files, words[-1]], NODE, 'a').value == 3
