# SPDX-License-Identifier: Apache-2.0
"""How the members of each system are started: ours, PySyncObj batched and not, etcd."""

from __future__ import annotations

from collections.abc import Mapping
import importlib.util
import os
from pathlib import Path
import shutil
import socket
from typing import Any

from swarm_coordination.benchmarks.cluster.driver import Members
from swarm_coordination.configuration import find_swarm_file
from swarm_coordination.live.domain import local_environment
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.live.starting import python
import yaml

# Settings beside the shipped ones. ``lab``: a wired network; the others are radios that give a
# robot so many bytes per second.
PROFILES: dict[str, dict[str, dict[str, float]]] = {
    'shipped': {},
    'lab': {
        'mesh': {
            'byte_budget_per_s': 2_000_000, 'burst_bytes': 200_000, 'mtu_bytes': 8_900,
            'urgent_period_s': 0.001, 'items_max': 8_192,
        },
        'consensus': {'uncommitted_max_bytes': 1_048_576},
    },
    'radio50': {'mesh': {'byte_budget_per_s': 50_000}},
    'radio10': {'mesh': {'byte_budget_per_s': 10_000}},
}


def ours(folder: Path, domain: int, robots: int, profile: str) -> Members:
    """Start ``robots`` of ours with the settings of ``profile``, on new disks in ``folder``."""
    swarm = yaml.safe_load(Path(find_swarm_file()).read_text(encoding='utf-8'))
    for group, values in PROFILES[profile].items():
        swarm['all'].setdefault(group, {}).update(values)
    names = list(swarm['robots'])[:robots]
    swarm['robots'] = {name: swarm['robots'][name] for name in names}
    folder.mkdir(parents=True)
    swarm_file = folder / 'swarm.yaml'
    swarm_file.write_text(yaml.safe_dump(swarm, sort_keys=False), encoding='utf-8')
    provision_swarm(folder, names)
    commands = {
        name: python(
            'swarm_coordination.benchmarks.cluster.ours',
            name, str(swarm_file), str(folder / name), str(domain),
        )
        for name in names
    }
    return Members(commands, _environment(domain, folder), folder)


def pysyncobj_is_there() -> bool:
    """Whether PySyncObj is installed (``make compare``)."""
    return importlib.util.find_spec('pysyncobj') is not None


def pysyncobj(folder: Path, count: int, *, batch: bool) -> Members:
    """Start ``count`` members of PySyncObj, with its defaults or without batching."""
    folder.mkdir(parents=True)
    ports = free_ports(count)
    commands = {
        str(port): python(
            'swarm_coordination.benchmarks.cluster.pysyncobj_member',
            f'member{port}', str(folder), '1' if batch else '0', str(port),
            *(str(other) for other in ports if other != port),
        )
        for port in ports
    }
    return Members(commands, dict(os.environ), folder)


def etcd_is_there() -> bool:
    """Whether etcd is installed (Debian: etcd-server)."""
    return shutil.which('etcd') is not None


def etcd(folder: Path, count: int) -> Members:
    """Start ``count`` members of etcd with its defaults, and a client beside each."""
    folder.mkdir(parents=True)
    names = [f'etcd{number + 1}' for number in range(count)]
    ports = free_ports(2 * count)
    peers = ','.join(f'{name}={port}' for name, port in zip(names, ports))
    commands = {
        name: python(
            'swarm_coordination.benchmarks.cluster.etcd_member',
            name, str(folder), str(port), peers,
        )
        for name, port in zip(names, ports[count:], strict=True)
    }
    return Members(commands, dict(os.environ), folder)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody has."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _environment(domain: int, folder: Path) -> Mapping[str, Any]:
    return local_environment(domain, folder / 'ros', os.environ)
