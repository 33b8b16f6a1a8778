# SPDX-License-Identifier: Apache-2.0
"""A bus of Cyclone DDS carries topics and services, survives strangers' bytes, wakes its loop."""

import threading
import time

import pytest
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.errors import StorageError
from swarm_coordination.transport import profiles
from swarm_coordination.transport.messages import messages

pytestmark = pytest.mark.dds
TYPES = messages()


@pytest.fixture
def pair(domain):
    """Give two loops with a bus each, in one domain."""
    loops = CycloneLoop(domain), CycloneLoop(domain)
    yield [(loop, CycloneBus(loop.participant, 'robot1')) for loop in loops]
    for loop in loops:
        loop.close()


def spin(pair, until, seconds=20.0):
    """Serve both loops until ``until()`` holds; return whether it came to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if until():
            return True
        for loop, _ in pair:
            loop.spin_once(0.005)
    return until()


def test_a_late_joiner_gets_the_whole_log_in_order(pair):
    (_, first), (_, second) = pair
    publish = first.publisher(TYPES.swarm.LogEntry, 'log', profiles.LOG)
    for index in range(1, 301):
        publish(TYPES.swarm.LogEntry(index=index))
    got = []
    second.subscribe(TYPES.swarm.LogEntry, 'log', profiles.LOG, got.append)
    assert spin(pair, lambda: len(got) == 300)
    assert [entry.index for entry in got] == list(range(1, 301))


def test_frames_reach_others_and_do_not_come_back(pair):
    (_, first), (_, second) = pair
    own, others = [], []
    for bus, got in ((first, own), (second, others)):
        bus.subscribe(TYPES.swarm.MeshFrame, '/swarm/mesh', profiles.MESH, got.append)
    publish = first.publisher(TYPES.swarm.MeshFrame, '/swarm/mesh', profiles.MESH)

    def sent_and_heard():
        publish(TYPES.swarm.MeshFrame(sender='robot1', data=[1, 2, 255]))
        return len(others) >= 5

    assert spin(pair, sent_and_heard)
    assert list(others[0].data) == [1, 2, 255]
    assert own == []


def test_a_sample_that_cannot_be_read_is_counted_and_costs_no_other(pair):
    (_, first), (loop, second) = pair
    got = []
    second.subscribe(TYPES.swarm.MeshFrame, '/swarm/mesh', profiles.MESH, got.append)

    class Broken(TYPES.swarm.MeshFrame):
        """A frame whose sender is no UTF-8."""

        def serialize(self, **how):
            return super().serialize(**how).replace(b'robot9', b'\xff\xfe\xfd\xfc\xfb\xfa')

    publish = first.publisher(TYPES.swarm.MeshFrame, '/swarm/mesh', profiles.MESH)

    def sent_and_heard():
        publish(Broken(sender='robot9', data=[1]))
        publish(TYPES.swarm.MeshFrame(sender='robot1', data=[2]))
        return len(got) >= 10 and loop.participant.unreadable >= 10

    assert spin(pair, sent_and_heard)
    assert {message.sender for message in got} == {'robot1'}


def test_a_service_answers_whom_it_was_asked_by_at_once_or_later(pair):
    (_, first), (_, second) = pair
    service, waiting, answers = TYPES.services.SetStop, [], []

    def handle(request, answer):
        response = service.Response(accepted=True, counter=request.level)
        if request.level == 1:
            waiting.append(lambda: answer(response))
        else:
            answer(response)

    first.serve(service, 'stop', handle)
    clients = [second.client(service, '/robot1/stop') for _ in range(2)]
    assert spin(pair, lambda: all(client.ready() for client in clients))
    for number, client in enumerate(clients, start=1):
        client.ask(service.Request(level=number),
                   lambda response, number=number: answers.append((number, response.counter)))
    assert spin(pair, lambda: answers == [(2, 2)] and waiting)
    waiting[0]()
    assert spin(pair, lambda: answers == [(2, 2), (1, 1)])


def test_a_question_given_up_is_not_answered(pair):
    (_, first), (_, second) = pair
    service, answers = TYPES.services.SetStop, []
    asked = []

    def handle(request, answer):
        asked.append(request)
        answer(service.Response())

    first.serve(service, 'stop', handle)
    client = second.client(service, 'stop')
    assert spin(pair, client.ready)
    client.ask(service.Request(), answers.append)()
    client.ask(service.Request(), lambda _: answers.append('second'))
    assert spin(pair, lambda: len(asked) == 2 and answers)
    assert answers == ['second']


def test_a_callback_of_another_thread_runs_in_the_loop_at_once(pair):
    (loop, _), _ = pair
    ran_in = []
    threading.Timer(
        0.1, lambda: loop.post(lambda: ran_in.append(threading.current_thread()))
    ).start()
    began = time.monotonic()
    while not ran_in and time.monotonic() < began + 60.0:
        loop.spin_once(60.0)
    assert ran_in == [threading.main_thread()]
    assert time.monotonic() - began < 30.0


def test_an_error_of_another_thread_ends_the_loop_with_it(pair):
    (loop, _), _ = pair
    threading.Timer(0.05, lambda: loop.fail(StorageError('the disk is gone'))).start()
    with pytest.raises(StorageError, match='gone'):
        loop.run()
