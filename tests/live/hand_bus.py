# SPDX-License-Identifier: Apache-2.0
"""A bus and a loop moved by hand: shells run on them without DDS and without waiting."""

from collections import defaultdict, deque
from types import SimpleNamespace

from swarm_coordination.transport.messages import messages
from swarm_coordination.units import NS_PER_S

TYPES = messages()


class HandBus:
    """
    A bus and a loop in one; ``turn`` sees to what is due, as a loop does.

    ``said``: what was published, in order, by topic. ``handlers``: who answers a service.
    """

    types, active = TYPES, True

    def __init__(self):
        self.time_ns = 100 * NS_PER_S
        self.takers, self.said, self.handlers = defaultdict(list), [], {}
        self.deadlines, self.posted, self.lines = [], deque(), []
        self.hurries = 0
        self.clock = SimpleNamespace(
            now=lambda: self.time_ns, due_ns=lambda deadline: deadline,
            stamp=lambda: TYPES.Time(sec=self.time_ns // NS_PER_S),
            age_ns=lambda stamp: self.time_ns - stamp.sec * NS_PER_S - stamp.nanosec)

    def publisher(self, kind, topic, profile):
        """Keep what is published."""
        return lambda message: self.said.append((topic, message))

    def subscribe(self, kind, topic, profile, take):
        """Remember who reads a topic."""
        self.takers[topic].append(take)

    def serve(self, service, name, handler):
        """Remember who answers."""
        self.handlers[name] = handler

    def client(self, service, name):
        """Find nobody who would answer."""
        return SimpleNamespace(ready=lambda: False)

    def say(self, text, level='info'):
        """Keep a line of the log."""
        self.lines.append(text)

    def at(self, due_ns, callback):
        """Remember a deadline."""
        self.deadlines.append((due_ns, callback))

    def post(self, callback):
        """Keep what another thread brings: it comes with the next turn."""
        self.posted.append(callback)

    def hurry(self):
        """Count how often nothing is to wait."""
        self.hurries += 1

    def fail(self, error):
        """End the test."""
        raise error

    def hear(self, topic, message):
        """Have every reader of a topic take a message."""
        assert self.takers[topic]
        for take in self.takers[topic]:
            take(message)

    def turn(self, ns=0):
        """Let so much time pass, then one turn of the loop, which takes none."""
        self.time_ns += ns
        while self.posted:
            self.posted.popleft()()
        for due, callback in self.deadlines:
            if self.time_ns >= due():
                callback()
