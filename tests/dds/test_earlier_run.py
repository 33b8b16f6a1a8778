# SPDX-License-Identifier: Apache-2.0
"""Frames recorded of real processes, sent into the next run of the same swarm."""

import json

from dds.real_swarm import RealSwarm
import pytest

pytestmark = [pytest.mark.dds, pytest.mark.timeout(240)]
FRAMES = 5_000


def attacker(swarm, name, rate, seconds, *options):
    """Run an attacker to its end; return what it told."""
    process = swarm.processes.start(
        name, '-m', 'swarm_coordination.dds.attacker', '--rate', rate, '--seconds', seconds,
        *options,
    )
    assert swarm.until(lambda: process.poll() is not None, 60.0)
    said = swarm.processes.log(name).read_text()
    assert process.returncode == 0, said
    return json.loads(said.splitlines()[-1])


def test_frames_of_an_earlier_run_are_refused_by_the_next(processes, domain):
    swarm = RealSwarm(processes, domain, 3)
    swarm.start_all()
    assert swarm.put('robot1', 'first')
    recorded = processes.folder / 'frames'
    assert attacker(swarm, 'listener', 0, 1, '--record', recorded)['frames'] == 0
    assert recorded.stat().st_size > 1_000
    before = {name: swarm.status(name).incarnation for name in swarm.names}
    for process in swarm.running.values():
        process.kill()
        process.wait()
    for name in swarm.names:
        swarm.forget(name)
        swarm.applied[name].clear()

    swarm.start_all()
    begun = {name: swarm.status(name) for name in swarm.names}
    told = attacker(swarm, 'attacker', FRAMES / 2, 2, '--only-earlier', '--earlier', recorded)
    assert told['kinds'] == {'earlier': told['frames']}
    assert told['frames'] > 0.95 * FRAMES
    # Nobody refuted anything, nobody is doubted or lost, and commands go on.
    assert swarm.put('robot2', 'second')
    for name in swarm.names:
        status = swarm.status(name)
        assert status.incarnation == begun[name].incarnation == before[name] + 1
        assert status.may_vote
        received = status.frames_received - begun[name].frames_received
        assert received > FRAMES / 5  # best effort: a busy host drops some
        # A third of them are its own, which it would refuse in any case.
        assert status.frames_rejected - begun[name].frames_rejected > 0.6 * received
        for kind in ('duplicate_storage', 'duplicate_name', 'held_back'):
            assert not swarm.heard(name, kind)
    assert swarm.one_log()
    swarm.close()
