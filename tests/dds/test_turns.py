# SPDX-License-Identifier: Apache-2.0
"""A robot's shell on a clock and a loop moved by hand: what it does once in a turn."""

import random
import time

from live.hand_bus import HandBus, TYPES
import pytest
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live import topics as names
from swarm_coordination.live.carrier import CarrierOptions
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.units import NS_PER_MS

pytestmark = pytest.mark.dds
MESH = names.MESH


@pytest.fixture
def bus(tmp_path, monkeypatch):
    """Give the bus of a robot that has just started and told all it has to tell."""
    made = HandBus()
    submit = StorageWriter.submit

    def noted(writer, request):
        made.said.append(('disk', request.records))  # in order with what is published
        submit(writer, request)

    monkeypatch.setattr(StorageWriter, 'submit', noted)
    robot = load_swarm(find_swarm_file(None)).first(1).robots[0]
    (provision,) = make_cluster([robot.name], random.Random(1))
    write_provision(tmp_path, provision)
    storage, recovered = Storage.recover(tmp_path)
    shell = RobotShell(made, made, robot, storage, recovered, CarrierOptions())
    made.turn()
    made.said.clear()
    yield made
    shell.close()


def propose(bus, number):
    """Hand over a command."""
    request = TYPES.services.ProposeCommand.Request(
        command=encode_command(Put('k', str(number))).decode(), request_id='')
    bus.handlers['propose'](request, lambda response: None)


def test_commands_that_come_in_one_turn_are_one_request_to_the_disk(bus):
    for number in range(5):
        propose(bus, number)
    assert [topic for topic, _ in bus.said] == []
    bus.turn()

    requests = [records for topic, records in bus.said if topic == 'disk']
    assert [len(records) for records in requests] == [5]


def test_the_disk_is_asked_before_frames_are_published(bus):
    deadline = time.monotonic() + 30.0
    while not any(topic == MESH for topic, _ in bus.said):  # not before the start is on disk
        assert time.monotonic() < deadline
        bus.turn(NS_PER_MS)
    bus.said.clear()
    bus.time_ns += 100 * NS_PER_MS  # a beacon is due
    propose(bus, 1)
    bus.turn()

    topics = [topic for topic, _ in bus.said if topic in ('disk', MESH)]
    assert topics == ['disk', MESH]


def test_who_asks_the_disk_lets_nothing_that_comes_wait_for_more(bus):
    before = bus.hurries
    bus.turn(NS_PER_MS)
    assert bus.hurries == before
    propose(bus, 1)
    bus.turn()
    assert bus.hurries == before + 1
