# SPDX-License-Identifier: Apache-2.0
"""A domain is claimed in a folder of one's own, and named by a number that can be one."""

import os
import tempfile

import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live import domain
from swarm_coordination.live.domain import claimed_domain, domain_of


@pytest.fixture
def claims(tmp_path, monkeypatch):
    """Give where claims lie, in a folder for temporary files of the test's own."""
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    monkeypatch.setattr(domain, '_ports_free', lambda number: True)
    return tmp_path / f'swarm-coordination-{os.geteuid()}' / 'domains'


def test_two_who_claim_a_domain_get_two(claims):
    with claimed_domain(4) as first, claimed_domain(4) as second:
        assert (first, second) == (5, 6)
    with claimed_domain(4) as third:
        assert third == 5
    assert (claims.stat().st_mode & 0o777, claims.parent.stat().st_mode & 0o777) == (0o700,) * 2


@pytest.mark.parametrize('part', ['folder', 'link', 'folder below', 'link below'])
def test_claims_of_somebody_else_are_not_used(claims, tmp_path, monkeypatch, part):
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    place = claims if 'below' in part else claims.parent
    place.parent.mkdir(exist_ok=True)
    if 'link' in part:
        place.symlink_to(elsewhere)
    else:
        place.mkdir()
        owner, seen = os.geteuid(), os.fstat
        found = place.stat()

        def fstat(descriptor):
            """Show that place as somebody else's."""
            told = seen(descriptor)
            theirs = os.path.samestat(told, found)
            return os.stat_result((*told[:4], owner + 1, *told[5:])) if theirs else told

        monkeypatch.setattr(os, 'fstat', fstat)
    with pytest.raises(ConfigurationError, match=r'environment: TMPDIR: .*a folder of this user'):
        claimed_domain(4).__enter__()
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_a_lock_is_not_followed(claims, tmp_path):
    with claimed_domain(4):
        pass
    target = tmp_path / 'made_by_root'
    (claims / '5.lock').unlink()
    (claims / '5.lock').symlink_to(target)
    with claimed_domain(4) as number:
        assert number == 6
    assert not target.exists()


def test_a_folder_left_open_to_others_is_closed(claims):
    claims.mkdir(parents=True)
    claims.chmod(0o777)
    with claimed_domain(4):
        assert claims.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(('given', 'environment', 'found'), [
    (7, '9', 7), (0, '9', 0), (None, '9', 9), (None, '', 0), (None, None, 0), (232, None, 232)])
def test_the_domain_is_the_one_given_else_that_of_the_environment(
    monkeypatch, given, environment, found
):
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    if environment is not None:
        monkeypatch.setenv('ROS_DOMAIN_ID', environment)
    assert domain_of(given) == found


@pytest.mark.parametrize('bad', ['abc', '-1', '1.5', '233', '9' * 5000, ' 7'])
def test_what_is_no_domain_is_refused_by_name(monkeypatch, bad):
    monkeypatch.setenv('ROS_DOMAIN_ID', bad)
    with pytest.raises(ConfigurationError, match='environment: ROS_DOMAIN_ID: '):
        domain_of(None)


@pytest.mark.parametrize('bad', [-1, 233, 10**14])
def test_a_domain_on_the_command_line_is_checked_alike(bad):
    with pytest.raises(ConfigurationError, match=f"command line: --domain: '{bad}'"):
        domain_of(bad)
