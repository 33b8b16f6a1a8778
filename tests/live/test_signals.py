# SPDX-License-Identifier: Apache-2.0
"""A process that was asked to end ends well, however often it is asked."""

import signal

from live.processes import Processes
import pytest

# Asked again by what is alive when the interpreter has given its signal handlers up.
ASKED_TWICE = """
import os, signal, sys
from swarm_coordination.live.loop import Loop

class Idle(Loop):
    def _wait(self, timeout_s):
        os.kill(os.getpid(), int(sys.argv[1]))
    def post(self, callback):
        callback()
    def close(self):
        pass

class AsksAgain:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=int(sys.argv[2])):
        kill(pid, number)

last = AsksAgain()
loop = Idle()
loop.stop_on_signals()
loop.run()
print('ended')
"""


@pytest.mark.parametrize('first', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize('second', [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_in_the_interpreters_last_steps_changes_nothing(tmp_path, first, second):
    with Processes(tmp_path) as processes:
        process = processes.start('idle', '-c', ASKED_TWICE, int(first), int(second))
        assert process.wait(60.0) == 0
        assert processes.log('idle').read_text() == 'ended\n'
