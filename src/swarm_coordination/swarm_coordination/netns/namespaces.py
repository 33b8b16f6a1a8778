# SPDX-License-Identifier: Apache-2.0
"""
Network namespaces on a bridge, made and removed whole; this host's own network is not touched.

The bridge stands in a namespace of its own (``hub``), and so do its filter rules. Names begin
with ``swarm-`` and the number of a lock file that is held while the run lives: what a crashed
run left behind is known by a lock that nobody holds, and removed at the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
import ctypes
import fcntl
import os
from pathlib import Path
import re
import shutil
import subprocess

from swarm_coordination.errors import ConfigurationError, SwarmError
from swarm_coordination.netns import rules
from swarm_coordination.netns.signals import undisturbed

# Where `ip netns` keeps the names.
NAMES = Path('/run/netns')
LOCKS = Path('/run/swarm-coordination')
PREFIX = 'swarm-'
HUB = 'hub'
BRIDGE = 'air'
# Of 10.0.0.0/8, in namespaces that nothing routes to: any would do.
SUBNET = '10.97.0'
# An interface is named after its robot's number; 64 robots is the bound of the table.
RUNS_MAX = 100
_CLONE_NEWNET = 0x40000000


def check_means() -> None:
    """Raise ConfigurationError where this user or host cannot do it, and say what is missing."""
    if os.geteuid() != 0:
        raise ConfigurationError(
            'environment', 'user', os.geteuid(), 'root: network namespaces need it (sudo)'
        )
    for program, package in (('ip', 'iproute2'), ('nft', 'nftables')):
        if shutil.which(program) is None:
            raise ConfigurationError(
                'environment', program, None, f'installed: apt-get install {package}'
            )


class Namespaces:
    """
    One namespace for each robot, joined by a bridge; a context manager.

    Raises ConfigurationError without root or nftables, SwarmError where the kernel refuses.
    """

    def __init__(self, robots: Sequence[str]) -> None:
        self.robots = tuple(robots)
        self.ports = tuple(f'robot{number}' for number in range(len(self.robots)))
        self._lost: dict[tuple[int, int], int] | None = None
        self._lock = self._home = -1
        self._number = -1

    def name(self, place: str) -> str:
        """Return the name of the namespace of a robot or of the hub."""
        return f'{PREFIX}{self._number}-{place}'

    def __enter__(self) -> Namespaces:
        check_means()
        remove_stale()
        self._claim()
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with undisturbed():
            if self._home >= 0:
                _enter(self._home)
                os.close(self._home)
                self._home = -1
            _remove(self._number)
            if self._lock >= 0:
                (LOCKS / f'{self._number}.lock').unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = -1

    def enter_hub(self) -> None:
        """Move this thread, and what it starts from now on, to the hub's network."""
        self._home = os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)
        hub = os.open(NAMES / self.name(HUB), os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(hub)
        finally:
            os.close(hub)

    def inside(self, place: str, command: list[str]) -> list[str]:
        """Return the command that runs ``command`` in a namespace; its process id is the same."""
        return ['ip', 'netns', 'exec', self.name(place), *command]

    def lose(self, lost: dict[tuple[int, int], int]) -> None:
        """Drop these thousandths from sender to receiver, by number; the rest passes."""
        if lost != self._lost:
            self._filter(rules.update(lost, self.ports))
            self._lost = dict(lost)

    def _claim(self) -> None:
        LOCKS.mkdir(parents=True, exist_ok=True)
        for number in range(RUNS_MAX):
            lock = _try_lock(number)
            if lock >= 0:
                self._number, self._lock = number, lock
                return
        raise SwarmError(f'{RUNS_MAX} runs in namespaces at once')

    def _make(self) -> None:
        hub = self.name(HUB)
        _ip('netns', 'add', hub)
        _ip('-n', hub, 'link', 'set', 'lo', 'up')
        # Without IGMP snooping the bridge floods multicast: as the air does.
        _ip('-n', hub, 'link', 'add', BRIDGE, 'type', 'bridge', 'mcast_snooping', '0')
        _ip('-n', hub, 'addr', 'add', f'{SUBNET}.254/24', 'dev', BRIDGE)
        _ip('-n', hub, 'link', 'set', BRIDGE, 'up')
        for number, (robot, port) in enumerate(zip(self.robots, self.ports), start=1):
            own = self.name(robot)
            _ip('netns', 'add', own)
            _ip('-n', own, 'link', 'set', 'lo', 'up')
            _ip('-n', hub, 'link', 'add', port, 'type', 'veth',
                'peer', 'name', 'radio', 'netns', own)
            _ip('-n', hub, 'link', 'set', port, 'master', BRIDGE, 'up')
            _ip('-n', own, 'addr', 'add', f'{SUBNET}.{number}/24', 'dev', 'radio')
            _ip('-n', own, 'link', 'set', 'radio', 'address', _hardware_address(number))
            _ip('-n', own, 'link', 'set', 'radio', 'up')
            # Multicast of DDS goes to 239.255.0.1: no other way leads anywhere.
            _ip('-n', own, 'route', 'add', 'default', 'dev', 'radio')
        self._know_each_other()
        self._filter(rules.create())

    def _know_each_other(self) -> None:
        """
        Tell every robot the hardware address of every other.

        The kernel asks for it three times and gives up for seconds: over a link that loses much,
        a robot would hear nothing long after the radio model lets it.
        """
        numbers = range(1, len(self.robots) + 1)
        for own, robot in zip(numbers, self.robots):
            neighbours = ''.join(
                f'neigh replace {SUBNET}.{other} lladdr {_hardware_address(other)} '
                'dev radio nud permanent\n'
                for other in numbers if other != own
            )
            _run(['ip', '-n', self.name(robot), '-batch', '-'], neighbours)

    def _filter(self, commands: str) -> None:
        _run(['ip', 'netns', 'exec', self.name(HUB), 'nft', '-f', '-'], commands)


def remove_stale() -> tuple[str, ...]:
    """Remove what runs left behind that did not end well; return the namespaces' names."""
    before = left_behind()
    for number in _numbers():
        LOCKS.mkdir(parents=True, exist_ok=True)
        lock = _try_lock(number)
        if lock >= 0:
            _remove(number)
            (LOCKS / f'{number}.lock').unlink(missing_ok=True)
            os.close(lock)
    after = left_behind()
    return tuple(name for name in before if name not in after)


def left_behind() -> tuple[str, ...]:
    """Return the names of all namespaces of this program, of runs that live too."""
    if not NAMES.is_dir():
        return ()
    return tuple(sorted(path.name for path in NAMES.iterdir() if _number(path.name) >= 0))


def _numbers() -> tuple[int, ...]:
    return tuple(sorted({_number(name) for name in left_behind()}))


def _number(name: str) -> int:
    found = re.fullmatch(rf'{PREFIX}(\d+)-.+', name)
    return int(found[1]) if found else -1


def _try_lock(number: int) -> int:
    """
    Return the descriptor of a run's lock, -1 where somebody holds it.

    Who had it may have removed the file between opening and locking it: that is no lock then, and
    another run may hold the next file of that name.
    """
    path = LOCKS / f'{number}.lock'
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), path.stat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    return -1


def _remove(number: int) -> None:
    """Remove a run's namespaces; the links end with them."""
    for name in left_behind():
        if _number(name) == number:
            # In a session of its own: a terminal that closes signals all that stand in its own.
            subprocess.run(['ip', 'netns', 'delete', name], check=False, capture_output=True,
                           start_new_session=True)


def _hardware_address(number: int) -> str:
    """Return the address of a robot's radio, locally administered (IEEE 802, 8.4)."""
    return f'02:00:00:00:00:{number:02x}'


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        raise SwarmError(f'setns: {os.strerror(ctypes.get_errno())}')


def _ip(*words: str) -> None:
    _run(['ip', *words])


def _run(command: list[str], given: str = '') -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SwarmError(f'{" ".join(command)}: {done.stderr.strip() or done.returncode}')
