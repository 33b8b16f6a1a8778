# SPDX-License-Identifier: Apache-2.0
"""Every profile that comes along is one that its DDS understands."""

import os
import subprocess
import sys

from netns.needs import MARKS
import pytest
from swarm_coordination.configuration.locations import config_folder

pytestmark = [*MARKS]
PROFILES = sorted(path.name for path in (config_folder() / 'dds').glob('*.xml')
                  if not path.name.startswith('fastdds'))
JOIN = 'from swarm_coordination.transport.cyclone import Participant; Participant(3).close()'


def join(uri):
    """Join a domain in a network of its own, where no packet leaves for anywhere."""
    words = ('ip link set lo up && ip link add radio type bridge && ip link set radio up && '
             'ip addr add 192.168.4.11/24 dev radio && exec "$0" -c "$1"')
    return subprocess.run(
        ['unshare', '--net', 'sh', '-c', words, sys.executable, JOIN],
        env={**os.environ, 'CYCLONEDDS_URI': uri}, capture_output=True, text=True, check=False,
    )


def test_the_profiles_are_those_of_the_documentation():
    assert PROFILES == ['lab.xml', 'loopback.xml', 'mesh_radio.xml', 'wifi_unicast.xml']


@pytest.mark.parametrize('name', PROFILES)
def test_cyclone_takes_a_profile_without_complaint(name):
    done = join((config_folder() / 'dds' / name).as_uri())
    assert (done.returncode, done.stderr) == (0, '')


def test_cyclone_says_what_is_wrong_with_another():
    wrong = '<CycloneDDS><Domain id="any"><Discovery><Nonsense/></Discovery></Domain></CycloneDDS>'
    done = join(wrong)
    assert done.returncode != 0 or 'Nonsense' in done.stderr
