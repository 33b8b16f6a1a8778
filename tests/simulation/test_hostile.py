# SPDX-License-Identifier: Apache-2.0
"""Every kind of hostile frame is refused, but for a replay, which the mesh refuses later."""

import random

import pytest
from swarm_coordination.errors import FrameError
from swarm_coordination.mesh.rows import Frame
from swarm_coordination.robot.refusals import FLOOD, PERIOD_NS, Refusals
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


class Told(list):
    """What is told of refusals: (time, words, count)."""

    def __call__(self, now, kind, text, value):
        """Take one event."""
        assert kind == 'frames_refused'
        self.append((now, text, value))


def test_refused_frames_are_told_with_their_reasons_and_not_too_often():
    told = Told()
    refusals = Refusals(told)
    refusals.note(FrameError('wrong_version', '2'), 0)
    for at in range(1, 1000):
        refusals.note(FrameError('bad_tag'), at)
    refusals.note(FrameError('bad_tag'), PERIOD_NS)
    assert [(now, value) for now, _, value in told] == [(0, 1), (PERIOD_NS, 1001)]
    assert '1 frames refused' in told[0][1]
    assert 'wrong_version: 2 (another protocol version, not understood)' in told[0][1]
    assert '1001 frames refused' in told[1][1]
    assert "1000 bad_tag (not under this swarm's key" in told[1][1]
    assert refusals.total == 1001


def test_a_flood_of_replays_is_told_and_what_a_network_sends_twice_is_not():
    told = Told()
    refusals = Refusals(told)
    for at in range(0, 6 * PERIOD_NS, PERIOD_NS // (FLOOD - 50)):
        refusals.dropped('replay', at)
    assert told == []
    flood_ns = 10 * PERIOD_NS
    for at in range(flood_ns, flood_ns + 3 * PERIOD_NS, PERIOD_NS // 5_000):
        refusals.dropped('replay', at)
        refusals.dropped('gap', at)  # a pause of ours
    assert len(told) == 3
    assert all(' replay (come before: sent again by somebody)' in text for _, text, _ in told)
    assert all('gap' not in text for _, text, _ in told)
    assert told[0][0] < flood_ns + PERIOD_NS // 10
    assert refusals.total == 0  # the mesh counts them


@pytest.mark.parametrize('size', [1, 34, 35])
def test_frames_of_any_size_can_be_mutated(size):
    forger = Forger(random.Random(3))
    forger.hear(bytes(size))
    for _ in range(200):
        assert len(forger.forge()[1]) <= 9_000
