# SPDX-License-Identifier: Apache-2.0
"""A launch argument goes before params_file, that before what the launch would choose itself."""

import pytest
from rclpy.node import Node
from swarm_coordination.launching.parameters import parameter_words
from swarm_coordination.launching.params_file import said
from swarm_coordination.ros.executor import Runner

pytestmark = pytest.mark.ros
FILE = """
/**:
  ros__parameters: {for_all: file, file_alone: file, over_default: file}
/robot1/plain:
  ros__parameters: {for_one: file, one_alone: file}
"""


@pytest.fixture
def values(domain, tmp_path):
    """Give what returns the parameters of a node, started with these words."""
    file = tmp_path / 'params.yaml'

    def start(name, text=FILE, **groups):
        file.write_text(text)
        words = parameter_words(tmp_path, ['/robot1/other', '/robot1/plain'], **groups,
                                files=[str(file)])
        runner = Runner(['--ros-args', '-r', '__ns:=/robot1', *words], domain_id=domain)
        try:
            node = Node(name, context=runner.context, start_parameter_services=False,
                        automatically_declare_parameters_from_overrides=True)
            runner.add(node)
            found = node.get_parameters_by_prefix('').items()
            return {key: one.value for key, one in found if key != 'use_sim_time'}
        finally:
            runner.close()

    return start


def test_what_the_launch_decides_goes_before_the_file_even_before_its_section_for_the_node(values):
    found = values('plain', defaults={}, decided={'for_all': 'given', 'for_one': 'given'})
    assert (found['for_all'], found['for_one']) == ('given', 'given')
    assert (found['file_alone'], found['one_alone']) == ('file', 'file')


def test_the_file_goes_before_what_the_launch_would_choose(values):
    found = values('plain', defaults={'over_default': 'chosen', 'chosen_alone': True}, decided={})
    assert (found['over_default'], found['chosen_alone']) == ('file', True)


def test_a_text_stays_a_text_and_every_node_of_the_process_is_told(values):
    for name in ('other', 'plain'):
        found = values(name, defaults={'a': 'true', 'b': ''}, decided={'c': '1', 'd': 2, 'e': ''})
        assert {key: found[key] for key in 'abcde'} == {
            'a': 'true', 'b': '', 'c': '1', 'd': 2, 'e': ''}


@pytest.mark.parametrize('text', [
    '/robot1/plain: {ros__parameters: {a: 2}}\n/**: {ros__parameters: {a: 1}}',
    '/**: {ros__parameters: {a: 1}}\n/robot1/plain: {ros__parameters: {a: 2}}',
    'robot1: {plain: {ros__parameters: {a: 1}}}\n/robot1/*: {ros__parameters: {a: 2}}',
    '/*/plain: {ros__parameters: {a: 1}}\n/**/plain: {ros__parameters: {a: 2}}',
    '/**/plain: {ros__parameters: {a: 2}}\n/plain: {ros__parameters: {a: 1}}',
])
def test_however_the_file_names_its_sections_what_it_says_is_foreseen(values, tmp_path, text):
    defaults = {'of_the_launch': True}  # as every robot has some
    assert values('plain', text, defaults=defaults, decided={})['a'] == 2
    assert said([str(tmp_path / 'params.yaml')], '/robot1/plain', 'a').value == 2
    assert values('plain', text, defaults=defaults, decided={'a': 3})['a'] == 3
