# SPDX-License-Identifier: Apache-2.0
"""A robot's shell on a clock and a loop moved by hand: what it does once in a turn."""

from collections import deque
import random
import time
from types import SimpleNamespace

import pytest
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live import topics as names
from swarm_coordination.live.carrier import CarrierOptions
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.transport.messages import messages
from swarm_coordination.units import NS_PER_MS, NS_PER_S

pytestmark = pytest.mark.dds
TYPES = messages()
MESH = names.MESH


class HandBus:
    """A bus and a loop without DDS; ``turn`` sees to what is due, as a loop does."""

    types, active = TYPES, True

    def __init__(self):
        self.time_ns = 100 * NS_PER_S
        self.done = []  # what was handed over, in order: topics, and 'disk' with its records
        self.asked, self.deadlines, self.posted = {}, [], deque()
        self.clock = SimpleNamespace(
            now=lambda: self.time_ns, stamp=TYPES.Time, due_ns=lambda deadline: deadline)

    def publisher(self, kind, topic, profile):
        """Keep what is published."""
        return lambda message: self.done.append((topic, message))

    def subscribe(self, kind, topic, profile, take):
        """Hear nothing."""

    def serve(self, service, name, handler):
        """Remember who answers."""
        self.asked[name] = handler

    def say(self, text, level='info'):
        """Say nothing."""

    def at(self, due_ns, callback):
        """Remember a deadline."""
        self.deadlines.append((due_ns, callback))

    def post(self, callback):
        """Keep what another thread brings: it comes with the next turn."""
        self.posted.append(callback)

    def fail(self, error):
        """End the test."""
        raise error

    def turn(self):
        """Let one turn of the loop pass, in no time."""
        while self.posted:
            self.posted.popleft()()
        for due, callback in self.deadlines:
            if self.time_ns >= due():
                callback()


@pytest.fixture
def bus(tmp_path, monkeypatch):
    """Give the bus of a robot that has just started and told all it has to tell."""
    made = HandBus()
    submit = StorageWriter.submit

    def noted(writer, request):
        made.done.append(('disk', request.records))
        submit(writer, request)

    monkeypatch.setattr(StorageWriter, 'submit', noted)
    robot = load_swarm(find_swarm_file(None)).first(1).robots[0]
    (provision,) = make_cluster([robot.name], random.Random(1))
    write_provision(tmp_path, provision)
    storage, recovered = Storage.recover(tmp_path)
    shell = RobotShell(made, made, robot, storage, recovered, CarrierOptions())
    made.turn()
    made.done.clear()
    yield made
    shell.close()


def propose(bus, number):
    """Hand over a command."""
    request = TYPES.services.ProposeCommand.Request(
        command=encode_command(Put('k', str(number))).decode(), request_id='')
    bus.asked['propose'](request, lambda response: None)


def test_commands_that_come_in_one_turn_are_one_request_to_the_disk(bus):
    for number in range(5):
        propose(bus, number)
    assert [topic for topic, _ in bus.done] == []
    bus.turn()

    requests = [records for topic, records in bus.done if topic == 'disk']
    assert [len(records) for records in requests] == [5]


def test_the_disk_is_asked_before_frames_are_published(bus):
    deadline = time.monotonic() + 30.0
    while not any(topic == MESH for topic, _ in bus.done):  # not before the start is on disk
        assert time.monotonic() < deadline
        bus.time_ns += NS_PER_MS
        bus.turn()
    bus.done.clear()
    bus.time_ns += 100 * NS_PER_MS  # a beacon is due
    propose(bus, 1)
    bus.turn()

    topics = [topic for topic, _ in bus.done if topic in ('disk', MESH)]
    assert topics == ['disk', MESH]
