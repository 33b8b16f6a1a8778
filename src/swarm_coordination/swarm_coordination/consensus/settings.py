# SPDX-License-Identifier: Apache-2.0
"""Timers and bounds of leader election and log replication."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import reaches, setting
from swarm_coordination.units import seconds_to_ns


@dataclass(frozen=True, slots=True)
class RaftSettings:
    """
    Settings of one Raft member.

    Raises ConfigurationError when fields contradict each other (the bounds of single fields
    are checked by ``swarm_coordination.settings.check``).
    """

    heartbeat_period_s: float = setting(
        0.05, 's', 0.005, 5.0, "time between a leader's heartbeats (one per beacon)", shared=True
    )
    # Four beacons. Links that need more show it, and are waited for longer (patience.py); that a
    # majority misses as many at once is what an election takes.
    election_timeout_min_s: float = setting(
        0.2, 's', 0.02, 60.0, 'shortest silence of the leader before an election', shared=True
    )
    # A candidate over many lossy hops needs as long for its votes; twice the learnt wait fits.
    election_timeout_max_s: float = setting(
        0.8,
        's',
        0.03,
        120.0,
        'longest silence of the leader before an election; also how long a leader without '
        'echoes from a majority stays one',
        shared=True,
    )
    # 64 kB is a minute of the byte budget of one robot: more would only queue, not commit.
    uncommitted_max_bytes: int = setting(
        65_536, 'B', 1_024, 16_777_216, 'entries a leader holds uncommitted before it refuses'
    )

    # 100 ms to apply again at a start, and more than is committed while a snapshot crosses the
    # swarm: the log in memory holds between one and two times so much, more while one does.
    snapshot_entries: int = setting(
        4_096, 'entries', 8, 1_000_000, 'entries applied before a snapshot takes their place'
    )
    snapshot_bytes: int = setting(
        1_048_576, 'B', 4_096, 1_073_741_824, 'the same by their size'
    )

    def __post_init__(self) -> None:
        """Check the fields against each other."""
        if not reaches(self.election_timeout_min_s, 3 * self.heartbeat_period_s):
            raise ConfigurationError(
                'RaftSettings',
                'election_timeout_min_s',
                self.election_timeout_min_s,
                f'at least three heartbeat periods ({3 * self.heartbeat_period_s:g} s)',
            )
        if not reaches(self.election_timeout_max_s, 1.2 * self.election_timeout_min_s):
            raise ConfigurationError(
                'RaftSettings',
                'election_timeout_max_s',
                self.election_timeout_max_s,
                f'at least 1.2 times election_timeout_min_s ({self.election_timeout_min_s:g} s)',
            )

    @property
    def heartbeat_period_ns(self) -> int:
        """``heartbeat_period_s`` in nanoseconds."""
        return seconds_to_ns(self.heartbeat_period_s)

    @property
    def election_timeout_min_ns(self) -> int:
        """``election_timeout_min_s`` in nanoseconds."""
        return seconds_to_ns(self.election_timeout_min_s)

    @property
    def election_timeout_max_ns(self) -> int:
        """``election_timeout_max_s`` in nanoseconds."""
        return seconds_to_ns(self.election_timeout_max_s)
