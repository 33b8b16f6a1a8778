# SPDX-License-Identifier: Apache-2.0
"""Opening and closing a client's session; see mission/sessions.py."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.mission.records import number, Plain

# A client that is silent for less than ten seconds may be changing radios; after an hour its
# screen is off.
CLIENT_TTL_MIN_MS, CLIENT_TTL_MAX_MS = 10_000, 3_600_000


class ClientOpen(NamedTuple):
    """Open a session, named by the number of its entry, that ``ttl_ms`` unused ends."""

    ttl_ms: int


class ClientClose(NamedTuple):
    """End a session."""

    session: int


CLIENT_COMMANDS = (
    Plain('client_open', ClientOpen, {
        'ttl_ms': number(CLIENT_TTL_MIN_MS, CLIENT_TTL_MAX_MS),
    }),
    Plain('client_close', ClientClose, {'session': number(1, COUNTER_MAX)}),
)
