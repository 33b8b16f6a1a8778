# SPDX-License-Identifier: Apache-2.0
"""
A DDS domain for one run alone, on this host alone.

Domains are claimed by a file lock, so that two demos never share one, and only where the
ports of the domain's first participants are free, so that no other ROS program on the host is in
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import socket
import tempfile

from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.errors import SwarmError

# 0 is everybody's default; above 101 the ports of Linux's ephemeral range begin.
FIRST, LAST = 1, 101
# RTPS 2.2, 9.6.1.1: port base, domain gain, offsets of the unicast ports. The first participant
# may have gone and left others, so those of the first twenty are looked at.
PORT_BASE, DOMAIN_GAIN, UNICAST_OFFSETS = 7400, 250, range(10, 50)


@contextmanager
def claimed_domain(start: int) -> Iterator[int]:
    """Yield a free domain id, claimed until the end; looks from ``start`` on, all in turn."""
    folder = Path(tempfile.gettempdir()) / f'swarm-coordination-{os.getuid()}' / 'domains'
    folder.mkdir(parents=True, exist_ok=True)
    count = LAST - FIRST + 1
    for step in range(count):
        domain = FIRST + (start + step) % count
        if not _ports_free(domain):
            continue
        descriptor = os.open(folder / f'{domain}.lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        try:
            yield domain
        finally:
            os.close(descriptor)
        return
    raise SwarmError(f'no DDS domain of {FIRST} to {LAST} is free on this host')


def interoperable_environment(base: Mapping[str, str]) -> dict[str, str]:
    """
    Return what lets Fast DDS and Cyclone DDS meet, see config/dds/fastdds.xml.

    Nothing where ``base`` names a profile of the user's own.
    """
    # The name of the variable in Fast DDS 2.6 is another; both at once load the file twice.
    name = 'FASTDDS_DEFAULT_PROFILES_FILE'
    if base.get('ROS_DISTRO') == 'humble':
        name = 'FASTRTPS_DEFAULT_PROFILES_FILE'
    if base.get(name):
        return {}
    return {name: str(config_folder() / 'dds' / 'fastdds.xml')}


def local_environment(domain: int, log_folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` with DDS confined to this host and to ``domain``."""
    return {
        **base,
        **interoperable_environment(base),
        'ROS_DOMAIN_ID': str(domain),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOCALHOST_ONLY': '1' if base.get('ROS_DISTRO') == 'humble' else '0',
        'ROS_STATIC_PEERS': '',
        'CYCLONEDDS_URI': (config_folder() / 'dds' / 'loopback.xml').as_uri(),
        # A killed process leaves its shared-memory ports behind, and they pass by a partition.
        'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
        'ROS_LOG_DIR': str(log_folder),
        # Small arrays only: threads of a linear algebra library cost more than they give.
        'OPENBLAS_NUM_THREADS': '1',
        'OMP_NUM_THREADS': '1',
    }


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Give this process the environment ``values`` for a while (rclpy reads it from there)."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _ports_free(domain: int) -> bool:
    """Whether nobody on this host has the ports of the domain's first participants."""
    for offset in UNICAST_OFFSETS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(('', PORT_BASE + DOMAIN_GAIN * domain + offset))
            except OSError:
                return False
    return True
