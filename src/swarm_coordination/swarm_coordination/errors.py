# SPDX-License-Identifier: Apache-2.0
"""Errors of this project: one base, and each subclass says whose fault it is."""

from __future__ import annotations


class SwarmError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(SwarmError):
    """
    A file, parameter or command line is wrong: refuse to start.

    Parameters
    ----------
    source : where the value stands: a file name, ``parameter``, ``command line``.
    field : dotted path of the field, e.g. ``robots.robot3.start``.
    value : the offending value.
    bound : what would have been right, in words.

    """

    def __init__(self, source: str, field: str, value: object, bound: str) -> None:
        self.source, self.field, self.value, self.bound = source, field, value, bound
        super().__init__(f'{source}: {field}: {value!r} is not valid: {bound}')


class FrameError(SwarmError):
    """
    Bytes from the radio are not a frame of this swarm: the peer's fault; count and drop.

    ``reason`` is one of a fixed set (see ``wire/codec.py``) so that it can be counted.
    """

    def __init__(self, reason: str, detail: str = '') -> None:
        self.reason = reason
        super().__init__(f'{reason}: {detail}' if detail else reason)


class CommandError(SwarmError):
    """A mission command is malformed or not allowed now: the submitter's fault."""


class ProposalRefused(SwarmError):
    """The robot cannot accept an intent now (queue full, not provisioned, shutting down)."""


class TakenOffRoster(ProposalRefused):
    """The robot accepts no intent any more: the swarm has taken it off the roster."""


class StorageError(SwarmError):
    """The disk failed or its contents cannot be trusted."""


class UsageError(SwarmError):
    """Our own interface was misused by the calling program."""
