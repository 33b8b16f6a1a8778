# SPDX-License-Identifier: Apache-2.0
"""provision.json: written once, readable by its owner, and wrong in no silent way."""

from __future__ import annotations

import json
from pathlib import Path
import random
import stat

import pytest
from swarm_coordination.errors import StorageError, UsageError
from swarm_coordination.storage.provision import (
    make_cluster,
    read_provision,
    write_provision,
)

CLUSTER = make_cluster(('robot1', 'robot2', 'robot3'), random.Random(1))


def test_a_provision_comes_back_as_written(tmp_path: Path) -> None:
    write_provision(tmp_path / 'a', CLUSTER[1])
    assert read_provision(tmp_path / 'a') == CLUSTER[1]


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    write_provision(tmp_path, CLUSTER[0])
    assert stat.S_IMODE((tmp_path / 'provision.json').stat().st_mode) == 0o600


def test_a_provision_is_never_overwritten(tmp_path: Path) -> None:
    write_provision(tmp_path, CLUSTER[0])
    with pytest.raises(StorageError, match='exists already'):
        write_provision(tmp_path, CLUSTER[1])
    assert read_provision(tmp_path) == CLUSTER[0]


def test_a_log_without_a_provision_is_not_adopted(tmp_path: Path) -> None:
    write_provision(tmp_path, CLUSTER[0])
    (tmp_path / 'provision.json').unlink()
    with pytest.raises(StorageError, match='missing: provision this robot first'):
        read_provision(tmp_path)
    with pytest.raises(StorageError, match='holds a log'):
        write_provision(tmp_path, CLUSTER[0])


def test_a_cluster_shares_key_and_voters_but_no_storage_id() -> None:
    assert len({p.storage_id for p in CLUSTER}) == 3
    assert len({(p.cluster_id, p.key, p.voters) for p in CLUSTER}) == 1
    assert [v.storage_id for v in CLUSTER[0].voters] == [p.storage_id for p in CLUSTER]


def test_the_first_seven_vote_unless_told_otherwise() -> None:
    names = [f'robot{n}' for n in range(10)]
    assert [v.name for v in make_cluster(names, random.Random(1))[0].voters] == names[:7]
    chosen = make_cluster(names, random.Random(1), ['robot9'])[0].voters
    assert [v.name for v in chosen] == ['robot9']


@pytest.mark.parametrize('names', [('Robot',), ('1a',), ('a__b',), ('a',), ('a' * 33,), ('ab_',)])
def test_names_that_ros_would_refuse_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match='not a robot name'):
        make_cluster(names, random.Random(1))


def test_repeated_names_and_foreign_voters_are_refused() -> None:
    with pytest.raises(UsageError, match='must differ'):
        make_cluster(('ab', 'ab'), random.Random(1))
    with pytest.raises(UsageError, match='among them'):
        make_cluster(('ab', 'cd'), random.Random(1), ['ef'])


@pytest.mark.parametrize(
    ('field', 'value', 'said'),
    [
        ('format', 1, 'format'),
        ('name', 'Robot 1', 'name'),
        ('name', 'robot4', 'check'),
        ('storage_id', 0, 'storage_id'),
        ('storage_id', 2**62, 'storage_id'),
        ('cluster_id', '7', 'cluster_id'),
        ('cluster_id', True, 'cluster_id'),
        ('voters', [], 'voters'),
        ('voters', [7], r'voters\[0\]'),
        ('voters', [{'name': 'ab', 'storage_id': -1}], r'voters\[0\].storage_id'),
        ('voters', [{'name': 'ab', 'storage_id': 1}] * 2, 'voters: .* twice'),
        ('key', 'ff', 'key'),
        ('key', 7, 'key'),
        ('key', 'ff' * 32, 'check'),
        ('check', None, 'check'),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, field: str, value: object, said: str) -> None:
    write_provision(tmp_path, CLUSTER[0])
    path = tmp_path / 'provision.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(StorageError, match=f'provision.json: {said}'):
        read_provision(tmp_path)


def test_no_flipped_bit_makes_another_provision(tmp_path: Path) -> None:
    write_provision(tmp_path, CLUSTER[0])
    path = tmp_path / 'provision.json'
    written = path.read_bytes()
    refused = 0
    for bit in range(8 * len(written)):
        damaged = bytearray(written)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert read_provision(tmp_path) == CLUSTER[0]  # a space, or the case of a digit
        except StorageError:
            refused += 1
    assert refused > 6 * len(written)


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / 'provision.json').write_text('{"format": 2,')
    with pytest.raises(StorageError, match=r'provision.json: not JSON'):
        read_provision(tmp_path)
    (tmp_path / 'provision.json').write_text('[' * 100_000)  # too deep for the parser
    with pytest.raises(StorageError, match=r'provision.json: not JSON'):
        read_provision(tmp_path)


def test_a_wrong_key_is_not_printed(tmp_path: Path) -> None:
    write_provision(tmp_path, CLUSTER[0])
    path = tmp_path / 'provision.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'key': 'secret'}))
    with pytest.raises(StorageError) as raised:
        read_provision(tmp_path)
    assert 'secret' not in str(raised.value)
