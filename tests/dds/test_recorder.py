# SPDX-License-Identifier: Apache-2.0
"""``swarm record --over dds``: a bag of plain DDS robots, made without ROS."""

import signal
import time

from live.processes import wait_for
from mcap.reader import make_reader
import pytest
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.transport.messages import messages

pytestmark = [pytest.mark.dds, pytest.mark.beside, pytest.mark.timeout(120)]


@pytest.fixture
def stamped(domain):
    """Give what sends a command of robot2 for a while, whose base takes them stamped."""
    from swarm_coordination.transport.cyclone import Participant
    from swarm_coordination.transport.profiles import COMMAND

    participant = Participant(domain)
    kind = messages().TwistStamped
    writer = participant.writer(kind, 'rt/robot2/cmd_vel', COMMAND)

    def send(seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            writer.write(kind())
            time.sleep(0.1)

    yield send
    participant.close()


def test_a_bag_of_a_plain_robot_holds_its_messages_with_their_definitions(
    processes, stamped
):
    disks, bag = processes.folder / 'disks', processes.folder / 'flight'
    provision_swarm(disks, ('robot1',))
    main = ('-m', 'swarm_coordination.cli.main')
    recorder = processes.start('record', *main, 'record', bag, '--over', 'dds')
    processes.start('robot1', *main, 'robot', 'robot1', '--storage', disks / 'robot1')

    assert wait_for(lambda: 'has a quorum' in processes.log('robot1').read_text(), 60.0)
    stamped(3.0)  # at ten statuses a second, after all that starting takes
    recorder.send_signal(signal.SIGINT)
    assert recorder.wait(20.0) == 0, processes.log('record').read_text()
    heard = {}
    with (bag / 'flight_0.mcap').open('rb') as file:
        for schema, channel, message in make_reader(file).iter_messages():
            heard.setdefault(channel.topic, []).append((schema, message.data))
    assert {'/swarm/mesh', '/robot1/status', '/robot1/log'} <= set(heard)
    kinds = {number: {schema.name for schema, _ in heard[f'/robot{number}/cmd_vel']}
             for number in (1, 2)}
    assert kinds == {1: {'geometry_msgs/msg/Twist'}, 2: {'geometry_msgs/msg/TwistStamped'}}
    schema, data = heard['/robot1/status'][-1]
    assert 'MSG: builtin_interfaces/Time' in schema.data.decode()
    status = messages().swarm.RobotStatus.deserialize(data)
    assert (status.name, status.leader_name) == ('robot1', 'robot1')
