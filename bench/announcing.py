# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
What it costs to be there: bytes that Cyclone participants which do nothing send, by profile.

For each profile of config/dds that needs no list of peers, two and six processes that only join
a domain, each group in a network namespace of its own (root); once they have met, everything on
its interfaces is counted. All groups at once. Printed: bytes of a participant in a second.

Usage: sudo .venv/bin/python bench/announcing.py [--seconds S]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import subprocess
import sys
import time

from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.live.lifetime import die_with_parent

PROFILES = ('loopback.xml', 'lab.xml', 'mesh_radio.xml')
COUNTS = (2, 6)
# By then all have met, with announcements every 10 s.
MET_S = 25.0
COUNTED_S = 40.0
DOMAIN = 3
NETWORK = ('ip link set lo up && ip link add radio type bridge && ip link set radio up && '
           'ip addr add 192.168.4.11/24 dev radio && exec "$@"')


def sent_bytes() -> int:
    """Return what the interfaces of this network have sent."""
    lines = Path('/proc/net/dev').read_text().splitlines()[2:]
    return sum(int(line.partition(':')[2].split()[8]) for line in lines)


def count(participants: int, seconds: float) -> None:
    """Start participants in this network, and print what each sends in a second."""
    command = [sys.executable, __file__, '--join']
    children = [subprocess.Popen(command) for _ in range(participants)]
    try:
        time.sleep(MET_S)
        before, began = sent_bytes(), time.monotonic()
        time.sleep(seconds)
        print((sent_bytes() - before) / (time.monotonic() - began) / participants)
    finally:
        for child in children:
            child.kill()
            child.wait()


def join() -> None:
    """Join the domain and stay, doing nothing."""
    die_with_parent()
    from swarm_coordination.transport.cyclone import Participant
    participant = Participant(DOMAIN)
    time.sleep(3600.0)
    participant.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description='what participants send that do nothing')
    parser.add_argument('--seconds', type=float, default=COUNTED_S)
    parser.add_argument('--join', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--count', type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.join:
        join()
        return 0
    if options.count:
        count(options.count, options.seconds)
        return 0
    if os.geteuid() != 0:
        print('network namespaces need root', file=sys.stderr)
        return 2
    runs = {}
    for profile in PROFILES:
        for number in COUNTS:
            command = ['unshare', '--net', 'sh', '-c', NETWORK, 'sh', sys.executable, __file__,
                       '--seconds', str(options.seconds), '--count', str(number)]
            uri = (config_folder() / 'dds' / profile).as_uri()
            runs[profile, number] = subprocess.Popen(
                command, env={**os.environ, 'CYCLONEDDS_URI': uri}, stdout=subprocess.PIPE,
                text=True,
            )
    print('| profile | ' + ' | '.join(f'{number} participants' for number in COUNTS) + ' |')
    print('|---' * (1 + len(COUNTS)) + '|')
    for profile in PROFILES:
        cells = [float(runs[profile, number].communicate()[0]) for number in COUNTS]
        print(f'| {profile} | ' + ' | '.join(f'{cell / 1000:.2f} kB/s' for cell in cells) + ' |')
    return 0


if __name__ == '__main__':
    sys.exit(main())
