# SPDX-License-Identifier: Apache-2.0
"""
A member of etcd with its defaults, which syncs its log, and a client beside it.

    python -m swarm_coordination.benchmarks.cluster.etcd_member NAME FOLDER CLIENT PEERS

``CLIENT`` is the member's own port for clients, ``PEERS`` are ``name=port,...`` of all members, on
the loopback interface. Commands go to the member itself, by its HTTP gateway: puts of one
key, as many at once as there are connections. etcd ends with this process, however that ends.
"""

from __future__ import annotations

import base64
import ctypes
import http.client
import json
from pathlib import Path
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from swarm_coordination.benchmarks.cluster.load import Load, tell
from swarm_coordination.live.lifetime import die_with_parent

HOST = '127.0.0.1'
# Requests under way at once: each is a thread of one interpreter, and 64 were slower than 24.
CONNECTIONS = 24
# How often a member is asked whom it follows; asking costs it a millisecond.
_LOOK_S = 0.02
_TIMEOUT_S = 5.0
_PR_SET_PDEATHSIG = 1
_KEY = base64.b64encode(b'bench').decode()


def etcd_command(name: str, folder: Path, client: int, peers: dict[str, int]) -> list[str]:
    """Return the command of a member; all members are told of all from the start."""
    cluster = ','.join(f'{peer}=http://{HOST}:{port}' for peer, port in peers.items())
    own = f'http://{HOST}:{peers[name]}'
    return [
        'etcd', '--name', name, '--data-dir', str(folder / name),
        '--listen-client-urls', f'http://{HOST}:{client}',
        '--advertise-client-urls', f'http://{HOST}:{client}',
        '--listen-peer-urls', own, '--initial-advertise-peer-urls', own,
        '--initial-cluster', cluster, '--initial-cluster-token', folder.name,
    ]


class Client:
    """One connection to a member's HTTP gateway, made again where it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer; None where there is none."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(HOST, self._port, _TIMEOUT_S)
            self._connection.request('POST', path, json.dumps(body))
            with self._connection.getresponse() as response:
                answer: dict[str, Any] = json.loads(response.read())
                return answer if response.status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None


class LoadedEtcd:
    """One member of etcd under load."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.RLock()
        self._load = Load(self._propose, time.monotonic)
        # Bounded by the window of the load.
        self._sizes: queue.SimpleQueue[int] = queue.SimpleQueue()
        for _ in range(CONNECTIONS):
            threading.Thread(target=self._put, daemon=True).start()

    def _propose(self, size: int) -> bool:
        self._sizes.put(size)
        return True

    def _put(self) -> None:
        client = Client(self._port)
        while True:
            value = base64.b64encode(b'x' * self._sizes.get()).decode()
            if client.ask('/v3/kv/put', {'key': _KEY, 'value': value}) is not None:
                with self._lock:
                    self._load.applied()
                    self._load.fill()

    def start(self, order: dict[str, Any]) -> None:
        """Begin a load."""
        with self._lock:
            self._load.start(**order)

    def tick(self) -> None:
        """End a load whose time is over."""
        with self._lock:
            self._load.tick()


def _ends_with_this_process() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _follow(client: Client, known: tuple[str, int]) -> tuple[str, int]:
    """Return (leader, term) as the member knows them; tell where that is new."""
    status = client.ask('/v3/maintenance/status', {})
    if status is None:
        return known
    leader, term = str(status.get('leader', '0')), int(status.get('raftTerm', 0))
    if (leader, term) != known and leader != '0':
        at = time.monotonic()
        listed = client.ask('/v3/cluster/member/list', {})
        if listed is None:
            return known
        names = {one['ID']: one.get('name', '') for one in listed['members']}
        tell(leader=names.get(leader, ''), term=term, at=at)
    return leader, term


def main() -> None:
    """Run one member until it is killed or its parent ends."""
    die_with_parent()
    name, folder, client_port, told = sys.argv[1:]
    peers = {peer: int(port) for peer, port in (one.split('=') for one in told.split(','))}
    command = etcd_command(name, Path(folder), int(client_port), peers)
    with subprocess.Popen(command, preexec_fn=_ends_with_this_process) as member:  # noqa: PLW1509
        loaded = LoadedEtcd(int(client_port))

        def read_orders() -> None:
            for line in sys.stdin:
                loaded.start(json.loads(line))

        threading.Thread(target=read_orders, daemon=True).start()
        client, known = Client(int(client_port)), ('', 0)
        while member.poll() is None:
            known = _follow(client, known)
            loaded.tick()
            time.sleep(_LOOK_S)


if __name__ == '__main__':
    main()
