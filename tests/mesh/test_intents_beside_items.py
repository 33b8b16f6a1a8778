# SPDX-License-Identifier: Apache-2.0
"""Commands on their way to the leader and entries on their way from it take turns."""

from __future__ import annotations

import itertools

from mesh.radio import Air, line
import pytest
from swarm_coordination.mesh.rows import Frame, Intent, IntentSection, LogItem
from swarm_coordination.mesh.settings import MeshSettings


def push(air: Air, numbers: itertools.count[int]) -> None:
    """Give the robot in the middle more entries than fit a quarter of a second, and let it run."""
    middle = air.stations[1]
    entries = [LogItem(1, next(numbers), 1, 1, bytes(380)) for _ in range(50)]
    middle.mesh.offer_items(entries, middle.clock(air.now))
    air.wake(middle)
    air.run(0.25)


@pytest.mark.parametrize('rate', [1_000, 3_000, 10_000, 30_000])
@pytest.mark.parametrize('length', [100, 700])
def test_a_command_is_relayed_however_many_entries_wait(rate: int, length: int) -> None:
    air = Air(3, line, settings=MeshSettings(byte_budget_per_s=rate, burst_bytes=2_400))
    air.run(6.0)
    numbers = itertools.count(1)
    for _ in range(12):
        push(air, numbers)
    far, asked = air.stations[2], air.stations[0]
    far.mesh.set_intents(IntentSection(0, (Intent(1, bytes(length)),)))
    air.wake(far)
    begun = air.now
    while not any(section.intents for _, section in asked.mesh.intents()):
        push(air, numbers)
        # Two entries and itself, out of half of the budget, at the far robot and in the middle.
        assert air.now - begun <= 500_000_000 + 2 * (1_000 + length) * 2 * 10**9 // rate


def test_commands_that_change_all_the_time_leave_entries_every_second_frame() -> None:
    air = Air(3, line, settings=MeshSettings(byte_budget_per_s=10_000, burst_bytes=2_400))
    air.run(6.0)
    numbers, items, told = itertools.count(1), [0], [0]

    def count(number: int, data: bytes, frame: Frame) -> None:
        if number == 1:
            items[0] += len(frame.items)
            told[0] += sum(part.intents is not None for part in frame.fragments)

    air.taps.append(count)
    far = air.stations[2]
    for serial in range(1, 81):
        far.mesh.set_intents(IntentSection(0, (Intent(serial, bytes(380)),)))
        air.wake(far)
        push(air, numbers)
    assert items[0] >= 100 and told[0] >= 40
