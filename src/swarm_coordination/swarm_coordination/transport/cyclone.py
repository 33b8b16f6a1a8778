# SPDX-License-Identifier: Apache-2.0
"""
A Cyclone DDS participant under ROS 2's names: topics, QoS, and one place to wait.

Cyclone's own threads receive; ``wait`` sleeps until one of the readers has something (or
``wake`` is called, from any thread), ``poll`` hands out what there is. What cannot be read is
counted and dropped, sample by sample.
"""

from __future__ import annotations

from collections.abc import Callable
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
    WaitSet,
)
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from swarm_coordination.errors import SwarmError
from swarm_coordination.transport.cyclone_reading import Unreadable
from swarm_coordination.transport.profiles import Profile
from swarm_coordination.units import seconds_to_ns

# Samples taken of one reader at a time: deadlines are kept between, at 0.1 ms for each sample.
BATCH = 64
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
        self._readers: list[tuple[DataReader, Callable[[Any], None]]] = []
        self._conditions: list[ReadCondition] = []
        self._waitset = WaitSet(self._participant)
        self._guard = GuardCondition(self._participant)
        self._waitset.attach(self._guard)
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
        self._waitset.attach(condition)
        self._conditions.append(condition)
        self._readers.append((reader, take))
        return reader

    def wait(self, timeout_s: float) -> bool:
        """Sleep until there is something to read or somebody calls ``wake``; whether there is."""
        woken = self._waitset.wait(max(0, seconds_to_ns(timeout_s)))
        self._guard.set(False)
        return bool(woken)

    def wake(self) -> None:
        """End ``wait``; from any thread."""
        self._guard.set(True)

    def poll(self) -> None:
        """Hand out what has arrived, at most a batch of each reader."""
        for reader, take in self._readers:
            for sample in reader.take(BATCH):
                if isinstance(sample, Unreadable):
                    self.unreadable += 1
                elif not isinstance(sample, InvalidSample):
                    take(sample)

    def close(self) -> None:
        """Leave the domain."""
        self._writers.clear()
        self._readers.clear()
        self._conditions.clear()
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
