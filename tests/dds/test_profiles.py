# SPDX-License-Identifier: Apache-2.0
"""Forty robots find room on one host."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.dds, pytest.mark.timeout(90)]
COUNT = 40
# A process has one participant index, so each participant is a process: forked after the imports,
# which cost more than all the rest. Each says how it went and stays until all have.
FORTY = """
import os, sys
from swarm_coordination.transport.cyclone import Participant
domain, count = int(sys.argv[1]), int(sys.argv[2])
said, says = os.pipe()
waits, ends = os.pipe()
for _ in range(count):
    if os.fork() == 0:
        os.close(ends)
        try:
            held = Participant(domain)
            os.write(says, b'+')
            os.read(waits, 1)
        except Exception as error:
            print(error, file=sys.stderr, flush=True)
            os.write(says, b'-')
        os._exit(0)
heard = b''.join(os.read(said, 1) for _ in range(count))
os.close(ends)
for _ in range(count):
    os.wait()
print(heard.count(b'+'))
"""


def test_forty_participants_find_a_free_index_each_on_one_host(domain):
    done = subprocess.run(
        [sys.executable, '-c', FORTY, str(domain), str(COUNT)],
        capture_output=True, text=True, check=False, timeout=60.0,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, '', f'{COUNT}\n')
