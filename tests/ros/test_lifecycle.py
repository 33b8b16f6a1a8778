# SPDX-License-Identifier: Apache-2.0
"""Every transition of the managed nodes; what is not possible is refused and nobody dies of it."""

import gc

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, Vector3
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
import pytest
from ros.support import bring_up, Ground
from swarm_coordination.errors import StorageError
from swarm_coordination.ros import executor, qos
from swarm_coordination.ros.clock import ClockWentBack
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.manager import Manager
from swarm_coordination.storage.store import Storage
from swarm_coordination.views import VelocityCommand
from swarm_msgs import msg as swarm
from swarm_msgs.srv import ProposeCommand, QueryLog, SetStop

pytestmark = pytest.mark.ros
KINDS = {'coordinator': CoordinatorNode, 'formation_controller': ControllerNode}
STEPS = (
    (Transition.TRANSITION_CONFIGURE, State.PRIMARY_STATE_INACTIVE),
    (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE),
    (Transition.TRANSITION_DEACTIVATE, State.PRIMARY_STATE_INACTIVE),
    (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE),
    (Transition.TRANSITION_DEACTIVATE, State.PRIMARY_STATE_INACTIVE),
    (Transition.TRANSITION_CLEANUP, State.PRIMARY_STATE_UNCONFIGURED),
    (Transition.TRANSITION_CONFIGURE, State.PRIMARY_STATE_INACTIVE),
    (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE),
)
SHUTDOWNS = {
    'unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    'inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
    'active': Transition.TRANSITION_ACTIVE_SHUTDOWN,
}


@pytest.fixture(params=['events', 'single-threaded'])
def loop(request, monkeypatch):
    """Run the test on either executor."""
    if request.param == 'single-threaded':
        monkeypatch.setattr(executor, 'EventsExecutor', None)
    elif executor.EventsExecutor is None:
        pytest.skip('this rclpy has no EventsExecutor')


def made(run, name, **parameters):
    """Return an unconfigured node of a swarm of one."""
    given = {'swarm_file': run.swarm_file(), 'storage_dir': run.storage() / 'robot1'}
    runner = run.runner('robot1', **{**given, **parameters})
    node = KINDS[name](runner)
    runner.add(node)
    return node


def managed_pair(run):
    """Return both nodes of a robot, in the hands of a manager."""
    runner = run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1'
    )
    nodes = [kind(runner) for kind in KINDS.values()]
    for node in nodes:
        runner.add(node)
    Manager(runner, nodes)
    return nodes


class Supervisor(Ground):
    """Changes a node's state as ``ros2 lifecycle set`` does."""

    def __init__(self, run, name):
        super().__init__(run)
        self._run, self._name = run, name

    def change(self, transition):
        """Ask for a transition; return whether it was made."""
        request = ChangeState.Request(transition=Transition(id=transition))
        name = f'/robot1/{self._name}/change_state'
        return self.call(self._run, ChangeState, name, request).success

    def state(self):
        """Return the id of the state the node says it is in."""
        name = f'/robot1/{self._name}/get_state'
        return self.call(self._run, GetState, name, GetState.Request()).current_state.id


@pytest.mark.parametrize('name', KINDS)
def test_a_destroyed_node_leaves_its_domain_without_waiting_for_the_garbage_collector(run, name):
    made(run, name)
    ground = Ground(run)

    def seen():
        return name in ground.node.get_node_names()

    assert run.spin(seen)
    gc.collect()
    gc.disable()
    try:
        run.runners.pop(0).close()
        assert run.spin(lambda: not seen())
    finally:
        gc.enable()


@pytest.mark.parametrize('name', KINDS)
def test_every_transition_leads_where_the_design_of_ros_says(run, loop, name):
    made(run, name)
    supervisor = Supervisor(run, name)
    assert supervisor.state() == State.PRIMARY_STATE_UNCONFIGURED
    for transition, state in STEPS:
        assert supervisor.change(transition)
        assert supervisor.state() == state


@pytest.mark.parametrize('name', KINDS)
@pytest.mark.parametrize('state', SHUTDOWNS)
def test_a_shutdown_is_possible_in_every_state_and_final(run, name, state):
    node = made(run, name)
    if state != 'unconfigured':
        node.trigger_configure()
    if state == 'active':
        node.trigger_activate()
    supervisor = Supervisor(run, name)
    assert supervisor.change(SHUTDOWNS[state])
    assert supervisor.state() == State.PRIMARY_STATE_FINALIZED
    assert node.part is None
    assert not supervisor.change(Transition.TRANSITION_CONFIGURE)


@pytest.mark.parametrize('name', KINDS)
def test_an_impossible_transition_is_refused_and_the_node_lives_on(run, loop, name):
    made(run, name)
    supervisor = Supervisor(run, name)
    for wrong in (Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_CLEANUP, 97):
        assert not supervisor.change(wrong)
    assert supervisor.change(Transition.TRANSITION_CONFIGURE)
    assert not supervisor.change(Transition.TRANSITION_CONFIGURE)
    assert supervisor.state() == State.PRIMARY_STATE_INACTIVE


def test_where_rclpy_raises_on_an_impossible_transition_the_node_lives_on_too(run):
    """Humble's raises in the service callback (rclpy issue 1209)."""
    node = made(run, 'coordinator')

    def as_humble(request, response):
        raise RuntimeError('Failed to trigger lifecycle state machine transition')

    shielded = node._shielded(as_humble)
    node._service_change_state.callback = shielded
    supervisor = Supervisor(run, 'coordinator')
    assert not supervisor.change(Transition.TRANSITION_ACTIVATE)
    assert supervisor.state() == State.PRIMARY_STATE_UNCONFIGURED


@pytest.mark.parametrize('name', KINDS)
def test_a_node_without_its_storage_stays_unconfigured_and_says_why(run, name):
    node = made(run, name, storage_dir=run.folder / 'nowhere')
    supervisor = Supervisor(run, name)
    supervisor.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    assert not supervisor.change(Transition.TRANSITION_CONFIGURE)
    assert supervisor.state() == State.PRIMARY_STATE_UNCONFIGURED
    assert 'provision' in str(node.problem)
    assert run.spin(lambda: said(supervisor, name)[0] == DiagnosticStatus.ERROR)


def said(ground, part):
    """Return level and message of the newest report of a part of robot1."""
    for message in reversed(ground.seen['/diagnostics']):
        for status in message.status:
            if status.name == f'robot1: {part}':
                return status.level, status.message
    return DiagnosticStatus.STALE, ''


def test_an_inactive_coordinator_says_nothing_and_refuses_commands(run):
    node = bring_up(made(run, 'coordinator'))
    ground = Ground(run)
    ground.watch(swarm.MeshFrame, '/swarm/mesh', qos.MESH)
    assert run.spin(lambda: len(ground.seen['/swarm/mesh']) > 5)
    node.trigger_deactivate()
    run.spin(lambda: False, 0.2)
    before = len(ground.seen['/swarm/mesh'])
    assert not run.spin(lambda: len(ground.seen['/swarm/mesh']) > before, 0.5)
    command = ProposeCommand.Request(command='{"kind":"put","key":"a","value":"b"}')
    for kind, name, request in (
        (ProposeCommand, 'propose', command),
        (QueryLog, 'query_log', QueryLog.Request(from_index=1)),
        (SetStop, 'stop', SetStop.Request(level=2)),
    ):
        answer = ground.call(run, kind, f'/robot1/{name}', request)
        assert answer.error == answer.ERROR_NOT_READY
        assert 'not active' in answer.message
    node.trigger_activate()
    assert ground.call(run, ProposeCommand, '/robot1/propose', command).accepted


def test_a_controller_that_is_deactivated_lets_the_base_stand(run):
    node = bring_up(made(run, 'formation_controller'))
    ground = Ground(run)
    ground.watch(Twist, '/robot1/cmd_vel', qos.COMMAND)
    core, moving = node.part.core, VelocityCommand(0.5, 0.0, 0.0, 0.0)
    update = core.update
    core.update = lambda now: update(now)._replace(command=moving)
    assert run.spin(lambda: Twist(linear=Vector3(x=0.5)) in ground.seen['/robot1/cmd_vel'])
    node.trigger_deactivate()
    run.spin(lambda: False, 0.2)
    seen = len(ground.seen['/robot1/cmd_vel'])
    assert ground.newest('/robot1/cmd_vel') == Twist()
    assert not run.spin(lambda: len(ground.seen['/robot1/cmd_vel']) > seen, 0.5)


@pytest.mark.parametrize('name', KINDS)
def test_a_fault_while_active_deactivates_cleans_up_and_is_reported(run, loop, name):
    node = bring_up(made(run, name))
    supervisor = Supervisor(run, name)
    supervisor.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    assert run.spin(lambda: said(supervisor, name)[0] == DiagnosticStatus.OK)

    def broken(now):
        raise ArithmeticError('the core is broken')

    node.part.core.tick = node.part.core.update = broken
    assert run.spin(lambda: node.state == 'unconfigured')
    assert node.part is None
    assert run.spin(lambda: said(supervisor, name)[0] == DiagnosticStatus.ERROR)
    assert said(supervisor, name)[1] == 'the core is broken'
    # Alive, and good for another life.
    assert supervisor.change(Transition.TRANSITION_CONFIGURE)
    assert supervisor.change(Transition.TRANSITION_ACTIVATE)
    assert run.spin(lambda: said(supervisor, name)[0] == DiagnosticStatus.OK)


@pytest.mark.parametrize('name', KINDS)
def test_a_clock_that_went_back_while_a_node_was_inactive_is_its_reason_to_begin_anew(run, name):
    node = bring_up(made(run, name))
    node.trigger_deactivate()
    monotone, part = node.core_clock.now, node.part

    def broken():
        raise ClockWentBack('simulated time went from 2 ns back to 1 ns')

    node.core_clock.now = broken
    node.trigger_activate()
    node.core_clock.now = monotone
    assert (node.state, node.part) == ('unconfigured', None)
    assert 'went from 2 ns back' in str(node.problem)
    node.trigger_configure()
    node.trigger_activate()
    assert (node.state, node.problem) == ('active', None)
    assert node.part is not part


@pytest.mark.parametrize('teller', [0, 1])
def test_a_part_that_cannot_tell_its_health_is_a_fault_and_no_end_of_the_process(run, teller):
    nodes = managed_pair(run)
    assert run.spin(lambda: [node.state for node in nodes] == ['active'] * 2)
    parts = [node.part for node in nodes]

    def broken():
        raise ClockWentBack('simulated time went from 2 ns back to 1 ns')

    parts[teller].health = broken
    # Of a clock that went back it is the first to know: both begin anew.
    assert run.spin(lambda: not set(parts) & {node.part for node in nodes})
    assert run.spin(lambda: [node.state for node in nodes] == ['active'] * 2)


def test_a_failed_sync_is_a_fault_that_takes_the_coordinator_down(run, monkeypatch):
    node = bring_up(made(run, 'coordinator'))

    def broken(self):
        raise StorageError('sync failed: no space left')

    run.spin(lambda: False, 0.3)
    monkeypatch.setattr(Storage, 'sync', broken)
    node.part.core.propose('{"kind":"put","key":"a","value":"b"}', node.core_clock.now())
    assert run.spin(lambda: node.state == 'unconfigured')
    assert 'no space left' in str(node.problem)


def test_the_manager_brings_both_nodes_up_and_a_fault_of_one_takes_both_down(run):
    nodes = managed_pair(run)
    runner = run.runners[-1]
    ground = Ground(run)
    ground.watch(Twist, '/robot1/cmd_vel', qos.COMMAND)
    assert run.spin(lambda: [node.state for node in nodes] == ['active'] * 2)
    assert run.spin(lambda: ground.seen['/robot1/cmd_vel'])

    def broken(now):
        raise ArithmeticError('the core is broken')

    nodes[0].part.core.tick = broken
    with pytest.raises(ArithmeticError):
        runner.run()
    assert [node.state for node in nodes] == ['unconfigured'] * 2
    run.spin(lambda: False, 0.2)
    assert ground.newest('/robot1/cmd_vel') == Twist()
