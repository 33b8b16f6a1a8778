# SPDX-License-Identifier: Apache-2.0
"""
A Cyclone DDS participant under ROS 2's names: topics, QoS, and one place to wait.

Cyclone's own threads receive; ``wait`` sleeps until one of the readers has something (or
``wake`` is called, from any thread), ``poll`` hands out what those have. What cannot be read is
counted and dropped, sample by sample.
"""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from cyclonedds.core import (
    DDSException,
    GuardCondition,
    InstanceState,
    Policy,
    Qos,
    ReadCondition,
    SampleState,
    ViewState,
)
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from swarm_coordination.errors import SwarmError
from swarm_coordination.transport.cyclone_reading import Unreadable
from swarm_coordination.transport.cyclone_waiting import Conditions
from swarm_coordination.transport.profiles import Profile
from swarm_coordination.units import NS_PER_MS, seconds_to_ns

# Samples taken of one reader at a time: deadlines are kept between, at 0.1 ms for each sample.
BATCH = 64
# How long what comes after some was taken may wait, where nobody says otherwise.
GATHER_NS = 10 * NS_PER_MS
# How long nothing waits for more after ``hurry``: a command is a few frames each way, each within
# milliseconds, and whoever asks for one after the other asks again at once.
HURRY_NS = 50 * NS_PER_MS
# A reliable writer whose reader does not keep up waits so long, as in rmw_cyclonedds_cpp.
BLOCKING_NS = seconds_to_ns(0.1)
_EVERYTHING = ViewState.Any | InstanceState.Any | SampleState.Any


class ParticipantError(SwarmError):
    """Cyclone DDS cannot join a domain: its configuration, or this host's network."""


class Participant:
    """
    One participant; how it finds others stands in ``configuration`` (config/dds).

    ``configuration`` is an address (``file:///...``); empty: what CYCLONEDDS_URI says. Raises
    ParticipantError.

    Attributes
    ----------
    gather_ns : what comes sooner than this after some was taken is taken together, at the next
        deadline at the latest, where only the newest counts or the queue holds it: a turn of the
        loop for each costs more than reading it, most of all where forty processes wake in turn
        on two cores, each with its caches cold. Not after ``hurry``.
    unreadable : samples so far that were no message.

    """

    def __init__(self, domain: int, configuration: str = '') -> None:
        self.domain = domain
        try:
            # Kept: the domain ends with the object.
            self._configured = Domain(domain, configuration) if configuration else None
            self._participant = DomainParticipant(domain)
        except DDSException as error:
            raise ParticipantError(f'domain {domain}: {error}') from error
        self._topics: dict[tuple[str, Any], Topic] = {}
        self._writers: list[DataWriter] = []
        self._readers: dict[int, tuple[DataReader, Callable[[Any], None]]] = {}
        self._guard = GuardCondition(self._participant)
        # All that is waited for, and of that what does not wait for more.
        self._conditions, self._urgent = (Conditions(self._participant) for _ in range(2))
        self._called = self._conditions.add(self._guard)
        self._urgent.add(self._guard)
        self._ready: list[int] = []
        self._taken_ns = self._hurried_ns = 0
        self.gather_ns = GATHER_NS
        self.unreadable = 0

    def writer(self, kind: Any, topic: str, profile: Profile) -> Any:
        """Return a DataWriter of the DDS topic ``topic``."""
        writer = DataWriter(self._participant, self._topic(kind, topic), _qos(profile))
        # Kept: what late joiners are to get goes with the object.
        self._writers.append(writer)
        return writer

    def reader(
        self, kind: Any, topic: str, profile: Profile, take: Callable[[Any], None]
    ) -> Any:
        """Have ``take`` called with each sample of others on ``topic``; return the DataReader."""
        # What this very participant has written does not come back.
        qos = _qos(profile, Policy.IgnoreLocal.Participant)
        reader = DataReader(self._participant, self._topic(kind, topic), qos)
        condition = ReadCondition(reader, _EVERYTHING)
        number = self._conditions.add(condition)
        if profile.reliable and profile.depth > 1:  # each one counts: requests, entries
            self._urgent.add(condition)
        self._readers[number] = (reader, take)
        return reader

    def wait(self, timeout_s: float) -> bool:
        """Sleep until there is something to read or somebody calls ``wake``; whether there is."""
        now = time.monotonic_ns()
        ends_ns = now + max(0, seconds_to_ns(timeout_s))
        rest_ns = min(self._taken_ns + self.gather_ns, ends_ns) - now
        if rest_ns > 0 and now >= self._hurried_ns:
            self._urgent.which(rest_ns)
        ready = self._conditions.which(max(0, ends_ns - time.monotonic_ns()))
        if self._called in ready:
            self._guard.set(False)
        self._ready = ready
        return bool(ready)

    def hurry(self) -> None:
        """Let nothing wait for more for a while: frames are on their way that others wait for."""
        self._hurried_ns = time.monotonic_ns() + HURRY_NS

    def wake(self) -> None:
        """End ``wait``; from any thread."""
        self._guard.set(True)

    def poll(self) -> None:
        """Hand out what ``wait`` has found, at most a batch of each reader."""
        ready, self._ready = self._ready, []
        for number in ready:
            if number in self._readers:
                self._taken_ns = time.monotonic_ns()
                self._take(*self._readers[number])

    def _take(self, reader: DataReader, take: Callable[[Any], None]) -> None:
        samples = reader.take(BATCH)
        if len(samples) == BATCH:  # there may be more: a queue that is full loses some
            self._taken_ns = 0
        for sample in samples:
            if isinstance(sample, Unreadable):
                self.unreadable += 1
            elif not isinstance(sample, InvalidSample):
                take(sample)

    def close(self) -> None:
        """Leave the domain."""
        self._writers.clear()
        self._readers.clear()
        self._topics.clear()
        # Deletes what belongs to it; the order of Python's collector would be any.
        self._participant._delete(self._participant._ref)

    def _topic(self, kind: Any, name: str) -> Topic:
        # A name may be had in several types; ends of different types never match.
        if (name, kind) not in self._topics:
            self._topics[name, kind] = Topic(self._participant, name, kind)
        return self._topics[name, kind]


def _qos(profile: Profile, *more: Any) -> Qos:
    """Return ``profile`` in Cyclone's form, with ``more`` policies."""
    history = Policy.History.KeepLast(profile.depth)
    policies = [history, *more]
    policies.append(
        Policy.Reliability.Reliable(max_blocking_time=BLOCKING_NS)
        if profile.reliable
        else Policy.Reliability.BestEffort
    )
    if profile.latched:
        policies.append(Policy.Durability.TransientLocal)
        # What late joiners get has a history of its own, of one sample by default.
        policies.append(Policy.DurabilityService(
            cleanup_delay=0, history=history, max_samples=-1, max_instances=-1,
            max_samples_per_instance=-1,
        ))
    if profile.deadline_s is not None:
        policies.append(Policy.Deadline(seconds_to_ns(profile.deadline_s)))
    return Qos(*policies)
