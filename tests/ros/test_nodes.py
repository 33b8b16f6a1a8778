# SPDX-License-Identifier: Apache-2.0
"""The nodes as others see them: real nodes, real DDS, one process."""

import json
import math
from pathlib import Path
import random
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Point, PoseStamped, Twist, TwistStamped
import pytest
from ros.support import bring_up, Ground, MAKE
from swarm_coordination.dds.middleware import DdsMiddleware
from swarm_coordination.errors import StorageError
from swarm_coordination.live.backend import Run as Told
from swarm_coordination.live.topics import MESH, PARTITION_SERVICE
from swarm_coordination.live.topics import WORLD as WORLD_TOPIC
from swarm_coordination.ros import qos
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.manager import Manager
from swarm_coordination.ros.middleware import RosMiddleware
from swarm_coordination.ros.world_node import WorldNode
from swarm_coordination.simulation.hostile import Forger
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.storage.store import Storage
from swarm_coordination.views import FormationTarget, Mode, NeighborTable
from swarm_msgs import msg as swarm
from swarm_msgs.srv import ProposeCommand, QueryLog, SetPartition, SetStop

pytestmark = pytest.mark.ros


def controller(run, yaw=0.0, **parameters):
    """Return a world of one robot that looks along ``yaw``, and its controller."""
    source, storage = run.swarm_file(yaw), run.storage() / 'robot1'
    world = run.runner(swarm_file=source)
    world.add(WorldNode(world))
    runner = run.runner('robot1', swarm_file=source, storage_dir=storage, **parameters)
    return bring_up(ControllerNode(runner))


def send(ground, run, storage_id, position):
    """Start sending a table without neighbours and a target, as a coordinator would."""
    tables = ground.node.create_publisher(
        swarm.NeighborTable, '/robot1/neighbors', qos.TABLE_OFFERED
    )
    targets = ground.node.create_publisher(
        swarm.FormationTarget, '/robot1/target', qos.TABLE_OFFERED
    )
    due = [0]

    def publish():
        now = time.monotonic_ns()
        due[0] = now + 50_000_000
        stamp = ground.node.get_clock().now().to_msg()
        tables.publish(MAKE.table_to(NeighborTable(now, storage_id, 1, ()), stamp))
        target = FormationTarget(now, Mode.FLY, 1, 0, 1, position, (0.0, 0.0, 0.0), math.pi / 2)
        targets.publish(MAKE.target_to(target, stamp))

    run.runners[-1].at(lambda: due[0], publish)


@pytest.mark.parametrize('stamped', [False, True])
def test_a_robot_that_looks_north_flies_east_by_moving_to_its_right(run, stamped):
    controller(run, yaw=math.pi / 2, cmd_vel_stamped=stamped)
    ground = Ground(run)
    kind = TwistStamped if stamped else Twist
    ground.watch(kind, '/robot1/cmd_vel', qos.COMMAND)
    ground.watch(swarm.WorldState, WORLD_TOPIC, qos.WORLD)
    send(ground, run, read_provision(run.folder / 'robots/robot1').storage_id, (2.0, 0.0, 0.0))

    def sideways():
        newest = ground.newest('/robot1/cmd_vel')
        twist = newest.twist if stamped and newest else newest
        return twist is not None and twist.linear.y < -0.5 and abs(twist.linear.x) < 0.1

    assert run.spin(sideways)
    if stamped:  # the embedded world takes Twist
        assert ground.newest('/robot1/cmd_vel').header.frame_id == 'robot1/base_link'
        return

    def arrived():
        world = ground.newest(WORLD_TOPIC)
        at = world.positions[0] if world is not None else Point()
        return abs(at.x - 2.0) < 0.1 and abs(at.y) < 0.05

    assert run.spin(arrived)
    assert ground.newest(WORLD_TOPIC).yaws[0] == pytest.approx(math.pi / 2, abs=0.05)


def test_poses_in_a_wrong_frame_are_refused_and_the_robot_stays(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    runner = run.runner('robot1', swarm_file=source, storage_dir=storage)
    node = bring_up(ControllerNode(runner))
    ground = Ground(run)
    ground.watch(Twist, '/robot1/cmd_vel', qos.COMMAND)
    poses = ground.node.create_publisher(PoseStamped, '/robot1/pose', 10)
    send(ground, run, read_provision(storage).storage_id, (2.0, 0.0, 0.0))

    def refused():
        message = PoseStamped()
        message.header.frame_id = 'odom'
        message.pose.orientation.w = 1.0
        poses.publish(message)
        return node.part.localisation.refused['wrong_frame'] >= 20

    assert run.spin(refused)
    assert run.spin(lambda: len(ground.seen['/robot1/cmd_vel']) > 5)
    assert all(twist == Twist() for twist in ground.seen['/robot1/cmd_vel'])
    assert node.part.localisation.pose is None


def coordinator(run, **parameters):
    """Return the coordinator of a swarm of one."""
    runner = run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1', **parameters
    )
    return bring_up(CoordinatorNode(runner)), runner


PUT = '{"kind":"put","key":"a","value":"b"}'


@pytest.fixture
def disk(monkeypatch):
    """Give a disk whose syncs wait while ``disk.clear()`` holds."""
    open_gate, sync = threading.Event(), Storage.sync
    open_gate.set()

    def gated(self):
        open_gate.wait(20.0)
        sync(self)

    monkeypatch.setattr(Storage, 'sync', gated)
    yield open_gate
    open_gate.set()


def test_propose_is_answered_once_on_disk_and_nothing_waits_for_it(run, disk):
    node, _ = coordinator(run)
    ground = Ground(run)
    ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)
    client = ground.client(run, ProposeCommand, '/robot1/propose')
    assert run.spin(lambda: ground.seen['/robot1/status'])
    disk.clear()
    future = client.call_async(ProposeCommand.Request(command=PUT))
    before = len(ground.seen['/robot1/status'])
    assert run.spin(lambda: len(ground.seen['/robot1/status']) >= before + 10)
    assert not future.done()
    disk.set()
    assert run.spin(future.done)
    answer = future.result()
    assert (answer.accepted, answer.serial) == (True, 1)
    assert node.runner.pending == 0


def test_the_same_request_id_is_accepted_once(run):
    coordinator(run)
    ground = Ground(run)
    request = ProposeCommand.Request(command=PUT, request_id='one')
    first = ground.call(run, ProposeCommand, '/robot1/propose', request)
    again = ground.call(run, ProposeCommand, '/robot1/propose', request)
    assert first.accepted
    assert again.accepted
    assert first.serial == again.serial == 1


def test_a_request_repeated_after_its_time_out_is_accepted_only_once_on_disk(run, disk):
    coordinator(run, propose_timeout_s=0.3)
    ground = Ground(run)
    request = ProposeCommand.Request(command=PUT, request_id='one')
    disk.clear()
    for _ in range(3):
        answer = ground.call(run, ProposeCommand, '/robot1/propose', request)
        assert (answer.accepted, answer.error) == (False, answer.ERROR_TIMEOUT)
    disk.set()
    answer = ground.call(run, ProposeCommand, '/robot1/propose', request)
    assert (answer.accepted, answer.serial) == (True, 1)
    other = ProposeCommand.Request(command=PUT, request_id='two')
    assert ground.call(run, ProposeCommand, '/robot1/propose', other).serial == 2


def test_what_is_no_command_is_answered_with_the_reason(run):
    coordinator(run)
    ground = Ground(run)
    bad = ground.call(run, ProposeCommand, '/robot1/propose', ProposeCommand.Request(command='{'))
    assert (bad.accepted, bad.error) == (False, bad.ERROR_INVALID)
    assert bad.message
    long = PUT.replace('"b"', '"' + 'b' * 5000 + '"')
    request = ProposeCommand.Request(command=long)
    large = ground.call(run, ProposeCommand, '/robot1/propose', request)
    assert large.error == large.ERROR_TOO_LARGE


def test_a_swarm_of_one_commits_and_a_late_joiner_reads_its_log(run):
    coordinator(run)
    ground = Ground(run)
    answer = ground.call(
        run, ProposeCommand, '/robot1/propose', ProposeCommand.Request(command=PUT)
    )
    ground.watch(swarm.LogEntry, '/robot1/log', qos.LOG)
    entries = ground.seen['/robot1/log']
    assert run.spin(lambda: any(entry.serial == answer.serial for entry in entries))
    log = ground.call(run, QueryLog, '/robot1/query_log', QueryLog.Request(from_index=1))
    assert [entry.index for entry in log.entries] == list(range(1, log.commit_index + 1))
    assert log.entries == ground.seen['/robot1/log'][: log.commit_index]
    beyond = ground.call(
        run, QueryLog, '/robot1/query_log', QueryLog.Request(from_index=log.commit_index + 50)
    )
    assert beyond.error == beyond.ERROR_OUT_OF_RANGE


def test_a_stop_is_in_force_at_once_and_names_its_counter(run):
    coordinator(run)
    ground = Ground(run)
    ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)
    ground.watch(swarm.MissionEvent, '/robot1/events', qos.EVENTS)
    answer = ground.call(run, SetStop, '/robot1/stop', SetStop.Request(level=2))
    assert answer.accepted
    lifted = json.loads(answer.message)
    assert lifted == {'kind': 'lift_stop', 'counters': [[answer.issuer, answer.counter]]}
    stopped = swarm.RobotStatus.MODE_STOPPED
    assert run.spin(lambda: stopped in [s.mode for s in ground.seen['/robot1/status']])
    named = f'safety stop {answer.counter} of robot1'
    assert run.spin(lambda: named in [e.text for e in ground.seen['/robot1/events']])
    wrong = ground.call(run, SetStop, '/robot1/stop', SetStop.Request(level=7))
    assert wrong.error == wrong.ERROR_INVALID_LEVEL


def test_a_failed_sync_ends_the_process_with_the_reason(run, monkeypatch):
    def broken(self):
        raise StorageError('sync failed: no space left')

    monkeypatch.setattr(Storage, 'sync', broken)
    runner = run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1'
    )
    node = CoordinatorNode(runner)
    runner.add(node)
    Manager(runner, [node])
    with pytest.raises(StorageError, match='no space left'):
        runner.run()


def test_the_world_cuts_its_radio_on_request_and_refuses_nonsense(run):
    runner = run.runner(robots=5)
    runner.add(WorldNode(runner))
    ground = Ground(run)
    ground.watch(swarm.RadioState, '/swarm/radio', qos.RADIO)

    def reception(sender, receiver):
        state = ground.newest('/swarm/radio')
        names = list(state.names)
        return state.reception[names.index(sender) * len(names) + names.index(receiver)]

    assert run.spin(lambda: ground.newest('/swarm/radio') is not None)
    assert reception('robot1', 'robot2') > 0.9
    cut = SetPartition.Request(names=['robot1', 'robot2', 'robot3'], groups=[1, 2, 2])
    assert ground.call(run, SetPartition, PARTITION_SERVICE, cut).accepted
    assert run.spin(lambda: ground.newest('/swarm/radio').revision == 1)
    assert reception('robot1', 'robot2') == reception('robot2', 'robot1') == 0.0
    assert reception('robot2', 'robot3') > 0.9
    assert reception('robot4', 'robot5') == 0.0  # not named: alone
    bad = SetPartition.Request(names=['robot1', 'nobody'], groups=[1, 2])
    assert not ground.call(run, SetPartition, PARTITION_SERVICE, bad).accepted
    assert ground.call(run, SetPartition, PARTITION_SERVICE, SetPartition.Request()).accepted
    assert run.spin(lambda: reception('robot1', 'robot2') > 0.9)


def test_a_scenarios_delay_reaches_robots_of_either_kind_with_its_numbers():
    told = Told('scenario.yaml', 'swarm.yaml', ('robot1',), 1, True, 100.0, 200.5)
    backends = {
        RosMiddleware: {'radio_latency_ms:=100.0', 'radio_jitter_ms:=200.5'},
        DdsMiddleware: {'--radio-latency', '100.0', '--radio-jitter', '200.5'},
    }
    for kind, words in backends.items():
        middleware = kind.__new__(kind)  # what makes a command needs no domain
        assert words <= set(middleware.robot_command(told, 'robot1', Path('disk')))


def test_a_coordinator_takes_frames_as_late_as_it_is_told(run):
    coordinator(run, radio_latency_ms=400.0)
    ground = Ground(run)
    ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)
    mesh = ground.node.create_publisher(swarm.MeshFrame, MESH, qos.MESH)
    assert run.spin(lambda: mesh.get_subscription_count() and ground.seen['/robot1/status'])
    sent_s = time.monotonic()
    mesh.publish(swarm.MeshFrame(sender='stranger', data=[1, 2, 3]))
    assert run.spin(lambda: ground.newest('/robot1/status').frames_rejected == 1)
    assert time.monotonic() - sent_s >= 0.4


def test_the_diagnostics_of_a_robot_count_the_frames_that_it_refused(run):
    coordinator(run, diagnostics_period_s=0.1)
    ground = Ground(run)
    ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)
    ground.watch(swarm.MeshFrame, MESH, qos.MESH)
    ground.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    mesh = ground.node.create_publisher(swarm.MeshFrame, MESH, qos.MESH)
    assert run.spin(lambda: mesh.get_subscription_count() == 2 and ground.seen[MESH])

    def values():
        return {value.key: value.value for message in ground.seen['/diagnostics']
                for part in message.status if part.name == 'robot1: mesh'
                for value in part.values}

    def diagnosed():
        return int(values().get('frames_rejected', -1))

    assert run.spin(lambda: diagnosed() == 0)
    kinds = ('random', 'mutated', 'truncated', 'wrong_version', 'wrong_cluster', 'wrong_key')
    forger = Forger(random.Random(1), kinds=kinds)
    forger.hear(bytes(ground.seen[MESH][0].data))
    for _ in range(30):
        mesh.publish(swarm.MeshFrame(sender='stranger', data=forger.forge()[1]))
    # Best effort: a busy host may drop some of them.
    assert run.spin(
        lambda: 10 <= diagnosed() == ground.newest('/robot1/status').frames_rejected
    )
    # In words at once; what follows is told ten seconds later.
    assert values()['refused'].startswith('1 frames refused so far: 1 ')
