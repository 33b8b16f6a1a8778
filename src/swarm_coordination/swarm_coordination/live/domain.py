# SPDX-License-Identifier: Apache-2.0
"""
A DDS domain for one run alone, on this host alone.

Domains are claimed by a file lock, so that two demos never share one, and only where the
ports of the domain's first participants are free, so that no other ROS program on the host is in
it. The locks lie in a folder of this user alone: below /tmp anybody may have made it, to have
root follow its links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path
import socket
import tempfile

from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.errors import ConfigurationError, SwarmError

# 0 is everybody's default; above 101 the ports of Linux's ephemeral range begin.
FIRST, LAST = 1, 101
# RTPS 2.2, 9.6.1.1: port base, domain gain, offsets of the unicast ports. The first participant
# may have gone and left others, so those of the first twenty are looked at.
PORT_BASE, DOMAIN_GAIN, UNICAST_OFFSETS = 7400, 250, range(10, 50)
# The ports of a higher domain do not exist (the same).
DOMAIN_MAX = 232
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def domain_of(given: int | None) -> int:
    """
    Return the DDS domain ``given`` on a command line; None: ROS_DOMAIN_ID, or 0.

    Raises ConfigurationError.
    """
    text = str(given) if given is not None else os.environ.get('ROS_DOMAIN_ID', '') or '0'
    # The length first: of a number of thousands Python makes none.
    if not text.isdecimal() or len(text) > len(str(DOMAIN_MAX)) or int(text) > DOMAIN_MAX:
        source = 'command line' if given is not None else 'environment'
        field = '--domain' if given is not None else 'ROS_DOMAIN_ID'
        raise ConfigurationError(source, field, text, f'a whole number from 0 to {DOMAIN_MAX}')
    return int(text)


@contextmanager
def claimed_domain(start: int) -> Iterator[int]:
    """Yield a free domain id, claimed until the end; looks from ``start`` on, all in turn."""
    folder = _claims()
    try:
        domain, lock = _claim(folder, start)
    finally:
        os.close(folder)
    try:
        yield domain
    finally:
        os.close(lock)


def _claim(folder: int, start: int) -> tuple[int, int]:
    """Return a domain and the descriptor of its lock; ``folder`` is that of ``_claims``."""
    count = LAST - FIRST + 1
    for step in range(count):
        domain = FIRST + (start + step) % count
        if not _ports_free(domain):
            continue
        try:
            lock = os.open(f'{domain}.lock', _LOCK_FLAGS, 0o600, dir_fd=folder)
        except OSError:
            continue  # no file of ours: a link, a folder
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        return domain, lock
    raise SwarmError(f'no DDS domain of {FIRST} to {LAST} is free on this host')


def _claims() -> int:
    """Return the folder of the claims, open; raises ConfigurationError."""
    path = Path(tempfile.gettempdir()) / f'swarm-coordination-{os.geteuid()}'
    outer = _own_folder(path, None)
    try:
        return _own_folder(path / 'domains', outer)
    finally:
        os.close(outer)


def _own_folder(path: Path, above: int | None) -> int:
    """
    Return a folder, open, that nobody else may write to; it is made where it is missing.

    ``above``: the folder it lies in, open; None: it is found by its path.
    """
    name = path if above is None else path.name
    try:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=above)
        found = os.open(name, _FOLDER_FLAGS, dir_fd=above)
    except OSError as error:
        raise ConfigurationError(
            'environment', 'TMPDIR', str(path), f'a folder of this user: {error.strerror}'
        ) from error
    if os.fstat(found).st_uid != os.geteuid():
        os.close(found)
        raise ConfigurationError(
            'environment', 'TMPDIR', str(path), 'a folder of this user: somebody else has made it'
        )
    os.fchmod(found, 0o700)
    return found


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
