# SPDX-License-Identifier: Apache-2.0
"""The blackboard: versions that never repeat, compare-and-set on writes and deletions."""

from __future__ import annotations

from mission.log import Log
import pytest
from swarm_coordination.mission.blackboard import (
    BLACKBOARD_MAX,
    BoardValue,
    Change,
    TOMBSTONES_MAX,
)
from swarm_coordination.mission.commands import Delete, Put
from swarm_coordination.mission.state import MissionState


@pytest.fixture
def log() -> Log:
    """Return a fresh log."""
    return Log()


def test_compare_and_set_writes_only_over_the_version_it_names(log):
    assert log.submit(Put('lock', 'robot1', 0)).applied
    assert 'has version 1' in log.submit(Put('lock', 'robot2', 0), session=2).result
    assert log.submit(Put('lock', 'robot2', 1), session=2).applied
    assert log.state.board.get('lock') == ('robot2', 2)


def test_a_deletion_may_name_the_version_it_deletes(log):
    log.submit(Put('lock', 'robot1'))
    log.submit(Put('lock', 'robot2'))
    assert 'has version 2' in log.submit(Delete('lock', 1)).result
    assert log.submit(Delete('lock', 2)).result == 'version 3'
    assert log.state.board.get('lock') is None
    assert 'there is no lock' in log.submit(Delete('lock')).result


def test_a_key_written_again_after_its_deletion_never_has_an_old_version(log):
    log.submit(Put('lock', 'robot1'))
    log.submit(Delete('lock'))
    again = log.submit(Put('lock', 'robot1', 0))
    assert again.result == 'version 3'
    assert 'has version 3' in log.submit(Put('lock', 'thief', 1)).result


def test_versions_do_not_repeat_even_where_the_tombstone_is_forgotten(log):
    for _ in range(5):
        log.submit(Put('old', 'x'))
    log.submit(Delete('old'))  # version 6
    for number in range(TOMBSTONES_MAX):
        log.submit(Put(f'key{number}', ''))
        log.submit(Delete(f'key{number}'))
    assert log.state.board.version('old') == 0  # nothing is known of it any more
    assert log.submit(Put('old', 'y')).result == 'version 7'
    assert log.submit(Put('never_seen', 'y')).result == 'version 7'


def test_the_board_is_bounded(log):
    for number in range(BLACKBOARD_MAX):
        assert log.submit(Put(f'key{number}', '')).applied
    assert 'full' in log.submit(Put('one_more', '')).result
    assert log.submit(Put('key0', 'again')).applied
    log.submit(Delete('key1'))
    assert log.submit(Put('one_more', '')).applied


def test_what_changed_comes_out_with_the_entry(log):
    assert log.submit(Put('a/b', '1')).outcome.changes == (Change('a/b', '1', 1),)
    assert log.submit(Delete('a/b')).outcome.changes == (Change('a/b', None, 2),)
    assert log.submit(Delete('a/b')).outcome is None


def test_keys_are_listed_by_prefix(log):
    for key in ('b/2', 'a', 'b/1', 'c'):
        log.submit(Put(key, key))
    assert log.state.board.under('b/') == (('b/1', BoardValue('b/1', 1)),
                                           ('b/2', BoardValue('b/2', 1)))


def test_tombstones_survive_a_snapshot(log):
    log.submit(Put('lock', 'robot1'))
    log.submit(Delete('lock'))
    log.state = MissionState.restore(log.state.snapshot())
    assert log.submit(Put('lock', 'robot1')).result == 'version 3'
