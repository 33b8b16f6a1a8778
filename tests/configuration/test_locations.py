# SPDX-License-Identifier: Apache-2.0
"""Where config/ is found: in a checkout, in a colcon install, by the environment."""

from pathlib import Path

import pytest
from swarm_coordination.configuration import (
    config_folder,
    find_mission,
    find_swarm_file,
    locations,
)
from swarm_coordination.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv('SWARM_CONFIG_DIR', raising=False)
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)


def make_config(folder):
    (folder / 'missions').mkdir(parents=True)
    (folder / 'swarm.yaml').touch()
    return folder


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Let the package lie in a folder without a config, as an installed one does."""
    module = tmp_path / 'lib/python3/site-packages/swarm_coordination/configuration/locations.py'
    monkeypatch.setattr(locations, '__file__', str(module))
    monkeypatch.setattr(locations.sys, 'prefix', str(tmp_path / 'venv'))
    return tmp_path


def test_a_checkout_uses_the_config_at_its_top():
    assert config_folder().resolve() == REPOSITORY / 'config'
    assert find_swarm_file().name == 'swarm.yaml'


def test_the_environment_variable_goes_first(monkeypatch, tmp_path):
    monkeypatch.setenv('SWARM_CONFIG_DIR', str(make_config(tmp_path / 'mine')))
    assert config_folder() == tmp_path / 'mine'
    monkeypatch.setenv('SWARM_CONFIG_DIR', str(tmp_path))
    with pytest.raises(ConfigurationError, match='SWARM_CONFIG_DIR'):
        config_folder()


def test_an_installed_package_is_found_through_the_ament_index(elsewhere, monkeypatch):
    prefix = elsewhere / 'install'
    share = make_config(prefix / 'share/swarm_coordination/config')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{prefix}')
    with pytest.raises(ConfigurationError):
        config_folder()
    marker = prefix / 'share/ament_index/resource_index/packages/swarm_coordination'
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert config_folder() == share


def test_a_virtual_environment_has_the_files_in_its_share_folder(elsewhere):
    share = make_config(elsewhere / 'venv/share/swarm_coordination/config')
    assert config_folder() == share


def test_where_there_is_none_the_error_says_where_it_looked(elsewhere):
    with pytest.raises(ConfigurationError, match=r'no swarm\.yaml in .*venv/share'):
        config_folder()


def test_a_mission_is_found_by_name_or_path(tmp_path):
    assert find_mission('v_patrol').resolve() == REPOSITORY / 'config/missions/v_patrol.yaml'
    own = tmp_path / 'own.yaml'
    own.touch()
    assert find_mission(own) == own
    for wrong in ('nothing', '../swarm', tmp_path / 'no.yaml'):
        with pytest.raises(ConfigurationError, match='one of circle_hold'):
            find_mission(wrong)


def test_a_swarm_file_that_is_not_there_is_refused(tmp_path):
    assert find_swarm_file(REPOSITORY / 'config/swarm.yaml').is_file()
    with pytest.raises(ConfigurationError, match='an existing file'):
        find_swarm_file(tmp_path / 'none.yaml')
