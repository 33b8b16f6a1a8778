# SPDX-License-Identifier: Apache-2.0
"""Simulated latency: every frame once, not before its time, and out of order under jitter."""

import random

from swarm_coordination.live.backend import delays
from swarm_coordination.live.delay import Delay, UNDER_WAY_MAX
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.units import NS_PER_MS


def test_frames_come_after_the_latency_and_within_the_jitter_each_once():
    delay = Delay(100.0, 200.0, random.Random(1))
    for number in range(100):
        delay.put(bytes((number,)), number * NS_PER_MS)
    got = []
    for at_ms in range(500):
        for frame in delay.due(at_ms * NS_PER_MS):
            late_ms = at_ms - frame[0]
            assert 100 <= late_ms <= 301
            got.append(frame[0])
    assert sorted(got) == list(range(100))
    assert got != sorted(got)


def test_without_frames_nothing_is_due_and_a_flood_is_bounded():
    delay = Delay(1.0, 0.0, random.Random(1))
    assert delay.due_ns() > 10**18
    for _ in range(UNDER_WAY_MAX + 50):
        delay.put(b'x', 0)
    assert len(list(delay.due(NS_PER_MS))) == UNDER_WAY_MAX


def test_receivers_add_only_what_the_host_has_not_got_itself():
    assert delays(RadioSettings(latency_ms=10.0, jitter_ms=20.0)) == (0.0, 0.0)
    assert delays(RadioSettings(latency_ms=100.0, jitter_ms=200.0)) == (100.0, 200.0)
