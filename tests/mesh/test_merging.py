# SPDX-License-Identifier: Apache-2.0
"""Whatever the radio does, rows say only what their owner said, in order, and meet again."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from mesh.radio import Air, FIRST_ID, Station
from swarm_coordination.mesh.rows import Intent, IntentSection, MissionSection

COUNT = 4
IDS = tuple(FIRST_ID + number for number in range(COUNT))
LINKS = [(a, b) for a in range(COUNT) for b in range(COUNT) if a != b]


class Phase(NamedTuple):
    """A stretch of time: links cut (one way), how the others do, and who restarts at its start."""

    cut: frozenset[tuple[int, int]]
    loss: float
    duplication: float
    delay_ms: tuple[float, float]
    restarts: int | None
    seconds: float


PHASES = st.lists(
    st.builds(
        Phase,
        st.frozensets(st.sampled_from(LINKS), max_size=10),
        st.sampled_from([0.0, 0.1, 0.3]),
        st.sampled_from([0.0, 0.5]),
        st.sampled_from([(1.0, 2.0), (5.0, 60.0), (1.0, 300.0)]),
        st.none() | st.integers(0, COUNT - 1),
        st.sampled_from([0.1, 0.5, 1.5]),
    ),
    min_size=1,
    max_size=5,
)


class Course:
    """Plays phases; every robot numbers what it publishes, over its restarts too."""

    def __init__(self, seed: int) -> None:
        self.cut: frozenset[tuple[int, int]] = frozenset()
        self.air = Air(COUNT, lambda a, b: (a, b) not in self.cut, seed=seed)
        self.air.checks.append(self.check)
        self.published = dict.fromkeys(IDS, 0)
        # By observer, owner and what was seen: the newest.
        self._seen: dict[tuple[Station, int, str], int] = {}
        self.publish()

    def publish(self) -> None:
        """Let everybody publish a new number: as its place, applied index and in an intent."""
        for station in self.air.live():
            owner = station.identity.storage_id
            self.published[owner] = number = self.published[owner] + 1
            station.x_mm = number
            station.place()
            station.mesh.set_mission(MissionSection(0, number, 3, 9, 4500))
            station.mesh.set_intents(IntentSection(0, (Intent(number, f'{owner}'.encode()),)))

    def play(self, phase: Phase) -> None:
        """Go on for as long as the phase lasts."""
        air = self.air
        self.cut, air.loss, air.duplication = phase.cut, phase.loss, phase.duplication
        air.delay_ns = (round(phase.delay_ms[0] * 1e6), round(phase.delay_ms[1] * 1e6))
        if phase.restarts is not None:
            incarnation = air.stations[phase.restarts].mesh.identity.incarnation + 1
            air.kill(phase.restarts)
            air.start(phase.restarts, incarnation)
        self.publish()
        air.run(phase.seconds)

    def check(self, station: Station) -> None:
        """Compare what a robot holds of the others with what they have said so far."""
        mesh, own = station.mesh, station.identity.storage_id
        assert set(mesh.rows_held()) <= set(IDS) - {own}
        assert set(mesh.alive()) <= set(IDS)
        for owner in mesh.rows_held():
            self._newer(station, owner, 'applied', mesh.mission(owner).applied)
        for neighbor in mesh.neighbors(station.clock(self.air.now), 0).neighbors:
            place_mm = round(neighbor.position[0] * 1000)
            self._newer(station, neighbor.robot, 'place', place_mm)
        for owner, section in mesh.intents():
            if owner != own:
                (intent,) = section.intents
                self._newer(station, owner, 'intent', intent.serial)
                assert intent.payload == f'{owner}'.encode()

    def _newer(self, station: Station, owner: int, what: str, number: int) -> None:
        """Check that a number has been published and is none older than the last one seen."""
        seen = self._seen.get((station, owner, what), 0)
        # What a new life has not said yet is unknown.
        assert number == 0 or seen <= number <= self.published[owner], what
        self._seen[station, owner, what] = max(seen, number)


# Not shrunk: a failing course would be played some hundred times more, for minutes.
@settings(max_examples=20, phases=(Stage.explicit, Stage.reuse, Stage.generate))
@given(st.integers(0, 10_000), PHASES)
def test_rows_never_go_back_or_lie_and_all_agree_once_the_radio_is_clean(seed, phases):
    course = Course(seed)
    for phase in phases:
        course.play(phase)

    course.play(Phase(frozenset(), 0.0, 0.0, (1.0, 2.0), None, 3.0))

    for station in course.air.live():
        mesh, own = station.mesh, station.identity.storage_id
        assert mesh.alive() == IDS
        shown = {owner: section.intents[0].serial for owner, section in mesh.intents()}
        for owner in mesh.rows_held():
            assert mesh.mission(owner).applied == shown[owner] == course.published[owner]
        assert mesh.rows_held() == tuple(other for other in IDS if other != own)
