# SPDX-License-Identifier: Apache-2.0
"""A recording that cannot keep up ends, says so at once, and says so of itself."""

import errno
import os
import threading

from mcap.writer import Writer
import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.recording import calls
from swarm_coordination.recording.calls import CallWriter, read_calls

ROOM = 4


@pytest.fixture
def disk(monkeypatch):
    """Give the event that lets the disk write; it stalls until then."""
    let, write = threading.Event(), Writer.add_message

    def stalled(self, *given, **named):
        let.wait(30.0)
        write(self, *given, **named)

    monkeypatch.setattr(calls, 'QUEUE_MAX', ROOM)
    monkeypatch.setattr(Writer, 'add_message', stalled)
    yield let
    let.set()


def test_a_disk_that_keeps_up_leaves_every_call_and_nothing_is_said(tmp_path):
    said = []
    writer = CallWriter(tmp_path / 'a.mcap', {'part': 'controller'}, said.append)
    for k in range(20):
        writer.put(k, {'call': 'tick', 'now': k})
    writer.close()
    found = list(read_calls(tmp_path / 'a.mcap'))
    assert [one.get('now') for one in found] == [None, *range(20)]
    assert not said


def test_a_disk_that_stalls_ends_the_recording_with_one_line_and_the_file_counts_the_rest(
    tmp_path, disk
):
    said = []
    writer = CallWriter(tmp_path / 'a.mcap', {'part': 'controller'}, said.append)
    for k in range(50):
        writer.put(k, {'call': 'tick', 'now': k})
    assert len(said) == 1
    assert 'a.mcap: the recording ends here' in said[0]
    disk.set()
    writer.close()
    _, *kept, last = read_calls(tmp_path / 'a.mcap')
    assert [one['now'] for one in kept] == list(range(len(kept)))  # no hole before the end
    assert last['call'] == calls.CUT
    assert last['lost'] == writer.lost == 50 - len(kept)
    assert 'too slow' in last['why']


def test_a_full_disk_ends_the_recording_and_not_the_robot(tmp_path, monkeypatch):
    failed = threading.Event()

    def full(*_given, **_named):
        failed.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Writer, 'add_message', full)
    monkeypatch.setattr(calls, 'QUEUE_MAX', ROOM)
    said = []
    writer = CallWriter(tmp_path / 'a.mcap', {'part': 'controller'}, said.append)
    assert failed.wait(30.0)
    for k in range(50):
        writer.put(k, {'call': 'tick', 'now': k})
    writer.close()
    assert len(said) == 1
    assert 'No space left' in said[0] or 'too slow' in said[0]
    with pytest.raises(ConfigurationError, match='a whole recording'):
        list(read_calls(tmp_path / 'a.mcap'))
