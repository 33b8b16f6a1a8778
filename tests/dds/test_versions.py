# SPDX-License-Identifier: Apache-2.0
"""Robots of another version or configuration, in a swarm of processes that runs."""

from pathlib import Path
import subprocess
import sys

from dds.real_swarm import RealSwarm
import pytest
from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.wire.codec import MAJOR

pytestmark = [pytest.mark.dds, pytest.mark.beside, pytest.mark.timeout(240)]
OTHER = Path(__file__).with_name('other_version.py')
REST = ('robot1', 'robot2')


@pytest.fixture
def swarm(processes, domain):
    """Give a swarm of three, none of which runs yet."""
    made = RealSwarm(processes, domain, 3)
    yield made
    assert made.one_log()
    made.close()


def test_another_version_is_refused_in_words_and_a_newer_minor_one_is_understood(
    swarm, processes, domain
):
    swarm.start('robot1')
    swarm.start('robot2', wrap=(OTHER, 'minor'))
    swarm.start('robot3', wrap=(OTHER, 'major'))
    # Of three voters one speaks another language: the two others lead and agree on something
    # only if either understands the other.
    assert swarm.until(lambda: swarm.leader(REST) is not None, 90.0)
    for name in REST:
        assert swarm.put(name, f'by_{name}', among=REST)
        assert refused(MAJOR + 1) in told(swarm, name, 'frames_refused')
        assert refused(MAJOR + 1) in processes.log(name).read_text()
        assert swarm.until(lambda name=name: set(swarm.status(name).alive) == set(REST))
    assert refused(MAJOR) in told(swarm, 'robot3', 'frames_refused')
    assert refused(MAJOR) in processes.log('robot3').read_text()
    lost = swarm.status('robot3')
    assert (lost.quorum, lost.alive, lost.leader_name) == (False, ('robot3',), '')
    assert swarm.applied['robot3'] == {}
    seen = subprocess.run(
        [sys.executable, '-m', 'swarm_coordination.cli.main', 'status', '--over', 'dds',
         '--domain', str(domain), '--wait', '5'],
        capture_output=True, text=True, check=True).stdout
    assert [' frames refused' in line for line in seen.splitlines()[2:]] == [True] * 3, seen


def told(swarm, name, kind):
    """Return what a robot says last of one kind of event, which it does say."""
    assert swarm.until(lambda: swarm.heard(name, kind), 30.0)
    return swarm.heard(name, kind)[-1]


def refused(major):
    """Return the words for frames of another major version."""
    return f'wrong_version: {major} (another protocol version, not understood)'


def test_another_configuration_is_named_and_costs_its_robot_slot_and_vote(swarm, processes):
    other = processes.folder / 'other.yaml'
    text = (config_folder() / 'swarm.yaml').read_text()
    assert text.count('safety_distance_m: 0.6 ') == 1
    other.write_text(text.replace('safety_distance_m: 0.6 ', 'safety_distance_m: 0.7 '))
    for name in REST:
        swarm.start(name)
    assert swarm.until(lambda: swarm.leader(REST) is not None, 90.0)
    swarm.start('robot3', more=('--config', other))
    for name in REST:
        said = told(swarm, name, 'configuration_mismatch')
        assert said.startswith('robot3 ')
        assert said.endswith(': its shared settings differ from ours: avoided, not obeyed')
        assert said in processes.log(name).read_text()
    assert swarm.put('robot1', 'beside_it', among=REST)
    assert swarm.status('robot3').quorum is False
    assert swarm.applied['robot3'] == {}
