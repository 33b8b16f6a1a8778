# SPDX-License-Identifier: Apache-2.0
"""The loop serves events and deadlines alike, takes callbacks from other threads, ends cleanly."""

import threading
import time

from live.processes import quickest
import pytest
from rclpy.node import Node
from std_msgs.msg import Empty
from swarm_coordination.errors import ConfigurationError, StorageError
from swarm_coordination.ros import executor

pytestmark = pytest.mark.ros


@pytest.fixture(params=['events', 'single-threaded'])
def kind(request, monkeypatch):
    """Run the test on either executor."""
    if request.param == 'single-threaded':
        monkeypatch.setattr(executor, 'EventsExecutor', None)
    elif executor.EventsExecutor is None:
        pytest.skip('this rclpy has no EventsExecutor')


@pytest.mark.parametrize(('domain', 'args', 'named'), [
    ('abc', [], 'ROS_DOMAIN_ID'), ('233', [], 'ROS_DOMAIN_ID'),
    ('7', ['--ros-args', '-r', '__ns:=/1bad'], 'ROS arguments')])
def test_what_ros_does_not_take_is_told_by_name(monkeypatch, domain, args, named):
    monkeypatch.setenv('ROS_DOMAIN_ID', domain)
    with pytest.raises(ConfigurationError) as caught:
        executor.Runner(args)
    assert caught.value.field == named
    assert '\n' not in str(caught.value)


def test_a_callback_posted_by_another_thread_runs_in_the_loop(kind, run):
    runner, ran_in = run.runner(), []
    runner.add(Node('one', context=runner.context))
    threading.Thread(
        target=lambda: runner.post(lambda: ran_in.append(threading.current_thread()))
    ).start()
    assert run.spin(lambda: ran_in == [threading.main_thread()])


def test_an_error_in_a_posted_callback_ends_the_loop_with_it(kind, run):
    runner = run.runner()
    runner.add(Node('one', context=runner.context))

    def fail():
        raise StorageError('the disk is gone')

    runner.post(fail)
    with pytest.raises(StorageError, match='gone'):
        runner.run()


def test_a_deadline_that_is_always_due_starves_no_subscription(kind, run):
    runner, heard, ticks = run.runner(), [], []
    node = Node('one', context=runner.context)
    publisher = node.create_publisher(Empty, 'topic', 10)
    node.create_subscription(Empty, 'topic', lambda _: heard.append(1), 10)
    runner.add(node)
    runner.at(lambda: 0, lambda: ticks.append(1))

    def sent_and_heard():
        publisher.publish(Empty())
        return len(heard) >= 50

    assert run.spin(sent_and_heard)
    assert len(ticks) >= 10


def test_deadlines_are_kept_to_a_few_milliseconds(kind, run):
    runner = run.runner()
    runner.add(Node('one', context=runner.context))

    def median_s(_):
        late, due = [], [time.monotonic_ns() + 20_000_000]

        def tick():
            late.append(time.monotonic_ns() - due[0])
            due[0] += 20_000_000

        end = runner.at(lambda: due[0], tick)
        assert run.spin(lambda: len(late) >= 30)
        end()
        assert min(late) >= 0
        return sorted(late)[15] / 1e9

    assert quickest(median_s, 0.005) <= 0.005
