# SPDX-License-Identifier: Apache-2.0
"""What two nodes of a real run were asked is fed back to the same outputs, bit for bit."""

import json
from pathlib import Path
import subprocess
import sys

from mcap.reader import make_reader
from mcap.writer import Writer
import pytest
from ros.support import bring_up, Ground
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.recording import replay as replaying
from swarm_coordination.recording.calls import CallWriter, CUT, read_calls
from swarm_coordination.recording.replay import replay
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.world_node import WorldNode
from swarm_msgs.srv import ProposeCommand

pytestmark = [pytest.mark.ros, pytest.mark.beside]
MISSION = {
    'kind': 'start_mission', 'name': 'straight', 'speed_mm_s': 600, 'lease_ms': 60_000,
    'formation': {'shape': 'column', 'spacing_mm': 2000}, 'path': [[0, 0], [60_000, 0]],
    'on_loss': 'repack',
}


@pytest.fixture
def recordings(run):
    """Give the recordings of both nodes of a robot that has flown for a while."""
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    world = run.runner(swarm_file=source)
    world.add(WorldNode(world))
    robot = run.runner('robot1', swarm_file=source, storage_dir=storage,
                       record_dir=run.folder / 'calls')
    nodes = [bring_up(kind(robot)) for kind in (CoordinatorNode, ControllerNode)]
    ground = Ground(run)
    command = ProposeCommand.Request(command=json.dumps(MISSION))
    assert ground.call(run, ProposeCommand, '/robot1/propose', command, 20.0).accepted
    flying = lambda: nodes[1].part._report.command.vx > 0.4  # noqa: E731
    assert run.spin(flying, 30.0)
    for node in reversed(nodes):
        node.trigger_deactivate()
        node.trigger_cleanup()
    found = sorted((run.folder / 'calls').glob('*.mcap'))
    assert [path.name.split('-')[1] for path in found] == ['controller', 'coordinator']
    return found


def rewritten(path, change, *more):
    """Return a copy of a recording whose calls have passed through ``change``, with more."""
    copy = path.with_name('copy.mcap')
    calls = [change(k, call) for k, call in enumerate(read_calls(path))]
    start = {key: value for key, value in calls[0].items() if key not in ('call', 'format')}
    writer = CallWriter(copy, start, print)
    for call in [*calls[1:], *more]:
        writer.put(call['now'], call)
    writer.close()
    return copy


def test_every_output_of_both_cores_is_the_same_again(recordings):
    for path in recordings:
        found = replay(path)
        assert found.difference == 0
        assert found.compared > 50
        assert found.calls > found.compared or found.part == 'controller'
        assert not found.cut
    cut = {'call': CUT, 'now': 0, 'lost': 7, 'why': 'the disk is too slow'}
    shorter = replay(rewritten(path, lambda _, call: call, cut))
    assert shorter[:-1] == found[:-1]
    assert shorter.cut.startswith('7 calls at its end were not recorded')


def test_a_call_that_was_another_is_noticed(recordings):
    coordinator = recordings[1]
    calls = list(read_calls(coordinator))
    proposed = next(k for k, call in enumerate(calls) if call['call'] == 'propose')

    def change(number, call):
        if number == proposed:
            call = {**call, 'command': call['command'].replace('600', '500')}
        return call

    found = replay(rewritten(coordinator, change))
    assert found.difference > proposed
    assert found.call == 'poll'


def test_another_environment_or_code_is_refused(recordings, monkeypatch):
    path = recordings[0]
    monkeypatch.setattr(replaying, 'code', lambda: 'another')
    with pytest.raises(ConfigurationError, match='the code here'):
        replay(path)
    assert replay(path, other_code=True).difference == 0
    here = replaying.environment()
    assert {'machine', 'libc', 'kernels', 'python', 'msgspec', 'numpy'} == set(here)
    for name, value in here.items():
        monkeypatch.setattr(replaying, 'environment', lambda name=name: {**here, name: 'another'})
        with pytest.raises(ConfigurationError, match=rf'environment\.{name}') as caught:
            replay(path, other_code=True)
        assert value in str(caught.value)  # then
        assert "'another', as it is here" in str(caught.value)


def test_the_verb_says_whether_it_was_the_same_and_refuses_what_is_no_recording(recordings, run):
    command = [sys.executable, '-m', 'swarm_coordination.cli.main', 'replay']
    done = subprocess.run([*command, *map(str, recordings)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('bit for bit the same') == 2
    wrong = run.folder / 'wrong.mcap'
    wrong.write_bytes(b'no recording')
    for path in (wrong, Path('/nowhere.mcap')):
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert 'a whole recording of calls' in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_recording_is_a_plain_mcap_file_and_another_one_is_not_taken_for_it(recordings, run):
    with recordings[0].open('rb') as file:
        summary = make_reader(file).get_summary()
    assert [channel.topic for channel in summary.channels.values()] == ['/swarm/calls']
    other = run.folder / 'other.mcap'
    with other.open('wb') as file:
        writer = Writer(file)
        writer.start()
        writer.finish()
    with pytest.raises(ConfigurationError, match='a recording of calls, format 1'):
        replay(other)
