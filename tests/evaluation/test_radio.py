# SPDX-License-Identifier: Apache-2.0
"""The evaluation's radio: probabilities of the simulator's models, sizes of the wire's frames."""

from __future__ import annotations

import numpy as np
import pytest
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.gossip import PER_METRE
from swarm_coordination.evaluation.kernels.state import (
    FRAME_BYTES,
    LISTED_BYTES,
    ROW_BYTES,
    TOLD,
)
from swarm_coordination.evaluation.radio import log_distance, reception
from swarm_coordination.mesh.rows import (
    Beacon,
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    Heard,
    Identity,
    MissionSection,
)
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.wire.codec import WireCodec

ID = 2**61 + 12345


def frame_size(rows: int, listed: int) -> int:
    """Return the bytes of a frame in flight, a quarter of an hour after take-off."""
    heard = tuple(Heard(ID + k, 3, 18_000 + k, True) for k in range(listed))
    beacon = Beacon(18_000, True, 12_345, -23_456, 0, 1571, 900, -800, 0, 412, heard)
    mission = MissionSection(300, 412, 1, 412, 54_321)
    fragments = tuple(
        Fragment(Identity(f'robot{k + 1}', ID + k, 3), 250, beacon, mission=mission)
        for k in range(rows)
    )
    digests = tuple(Digest(ID + k, 3, 18_000 + k, 900, 300, 0) for k in range(TOLD))
    header = FrameHeader(77, 4242, Identity('robot1', ID, 3), 90_000)
    frame = Frame(header, fragments=fragments, digests=digests)
    return len(WireCodec(bytes(32), 77, 4242).encode(frame))


@pytest.mark.parametrize('rows', [1, 3, 5])
@pytest.mark.parametrize('listed', [2, 8, 16])
def test_the_sizes_counted_are_those_of_frames_on_the_wire(rows, listed):
    counted = FRAME_BYTES + rows * (ROW_BYTES + listed * LISTED_BYTES)
    assert counted == pytest.approx(frame_size(rows, listed), rel=0.1)


def test_the_disc_ends_at_the_range_and_loses_what_it_is_told_to():
    table, range_m = reception(Case(loss=0.3))
    assert range_m == 10.0
    assert len(table) == 10 * PER_METRE
    assert np.all(table == 0.7)


def test_with_shadowing_half_of_the_frames_arrive_at_the_radio_range_by_the_simulators_formula():
    case = Case(radio='log_distance', loss=0.0)
    table, range_m = reception(case)
    assert range_m == pytest.approx(10.0, abs=0.05)
    radio = Radio(log_distance(case), 10.0, ())
    for metres in (1, 5, 9, 12):
        assert table[metres * PER_METRE] == radio.probability(metres)
