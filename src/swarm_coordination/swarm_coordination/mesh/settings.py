# SPDX-License-Identifier: Apache-2.0
"""Settings of the mesh, each with unit, bounds and reason."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mesh.rows import HEARD_MAX
from swarm_coordination.settings import check, reaches, setting


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """How often a robot speaks, whom it believes alive, and what it may cost."""

    beacon_period_s: float = setting(
        0.05, 's', 0.01, 1.0, 'time between beacons at full rate', shared=True
    )
    link_timeout_s: float = setting(
        1.5, 's', 0.1, 10.0, 'a link is live this long after a frame was heard', shared=True
    )
    suspect_after_s: float = setting(
        0.6, 's', 0.1, 10.0, 'no newer heartbeat for this long raises suspicion (and 12 beacons)'
    )
    suspicion_min_s: float = setting(
        0.4, 's', 0.05, 10.0, 'suspicion before silence where enough others agree (and 8 beacons)'
    )
    suspicion_max_s: float = setting(
        1.5, 's', 0.1, 30.0, 'suspicion before silence where nobody agrees (and 30 beacons)'
    )
    proof_age_max_s: float = setting(
        3.0, 's', 0.2, 10.0, 'a beacon proves life, a heartbeat its leader, only if no older'
    )
    row_relay_max_age_s: float = setting(
        10.0, 's', 1.0, 60.0, 'rows not refreshed for this long are not relayed'
    )
    relay_period_s: float = setting(
        0.1, 's', 0.02, 5.0, "least time between two relays of one robot's beacon"
    )
    lists_period_s: float = setting(
        0.2, 's', 0.02, 5.0, 'least time between two relays of what a robot lists as heard'
    )
    refresh_period_s: float = setting(
        1.0, 's', 0.1, 10.0, 'sections that do not change are repeated this often'
    )
    digest_period_s: float = setting(0.5, 's', 0.02, 5.0, 'time between digests')
    # One at least: digests alone mend a change that was lost over hops.
    digest_bytes: int = setting(200, 'bytes', 64, 600, 'most bytes of digests in a frame')
    urgent_period_s: float = setting(
        0.002, 's', 0.001, 0.1, 'least time between frames that do not wait for the next beacon'
    )
    item_repeat_s: float = setting(
        0.1, 's', 0.01, 2.0, 'least time before a log item still wanted is sent again'
    )
    tombstone_s: float = setting(
        600.0, 's', 10.0, 86_400.0, "a removed robot's last heartbeat is remembered this long"
    )
    tick_gap_max_s: float = setting(
        0.3, 's', 0.05, 5.0, 'a longer pause of this process makes queued frames worthless'
    )
    clock_drift_ppm: int = setting(
        200, 'ppm', 0, 10_000, 'clocks may differ in rate by this; widens age bounds'
    )
    mtu_bytes: int = setting(1200, 'bytes', 1_100, 8_900, 'longest frame')
    byte_budget_per_s: int = setting(
        30_000, 'bytes/s', 1_000, 100_000_000, 'frame bytes this robot may send, in the mean'
    )
    burst_bytes: int = setting(
        9_000, 'bytes', 2_200, 100_000_000, 'bytes that may go out at once after a quiet time'
    )
    # Half of them the nearest, half in turns.
    heard_max: int = setting(
        HEARD_MAX, 'robots', 2, HEARD_MAX, 'robots listed in one beacon, nearest first, rotating'
    )
    robots_max: int = setting(64, 'robots', 2, 1_000, 'other robots the table holds')
    # At least what one want is answered with (robot/replication.py): else it pushes itself out.
    items_max: int = setting(512, 'items', 64, 100_000, 'log items held for others')


def check_mesh(settings: MeshSettings, source: str, prefix: str = '') -> None:
    """Check every field and what must hold between fields; raises ConfigurationError."""
    check(settings, source, prefix)
    beacon_s, proof_s = settings.beacon_period_s, settings.proof_age_max_s
    least = {
        'suspicion_max_s': (settings.suspicion_min_s, 'suspicion_min_s', 's'),
        'link_timeout_s': (3.0 * beacon_s, 'three beacon periods', 's'),
        # An echo comes back after two at the earliest, and over hops with what relays hold back.
        'proof_age_max_s': (10.0 * beacon_s, 'ten beacon periods', 's'),
        # A row that is relayed no more by then would be a suspicion nobody can refute.
        'row_relay_max_age_s': (3.0 * proof_s, 'three times proof_age_max_s', 's'),
        'burst_bytes': (2 * settings.mtu_bytes, 'two frames', 'bytes'),
    }
    for name, (bound, text, unit) in least.items():
        value = getattr(settings, name)
        if not reaches(value, bound):
            raise ConfigurationError(
                source, f'{prefix}{name}', value, f'at least {text} ({bound:g} {unit})'
            )
