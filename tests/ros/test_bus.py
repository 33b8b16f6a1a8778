# SPDX-License-Identifier: Apache-2.0
"""The bus of a node carries topics and services as that of Cyclone DDS does (tests/dds)."""

import pytest
from rclpy.node import Node
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.transport import profiles

pytestmark = pytest.mark.ros


@pytest.fixture
def buses(run):
    """Give two buses of two nodes."""
    made = []
    for name in ('first', 'second'):
        runner = run.runner()
        node = Node(name, namespace='robot1', context=runner.context)
        runner.add(node)
        made.append(RosBus(node, runner, CoreClock(node)))
    return made


def test_a_late_joiner_gets_the_log_in_order(run, buses):
    first, second = buses
    kind, got = first.types.swarm.LogEntry, []
    publish = first.publisher(kind, 'log', profiles.LOG)
    for index in range(1, 51):
        publish(kind(index=index))
    second.subscribe(kind, '/robot1/log', profiles.LOG, got.append)
    assert run.spin(lambda: len(got) == 50)
    assert [entry.index for entry in got] == list(range(1, 51))


def test_a_service_answers_at_once_or_later(run, buses):
    first, second = buses
    service, waiting, answers = first.types.services.SetStop, [], []

    def handle(request, answer):
        response = service.Response(accepted=True, counter=request.level)
        if request.level == 1:
            waiting.append(lambda: answer(response))
        else:
            answer(response)

    first.serve(service, 'stop', handle)
    client = second.client(service, '/robot1/stop')
    assert run.spin(client.ready)
    for level in (1, 2):
        client.ask(service.Request(level=level), lambda got: answers.append(got.counter))
    assert run.spin(lambda: answers == [2] and waiting)
    waiting[0]()
    assert run.spin(lambda: answers == [2, 1])


def test_a_question_given_up_is_not_answered(run, buses):
    first, second = buses
    service, answers = first.types.services.SetStop, []
    first.serve(service, 'stop', lambda request, answer: answer(service.Response()))
    client = second.client(service, 'stop')
    assert run.spin(client.ready)
    client.ask(service.Request(), lambda _: answers.append('given up'))()
    client.ask(service.Request(), lambda _: answers.append('second'))
    assert run.spin(lambda: answers)
    assert answers == ['second']
