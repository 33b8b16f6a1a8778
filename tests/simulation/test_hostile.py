# SPDX-License-Identifier: Apache-2.0
"""Every kind of hostile frame is refused, but for a replay, which the mesh refuses later."""

import random

import pytest
from swarm_coordination.errors import FrameError
from swarm_coordination.mesh.rows import Frame
from swarm_coordination.robot.refusals import PERIOD_NS, Refusals
from swarm_coordination.simulation.hostile import Forger
from swarm_coordination.wire.codec import WireCodec
from wire.frames import CLUSTER, CONFIG, HEADER, KEY

CODEC = WireCodec(KEY, CLUSTER, CONFIG)
GOOD = CODEC.encode(Frame(HEADER))
OTHER_RUN = WireCodec(bytes(32), CLUSTER + 1, CONFIG).encode(
    Frame(HEADER._replace(cluster_id=CLUSTER + 1))
)


def test_no_forged_frame_passes_the_codec_and_every_kind_is_made():
    forger = Forger(random.Random(1), [OTHER_RUN])
    forger.hear(GOOD)
    passed, reasons = [], set()
    for _ in range(3000):
        _, data = forger.forge()
        try:
            CODEC.decode(data)
            passed.append(data)
        except FrameError as error:
            reasons.add(error.reason)
    assert set(passed) == {GOOD}  # replays
    assert len(passed) == forger.made['replayed']
    assert len(forger.made) == 9
    assert min(forger.made.values()) > 200
    assert reasons >= {'too_short', 'wrong_version', 'wrong_cluster', 'bad_tag'}


def test_without_frames_of_an_earlier_run_nothing_is_called_so():
    forger = Forger(random.Random(1))
    forger.hear(GOOD)
    for _ in range(500):
        forger.forge()
    assert len(forger.made) == 8
    assert 'earlier' not in forger.made


def test_equal_seeds_forge_equal_frames():
    forgers = Forger(random.Random(7)), Forger(random.Random(7))
    for forger in forgers:
        forger.hear(GOOD)
    assert [forgers[0].forge() for _ in range(50)] == [forgers[1].forge() for _ in range(50)]


def test_refused_frames_are_told_with_their_reasons_and_not_too_often():
    refusals = Refusals()
    first = refusals.note(FrameError('wrong_version', '2'), 0)
    assert '1 frames refused' in first
    assert 'wrong_version: 2 (another protocol version, not understood)' in first
    for at in range(1, 1000):
        assert refusals.note(FrameError('bad_tag'), at) == ''
    again = refusals.note(FrameError('bad_tag'), PERIOD_NS)
    assert '1001 frames refused' in again
    assert "1000 bad_tag (not under this swarm's key" in again
    assert refusals.total == 1001


@pytest.mark.parametrize('size', [1, 34, 35])
def test_frames_of_any_size_can_be_mutated(size):
    forger = Forger(random.Random(3))
    forger.hear(bytes(size))
    for _ in range(200):
        assert len(forger.forge()[1]) <= 9_000
