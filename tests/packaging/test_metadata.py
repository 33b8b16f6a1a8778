# SPDX-License-Identifier: Apache-2.0
"""What the packages say of themselves agrees, and names nothing outside."""

import ast
import configparser
import os
from pathlib import Path
import re
import sys
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
MESSAGES = ROOT / 'src/swarm_msgs'
PACKAGE = ROOT / 'src/swarm_coordination'
LINKS = {'launch': '../../launch', 'config': '../../config', 'sim': '../../sim',
         'test': '../../tests', 'interfaces/msg': '../../swarm_msgs/msg',
         'interfaces/srv': '../../swarm_msgs/srv'}


def package_xml(folder):
    """Return the root element of a package.xml."""
    return ElementTree.parse(folder / 'package.xml').getroot()


def test_both_packages_and_the_module_carry_one_version():
    setup = re.search(r"version='([^']+)'", (PACKAGE / 'setup.py').read_text()).group(1)
    module = re.search(r"__version__ = '([^']+)'",
                       (PACKAGE / 'swarm_coordination/__init__.py').read_text()).group(1)
    versions = {package_xml(MESSAGES).findtext('version'),
                package_xml(PACKAGE).findtext('version'), setup, module}
    assert len(versions) == 1


@pytest.mark.parametrize('folder', [MESSAGES, PACKAGE], ids=lambda path: path.name)
def test_a_manifest_has_format_3_and_an_spdx_licence(folder):
    root = package_xml(folder)
    assert root.get('format') == '3'
    assert root.findtext('license') == 'Apache-2.0'
    assert root.findtext('name') == folder.name


def test_the_messages_have_all_the_linters_that_ros_has():
    declared = {element.text for element in package_xml(MESSAGES).findall('test_depend')}
    assert {'ament_lint_auto', 'ament_lint_common'} <= declared
    built = (MESSAGES / 'CMakeLists.txt').read_text()
    assert 'find_package(ament_lint_auto QUIET)' in built
    assert 'ament_lint_auto_find_test_dependencies()' in built


def test_colcon_test_knows_every_marker_and_leaves_out_what_starts_processes():
    root = (ROOT / 'pyproject.toml').read_text()
    ours = re.search(r'^markers = \[\n(.*?)^\]', root, re.M | re.S)
    parser = configparser.ConfigParser()
    parser.read(PACKAGE / 'setup.cfg')
    said = parser['tool:pytest']
    known = {line.split(':')[0] for line in said['markers'].split('\n') if line.strip()}
    assert set(re.findall(r'"(\w+):', ours.group(1))) == known - {'timeout'}
    for marker in ('ros', 'dds', 'root', 'slow', 'colcon'):
        assert f'not {marker}' in said['addopts']


def test_no_package_stands_at_the_root():
    assert [name for name in ('setup.py', 'package.xml', 'CMakeLists.txt')
            if (ROOT / name).exists()] == []


@pytest.mark.parametrize(('name', 'target'), LINKS.items())
def test_shared_folders_are_relative_links(name, target):
    link = PACKAGE / name
    assert link.is_symlink()
    assert os.readlink(link) == target


def test_data_files_name_only_paths_inside_the_package(monkeypatch):
    import setuptools
    given = {}
    monkeypatch.setattr(setuptools, 'setup', lambda **arguments: given.update(arguments))
    monkeypatch.chdir(PACKAGE)
    exec(compile((PACKAGE / 'setup.py').read_text(), 'setup.py', 'exec'), {'__name__': 'setup'})
    named = [Path(path) for _, paths in given['data_files'] for path in paths]
    assert len(named) >= 2
    for path in named:
        assert not path.is_absolute()
        assert '..' not in path.parts
        assert path.is_file()
    for folder in ('launch', 'config'):
        if any(path.is_file() for path in (ROOT / folder).rglob('*')):
            assert any(path.parts[0] == folder for path in named)


def test_every_imported_ros_package_is_a_declared_dependency():
    declared = {element.text for element in package_xml(PACKAGE)
                if element.tag in ('depend', 'exec_depend')}
    imported = set()
    for path in (PACKAGE / 'swarm_coordination').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split('.')[0])
    ros = {name for name in imported
           if name in ('rclpy', 'launch', 'launch_ros', 'ament_index_python', 'rcl_interfaces',
                       'builtin_interfaces', 'tf2_ros') or name.endswith(('_msgs', '_srvs'))}
    assert ros <= declared


def test_what_the_launch_files_start_and_their_tests_need_is_declared():
    texts = [path.read_text(encoding='utf-8') for path in (
        *(ROOT / 'launch').glob('*.py'),
        *(PACKAGE / 'swarm_coordination/launching').glob('*.py'))]
    started = {name for text in texts for name in re.findall(r"package='(\w+)'", text)}
    declared = {element.text for element in package_xml(PACKAGE) if element.tag == 'exec_depend'}
    # Which Gazebo goes with a release the README says: on Humble it is not ros_gz's own.
    gazebo = {'ros_gz_bridge'}
    assert 'rviz2' in started
    assert started - gazebo <= declared
    assert 'ros2launch' in declared  # `ros2 launch`
    needed = {name for path in (ROOT / 'tests/launching').glob('*.py')
              for name in re.findall(r'^from (launch_testing)', path.read_text(), re.MULTILINE)}
    assert needed <= {element.text for element in package_xml(PACKAGE)
                      if element.tag == 'test_depend'}
    assert 'ros-$ROS_DISTRO-ros-gz' in (ROOT / 'README.md').read_text()


def test_every_outside_module_is_declared_and_pinned():
    keys = {'matplotlib': 'python3-matplotlib', 'msgspec': 'python3-msgspec-pip',
            'numpy': 'python3-numpy', 'prometheus_client': 'python3-prometheus-client',
            'mcap': 'mcap-ros2-support', 'psutil': 'python3-psutil', 'rich': 'python3-rich',
            'scipy': 'python3-scipy', 'yaml': 'python3-yaml'}
    declared = {element.text for element in package_xml(PACKAGE)}
    assert set(keys.values()) <= declared
    lock = (ROOT / 'requirements/wheels.lock').read_text()
    for name in keys:
        pinned = {'yaml': 'pyyaml'}.get(name, name.replace('_', '-'))
        assert re.search(rf'^{pinned}==', lock, flags=re.MULTILINE), pinned


# Read from ros/rosdistro of August 2026: rosdep/python.yaml, and distribution.yaml of Humble,
# Jazzy and Kilted.
PUBLIC_KEYS = {
    'mcap-ros2-support', 'python3-hypothesis', 'python3-matplotlib', 'python3-numpy',
    'python3-prometheus-client', 'python3-psutil', 'python3-pytest', 'python3-pytest-timeout',
    'python3-rich', 'python3-scipy', 'python3-yaml',
    'ament_cmake', 'ament_cmake_pytest', 'ament_flake8', 'ament_lint_auto', 'ament_lint_common',
    'ament_pep257', 'builtin_interfaces', 'diagnostic_msgs',
    'geometry_msgs', 'launch', 'launch_ros', 'launch_testing', 'lifecycle_msgs', 'nav_msgs',
    'rcl_interfaces', 'rclpy', 'ros2launch', 'rosgraph_msgs', 'rosidl_default_generators',
    'rosidl_default_runtime', 'rviz2', 'sensor_msgs', 'std_msgs', 'std_srvs', 'tf2_msgs',
    'visualization_msgs',
}


def test_rosdep_knows_every_key_or_ours_says_what_it_is():
    ours = yaml.safe_load((ROOT / 'requirements/rosdep.yaml').read_text())
    assert not PUBLIC_KEYS & set(ours)
    for rule in ours.values():
        assert {'debian', 'ubuntu'} <= set(rule)
    known = PUBLIC_KEYS | set(ours) | {MESSAGES.name, PACKAGE.name}
    for folder in (MESSAGES, PACKAGE):
        declared = {element.text for element in package_xml(folder)
                    if element.tag.endswith('depend')}
        assert declared <= known


@pytest.mark.parametrize('lock', ['wheels.lock', 'distro.lock'])
def test_a_lock_pins_every_package_exactly_and_by_hash(lock):
    text = (ROOT / 'requirements' / lock).read_text()
    heads = re.findall(r'^(\S.*?) ?\\\n(.*)$', text, flags=re.MULTILINE)
    assert len(heads) > 10
    for requirement, following in heads:
        assert re.match(r'[a-z0-9-]+(\[\w+\])?==\S+( ; .+)?$', requirement), requirement
        assert '--hash=sha256:' in following, requirement
    assert 'http' not in text.replace('https://docs.astral.sh', '')


def test_this_interpreter_is_one_that_the_wheels_support():
    assert (3, 10) <= sys.version_info[:2] <= (3, 13)
