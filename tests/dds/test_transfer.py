# SPDX-License-Identifier: Apache-2.0
"""``swarm transfer`` on real robots: leadership goes to whom it was asked for by name."""

import os
import subprocess
import sys

from dds.real_swarm import RealSwarm
import pytest

pytestmark = [pytest.mark.dds, pytest.mark.timeout(180)]


def test_leadership_is_handed_to_a_robot_by_its_name(processes, domain):
    swarm = RealSwarm(processes, domain, 3)
    try:
        swarm.start_all()
        heir = next(name for name in swarm.names if name != swarm.leader())
        done = subprocess.run(
            [sys.executable, '-m', 'swarm_coordination.cli.main', 'transfer', heir,
             '--over', 'dds', '--timeout', '30'],
            capture_output=True, text=True, env=os.environ, timeout=90, check=False)
        assert (done.returncode, done.stdout) == (0, f'{heir} leads\n'), done.stderr
        assert swarm.until(lambda: swarm.leader() == heir)
    finally:
        swarm.close()
