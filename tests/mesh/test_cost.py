# SPDX-License-Identifier: Apache-2.0
"""What a robot says at rest in one hop, by arithmetic over the real codec: a bound for any N."""

from __future__ import annotations

from mesh.radio import CLUSTER, CONFIG, identity, KEY
import pytest
from swarm_coordination.mesh.echoes import EchoBook
from swarm_coordination.mesh.rows import (
    Beacon,
    Beat,
    ConsensusSection,
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    Heard,
    HEARD_MAX,
    IntentSection,
    MissionSection,
)
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.wire.codec import WireCodec

# An hour of flight: a heartbeat 20 times a second, ten thousand log entries, 100 m from home.
HEARTBEAT, INDEX, PLACE = 72_000, 10_000, 100_000


def at_rest(robots: int) -> float:
    """Return the most bytes per second of one of so many robots that all hear each other."""
    settings = MeshSettings()
    own = identity(0)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, own, 80_000)
    rows = [Row(identity(number), 0, 0) for number in range(1, robots)]
    for row in rows:
        row.life = Life.ALIVE
    echoes = EchoBook()
    echoes.refresh(own, rows)
    # Half of those listed are not heard directly for the moment: both bitmaps are sent.
    listed = [
        Heard(row.identity.storage_id, 1, HEARTBEAT, number % 2 == 0)
        for number, row in enumerate(rows[:HEARD_MAX])
    ]
    packed = echoes.pack(listed, 0)
    assert packed is not None
    beacon = Beacon(HEARTBEAT, True, *[PLACE] * 3, 3_141, *[1_000] * 3, INDEX, (), (), packed)
    beat = Beat(INDEX, 300, HEARTBEAT)
    section = ConsensusSection(
        INDEX, 300, 3, own.storage_id, own.storage_id, INDEX, 300, INDEX, HEARTBEAT,
        300, INDEX, 0, 0, 0, 0, 0,
    )

    def size(fragment: Fragment, digests: int = 0) -> int:
        digest = Digest(own.storage_id, 1, HEARTBEAT, INDEX, INDEX, INDEX)
        return len(codec.encode(Frame(header, (fragment,), digests=(digest,) * digests)))

    often = size(Fragment(own, 0, beacon, beat=beat))
    assert often <= settings.mtu_bytes
    mission = MissionSection(INDEX, INDEX, 2, INDEX, PLACE)
    refreshed = Fragment(own, 0, beacon, section, mission, IntentSection(INDEX, ()))
    digest = size(Fragment(own, 0, beacon), 1) - size(Fragment(own, 0, beacon))
    # A neighbour's digest is said once in ten digest periods.
    digests = (robots - 1) * digest / (10 * settings.digest_period_s)
    beacons = often / settings.beacon_period_s
    return beacons + (size(refreshed) - often) / settings.refresh_period_s + digests


@pytest.mark.parametrize(('robots', 'measured'), [(10, 2_490.0), (20, 2_960.0), (50, 3_350.0)])
def test_what_was_measured_in_virtual_time_is_below_the_bound_and_near_it(
    robots: int, measured: float
) -> None:
    """Compare with the table in docs/mesh.md."""
    assert measured <= at_rest(robots) <= 1.35 * measured


def test_as_many_robots_as_a_table_holds_say_little_more_than_fifty() -> None:
    bound = at_rest(64)
    assert bound <= 1.06 * at_rest(50)
    assert bound <= 4_400.0 <= 0.15 * MeshSettings().byte_budget_per_s
