# SPDX-License-Identifier: Apache-2.0
"""
``provision.json``: who a robot is, written once before its first start.

Provisioning also lays down the empty log and its high-water mark. A log that is missing later
has therefore been lost, and its robot does not vote. A check covers all fields: one damaged bit
could otherwise name another voter, and no two robots would count the same majority.
"""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
import json
import os
from pathlib import Path
import random
import re
from typing import Any

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.errors import StorageError, UsageError
from swarm_coordination.persistence import Provision, Voter
from swarm_coordination.storage.files import lock, sync_directory, write_all
from swarm_coordination.storage.generation import create_empty, has_log

FILE_NAME = 'provision.json'
KEY_BYTES = 32
# Beyond seven, a commit waits for more robots without surviving more than a swarm would lose.
VOTERS_DEFAULT_MAX = 7
_FORMAT = 2
_CHECK_BYTES = 8
# REP-144, and at most the 32 characters that a frame carries.
_NAME = re.compile(r'(?=.{2,32}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*')
_NAME_RULE = 'lower case letters, digits and single underscores, a letter first, 2 to 32'


def make_cluster(
    names: Sequence[str], rng: random.Random, voters: Sequence[str] | None = None
) -> tuple[Provision, ...]:
    """
    Return one provision for each name: same cluster, key and voters, own storage ids.

    ``voters`` names them; the first seven by default. ``rng`` is ``random.SystemRandom()``
    except in simulations. Raises UsageError for names that are repeated, not REP-144 or not
    among ``names``.
    """
    chosen = list(names[:VOTERS_DEFAULT_MAX] if voters is None else voters)
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(f'{name!r} is not a robot name: {_NAME_RULE}')
    if len(set(names)) != len(names) or not set(chosen) <= set(names) or not chosen:
        raise UsageError('names must differ, and voters must be among them')
    ids: dict[str, int] = {}
    for name in names:
        drawn = rng.randint(1, ID_MAX)
        while drawn in ids.values():
            drawn = rng.randint(1, ID_MAX)
        ids[name] = drawn
    cluster_id, key = rng.randint(1, ID_MAX), rng.randbytes(KEY_BYTES)
    electors = tuple(Voter(name, ids[name]) for name in chosen)
    return tuple(Provision(name, ids[name], cluster_id, electors, key) for name in names)


def make_newcomer(known: Provision, name: str, rng: random.Random) -> Provision:
    """
    Return a provision for one more robot of the swarm that ``known`` belongs to.

    Its storage id is new, so it starts as a learner; the swarm decides whether it ever votes.
    Raises UsageError for a name that is not REP-144 or is a voter's.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f'{name!r} is not a robot name: {_NAME_RULE}')
    if name in (known.name, *(voter.name for voter in known.voters)):
        raise UsageError(f'{name} is the name of another robot of this swarm')
    return known._replace(name=name, storage_id=rng.randint(1, ID_MAX))


def write_provision(directory: Path, provision: Provision) -> None:
    """
    Provision ``directory``, which is made where it is missing.

    Raises StorageError when it already holds a provision or a log, or cannot be written, and
    when ``provision`` itself breaks a rule of the file.
    """
    path = directory / FILE_NAME
    text = json.dumps(_to_json(provision), indent=2) + '\n'
    _from_json(path, json.loads(text))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f'{directory}: cannot be made: {error}') from error
    held = lock(directory)
    try:
        if path.exists():
            raise StorageError(f'{path}: exists already; a provision is never overwritten')
        if has_log(directory):
            raise StorageError(f'{directory}: holds a log but no {FILE_NAME}; move it away')
        create_empty(directory, provision.storage_id)
        _write_new(path, text.encode())
    except OSError as error:
        raise StorageError(f'{path}: cannot be written: {error}') from error
    finally:
        os.close(held)


def read_provision(directory: Path) -> Provision:
    """Return the provision of ``directory``; raises StorageError naming file and field."""
    path = directory / FILE_NAME
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StorageError(f'{path}: missing: provision this robot first') from None
    except OSError as error:
        raise StorageError(f'{path}: cannot be read: {error}') from error
    except (ValueError, RecursionError) as error:
        raise StorageError(f'{path}: not JSON: {error}') from error
    return _from_json(path, data)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, readable by its owner only."""
    temporary = path.with_suffix('.new')
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # the file may be a leftover with another mode
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
    sync_directory(path.parent)


def _to_json(provision: Provision) -> dict[str, Any]:
    fields = _fields(provision)
    canonical = json.dumps(fields, sort_keys=True, separators=(',', ':')).encode()
    check = hashlib.blake2b(canonical, digest_size=_CHECK_BYTES).hexdigest()
    return {**fields, 'check': check}


def _fields(provision: Provision) -> dict[str, Any]:
    return {
        'format': _FORMAT,
        'name': provision.name,
        'storage_id': provision.storage_id,
        'cluster_id': provision.cluster_id,
        'voters': [{'name': v.name, 'storage_id': v.storage_id} for v in provision.voters],
        'key': provision.key.hex(),
    }


def _from_json(path: Path, data: Any) -> Provision:
    if not isinstance(data, dict) or 'format' not in data:
        raise StorageError(f'{path}: format: not a provision of format {_FORMAT}')
    if data['format'] != _FORMAT:
        raise StorageError(
            f'{path}: format: {data["format"]!r} is not {_FORMAT}: provision this robot anew, in '
            'an empty folder'
        )
    voters = data.get('voters')
    if not isinstance(voters, list) or not voters:
        raise StorageError(f'{path}: voters: {voters!r} is not a list of voters')
    electors = []
    for number, voter in enumerate(voters):
        field = f'voters[{number}]'
        if not isinstance(voter, dict):
            raise StorageError(f'{path}: {field}: {voter!r} is not a name and a storage_id')
        electors.append(
            Voter(_name(path, voter, field + '.'), _id(path, voter, 'storage_id', field + '.'))
        )
    for kind in zip(*electors):
        if len(set(kind)) != len(kind):
            raise StorageError(f'{path}: voters: a name or storage_id stands there twice')
    provision = Provision(
        name=_name(path, data, ''),
        storage_id=_id(path, data, 'storage_id', ''),
        cluster_id=_id(path, data, 'cluster_id', ''),
        voters=tuple(electors),
        key=_key(path, data),
    )
    if data.get('check') != _to_json(provision)['check']:
        raise StorageError(f'{path}: check: not that of the other fields: one has been changed')
    return provision


def _name(path: Path, data: dict[str, Any], prefix: str) -> str:
    name = data.get('name')
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise StorageError(f'{path}: {prefix}name: {name!r} is not valid: {_NAME_RULE}')
    return name


def _id(path: Path, data: dict[str, Any], field: str, prefix: str) -> int:
    value = data.get(field)
    if type(value) is not int or not 1 <= value <= ID_MAX:
        raise StorageError(f'{path}: {prefix}{field}: {value!r} is not within 1 to 2^62 - 1')
    return value


def _key(path: Path, data: dict[str, Any]) -> bytes:
    try:
        key = bytes.fromhex(data.get('key', ''))
    except (TypeError, ValueError):
        key = b''
    if len(key) != KEY_BYTES:  # the key itself stands in no message
        raise StorageError(f'{path}: key: not {2 * KEY_BYTES} hexadecimal digits')
    return key
