# SPDX-License-Identifier: Apache-2.0
"""Watches tell what changes under a prefix, in order, and what they missed."""

from __future__ import annotations

from mission.log import Log
import pytest
from swarm_coordination.errors import UsageError
from swarm_coordination.mission.blackboard import Blackboard, BoardValues, TOMBSTONES_MAX
from swarm_coordination.mission.commands import Delete, Put
from swarm_coordination.robot.watches import Watches, WATCHES_MAX, WatchEvent


class Watched:
    """A log whose changes are watched."""

    def __init__(self) -> None:
        self.log = Log()
        self.watches = Watches(self.log.state)

    def submit(self, *commands: Put | Delete, seen: bool = True) -> None:
        """Apply commands; unseen ones come within a snapshot."""
        for command in commands:
            applied = self.log.submit(command)
            assert applied.outcome is not None
            if seen:
                self.watches.changed(applied.outcome.changes)
        if not seen:
            self.log.state.board = Blackboard(self.log.state.board.values())
            self.watches.restored()


@pytest.fixture
def board() -> Watched:
    """Return an empty blackboard."""
    return Watched()


def test_a_watch_begins_with_what_there_is(board):
    board.submit(Put('area/1', 'free'), Put('area/1', 'done'), Put('other', 'x'))
    watch = board.watches.add('area/')
    assert board.watches.take() == (WatchEvent(watch, 'area/1', 'done', 2),)
    assert board.watches.take() == ()


def test_each_change_under_the_prefix_comes_in_order(board):
    watch = board.watches.add('area/')
    board.submit(Put('area/1', 'a'), Put('b', 'x'), Put('area/2', 'b'), Put('area/1', 'c'),
                 Delete('area/2'), Put('area/2', 'd'))
    assert board.watches.take() == (
        WatchEvent(watch, 'area/1', 'a', 1), WatchEvent(watch, 'area/2', 'b', 1),
        WatchEvent(watch, 'area/1', 'c', 2), WatchEvent(watch, 'area/2', None, 2),
        WatchEvent(watch, 'area/2', 'd', 3))


def test_after_a_snapshot_the_newest_values_come_with_what_was_missed(board):
    watch = board.watches.add('')
    board.submit(Put('a', '1'), Put('b', '1'), Put('gone', '1'), Put('same', '1'))
    board.watches.take()
    board.submit(Put('a', '2'), Put('a', '3'), Put('b', '2'), Put('new', '1'),
                 Delete('gone'), seen=False)
    assert board.watches.take() == (
        WatchEvent(watch, 'a', '3', 3, missed=1), WatchEvent(watch, 'b', '2', 2),
        WatchEvent(watch, 'new', '1', 1), WatchEvent(watch, 'gone', None, 2))
    board.submit(Put('a', '4'))
    assert board.watches.take() == (WatchEvent(watch, 'a', '4', 4),)


def test_a_key_deleted_and_written_again_within_a_snapshot_is_a_gap(board):
    watch = board.watches.add('')
    board.submit(Put('lock', 'robot1'))
    board.watches.take()
    board.submit(Delete('lock'), Put('lock', 'robot1'), seen=False)
    assert board.watches.take() == (WatchEvent(watch, 'lock', 'robot1', 3, missed=1),)


def forget_deletions(board):
    """Delete so many other keys, unseen, that the blackboard forgets every earlier deletion."""
    for number in range(TOMBSTONES_MAX):
        board.submit(Put(f'other/{number}', ''), Delete(f'other/{number}'), seen=False)


def test_a_deletion_that_the_blackboard_has_forgotten_is_told_once(board):
    watch = board.watches.add('area/')
    board.submit(Put('area/1', 'a'), Put('area/1', 'b'), Put('area/2', 'x'))
    board.watches.take()
    log, near = board.log.state, board.watches
    board.watches = Watches(log)  # what happens next this robot hears of by one snapshot
    board.submit(Delete('area/1'), seen=False)
    forget_deletions(board)
    assert log.board.version('area/1') == 0
    near.restored()
    assert near.take() == (WatchEvent(watch, 'area/1', None, 3),)
    near.restored()
    assert near.take() == ()
    board.watches = near
    board.submit(Put('area/1', 'again'))
    (event,) = near.take()
    assert (event.value, event.version > 3) == ('again', True)


def test_nothing_was_missed_where_a_key_starts_anew_above_a_forgotten_deletion(board):
    watch = board.watches.add('area/')
    board.submit(Put('area/1', 'a'), Delete('area/1'))
    for number in range(TOMBSTONES_MAX + 1):
        board.submit(Put(f'other/{number}', '1'), Put(f'other/{number}', '2'),
                     Delete(f'other/{number}'))
    board.watches.take()
    board.submit(Put('area/1', 'again'))
    assert board.watches.take() == (WatchEvent(watch, 'area/1', 'again', 4),)
    board.submit(Put('area/1', 'b'), Put('area/1', 'c'), seen=False)
    assert board.watches.take() == (WatchEvent(watch, 'area/1', 'c', 6, missed=1),)


def test_a_key_told_long_ago_is_remembered_over_many_deletions(board):
    watch = board.watches.add('')
    board.submit(Put('old', 'x'))
    for number in range(300):
        board.submit(Put(f'key{number}', ''), Delete(f'key{number}'))
    board.watches.take()
    board.submit(Delete('old'), seen=False)
    assert board.watches.take() == (WatchEvent(watch, 'old', None, 2),)


def test_watches_are_bounded_and_end(board):
    watches = [board.watches.add('') for _ in range(WATCHES_MAX)]
    with pytest.raises(UsageError, match='at most 32'):
        board.watches.add('')
    board.submit(Put('a', '1'))
    board.watches.remove(watches[0])
    assert [event.watch for event in board.watches.take()] == watches[1:]
    with pytest.raises(UsageError, match='no watch'):
        board.watches.remove(watches[0])


def test_what_a_watch_remembers_is_bounded(board):
    board.watches.add('')
    for number in range(300):
        board.submit(Put(f'key{number}', ''), Delete(f'key{number}'))
    (watch,) = board.watches._watches.values()
    assert len(watch.live) + len(watch.deleted) <= 128
    assert all(event.missed == 0 for event in board.watches.take())


def test_versions_of_a_history_made_void_are_not_compared(board):
    watch = board.watches.add('')
    board.submit(Put('a', 'kept'), Put('b', 'void'), Put('c', 'void'), Put('c', 'void again'))
    board.watches.take()
    board.log.state.board = Blackboard(BoardValues())
    for command in (Put('a', 'kept'), Put('c', 'new')):
        board.log.submit(command)
    board.watches.restored(was_void=True)
    assert board.watches.take() == (
        WatchEvent(watch, 'b', None, 0), WatchEvent(watch, 'a', 'kept', 1),
        WatchEvent(watch, 'c', 'new', 1))


def test_no_fewer_than_no_versions_are_missed(board):
    board.watches.add('')
    board.submit(Put('a', '1'), Put('a', '2'), Put('a', '3'))
    board.watches.take()
    board.log.state.board = Blackboard(BoardValues())
    board.submit(Put('a', '1'), seen=False)
    assert board.watches.take()[0].missed == 0
