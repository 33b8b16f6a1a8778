# SPDX-License-Identifier: Apache-2.0
"""Waiting for a participant: who has something is known, and what comes in a rush is gathered."""

import threading
import time

from cyclonedds.core import GuardCondition
import pytest
from swarm_coordination.transport import cyclone, profiles
from swarm_coordination.transport.cyclone import Participant
from swarm_coordination.transport.cyclone_waiting import Conditions
from swarm_coordination.transport.messages import messages
from swarm_coordination.units import NS_PER_S

pytestmark = pytest.mark.dds
FRAME = messages().swarm.MeshFrame
# Of each topic the newest, for late joiners too: the ends meet when they like.
NEWEST = profiles.DESCRIPTION
# What gathers for so long shows; a host that is busy takes seconds for what takes milliseconds.
LONG_S, SOON_S = 60, 50.0
LONG_NS = LONG_S * NS_PER_S


@pytest.fixture
def ends(domain):
    """Give what sends a frame, the participant that takes it, and what it took."""
    sender, taker = Participant(domain), Participant(domain)
    got = []
    topics = {'rt/one': NEWEST, 'rt/two': NEWEST, 'rt/three': NEWEST, 'rt/log': profiles.LOG}
    for topic, profile in topics.items():
        taker.reader(FRAME, topic, profile, lambda frame, topic=topic: got.append(topic))
    writers = {topic: sender.writer(FRAME, topic, profile) for topic, profile in topics.items()}
    yield lambda topic: writers[topic].write(FRAME(sender='robot1')), taker, got
    sender.close()
    taker.close()


def take(taker, got, count, wait_s=0.2):
    """Wait and poll until so many have been taken; return after how many seconds."""
    began = time.monotonic()
    while len(got) < count and time.monotonic() - began < 60.0:
        taker.wait(wait_s)
        taker.poll()
    assert len(got) == count
    return time.monotonic() - began


def test_it_is_known_which_conditions_hold(domain):
    participant = Participant(domain)
    guards = [GuardCondition(participant._participant) for _ in range(3)]
    conditions = Conditions(participant._participant)
    numbers = [conditions.add(guard) for guard in guards]
    assert conditions.which(0) == []
    guards[2].set(True)
    assert conditions.which(0) == [numbers[2]]
    guards[0].set(True)
    assert conditions.which(LONG_NS) == [numbers[0], numbers[2]]
    guards[2].set(False)
    assert conditions.which(0) == [numbers[0]]
    participant.close()


def test_only_readers_that_have_something_are_asked(ends, monkeypatch):
    send, taker, got = ends
    asked = []
    take_of = Participant._take

    def noted(participant, reader, to):
        asked.append(reader)
        take_of(participant, reader, to)

    monkeypatch.setattr(Participant, '_take', noted)
    send('rt/one')
    take(taker, got, 1)
    send('rt/three')
    take(taker, got, 2)
    assert got == ['rt/one', 'rt/three']
    assert len(asked) == 2


def test_what_comes_soon_after_others_waits_for_more(ends, monkeypatch):
    send, taker, got = ends
    taker.gather_ns = NS_PER_S // 2
    send('rt/one')
    take(taker, got, 1)
    since = taker._taken_ns
    send('rt/one')
    send('rt/three')
    take(taker, got, 3, wait_s=60.0)
    assert taker._taken_ns - since >= NS_PER_S // 2


def test_a_deadline_ends_the_gathering(ends, monkeypatch):
    send, taker, got = ends
    taker.gather_ns = LONG_NS
    taker._taken_ns = time.monotonic_ns()
    send('rt/one')
    assert take(taker, got, 1) < SOON_S


@pytest.mark.parametrize('urgent', ['a call', 'an entry', 'an entry that was there first'])
def test_what_is_urgent_ends_the_gathering(ends, monkeypatch, urgent):
    send, taker, _ = ends
    taker.gather_ns = LONG_NS
    taker._taken_ns = time.monotonic_ns()
    act = taker.wake if urgent == 'a call' else lambda: send('rt/log')
    if urgent == 'an entry that was there first':
        act()
    send('rt/one')
    later = threading.Timer(0.2, act)
    later.start()
    began = time.monotonic()
    assert taker.wait(LONG_S)
    assert time.monotonic() - began < SOON_S
    later.join()
    taker.poll()


def test_after_a_whole_batch_nothing_waits_for_more(ends, monkeypatch):
    send, taker, got = ends
    taker.gather_ns = LONG_NS
    monkeypatch.setattr(cyclone, 'BATCH', 1)
    send('rt/one')
    take(taker, got, 1)  # a whole batch: there may be more
    send('rt/three')
    began = time.monotonic()
    assert taker.wait(LONG_S)
    assert time.monotonic() - began < SOON_S


def test_in_a_hurry_nothing_waits_for_more_and_later_again(ends, monkeypatch):
    send, taker, got = ends
    taker.gather_ns = LONG_NS
    monkeypatch.setattr(cyclone, 'HURRY_NS', LONG_NS)
    send('rt/one')
    take(taker, got, 1)
    taker.hurry()
    send('rt/three')
    began = time.monotonic()
    assert taker.wait(LONG_S)
    assert time.monotonic() - began < SOON_S
    taker.poll()

    taker.gather_ns = NS_PER_S // 2
    monkeypatch.setattr(cyclone, 'HURRY_NS', 0)
    taker.hurry()
    send('rt/one')
    since = taker._taken_ns
    take(taker, got, 3, wait_s=60.0)
    assert taker._taken_ns - since >= NS_PER_S // 2
