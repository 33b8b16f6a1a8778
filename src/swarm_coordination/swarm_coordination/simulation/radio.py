# SPDX-License-Identifier: Apache-2.0
"""
The radio: who hears whom, with what probability, how late, and which cuts are imposed.

One object serves the simulator (which draws a lot per frame and receiver) and real processes
(whose receivers draw by the ``reception`` matrix that the world publishes). Two models:

``disc``: within the range a frame arrives with probability 1 - loss; over the last ``edge_m``
of it the loss rises with the square of the way to ``edge_loss``; beyond, nothing is heard.

``log_distance``: the formulas of RFComms of gz-sim. P_rx = P_tx - (l0 + 10 n log10 d) + N(0,
sigma^2) dBm; bit error rate erfc(sqrt(S/N)) with S/N as a power ratio; packet error rate
1 - (1 - BER)^bytes. ``probability`` is the mean over the shadowing, by Gauss-Hermite quadrature.

Positions are rounded to millimetres, as in frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import itertools
import math

from swarm_coordination.scenario.backend import Groups, TrueState
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.units import NS_PER_MS, NS_PER_S, to_mm

# Bytes of a common frame: what a link's probability is stated for where no frame is at hand.
FRAME_BYTES = 300
# A pair counts as linked in the radio graph from this probability on.
LINK_PROBABILITY = 0.5
# Nodes and weights of five-point Gauss-Hermite quadrature for a standard normal variable
# (Abramowitz and Stegun, table 25.10, scaled by sqrt 2 and 1/sqrt pi).
_QUADRATURE = (
    (-2.8569700138728056, 0.011257411327720691),
    (-1.3556261799742659, 0.2220759220056126),
    (0.0, 0.5333333333333333),
    (1.3556261799742659, 0.2220759220056126),
    (2.8569700138728056, 0.011257411327720691),
)


class Radio:
    """
    The radio between robots of these names.

    ``range_m`` is the swarm's radio range, taken where the settings leave it open.
    """

    def __init__(self, settings: RadioSettings, range_m: float, names: tuple[str, ...]) -> None:
        self.settings = settings
        self.range_m = settings.range_m or range_m
        self.names = names
        self._index = {name: number for number, name in enumerate(names)}
        self._places = [(0, 0, 0)] * len(names)
        self._group = [0] * len(names)
        self._muted: frozenset[tuple[int, int]] = frozenset()

    def place(self, truth: Mapping[str, TrueState]) -> None:
        """Take the robots' true positions."""
        for name, number in self._index.items():
            state = truth[name]
            self._places[number] = (to_mm(state.x), to_mm(state.y), to_mm(state.z))

    def cut(self, groups: Groups | None) -> None:
        """Let only robots of one group hear each other; None ends every imposed cut."""
        self._group = [0] * len(self.names)
        if groups is None:
            self._muted = frozenset()
        for number, group in enumerate(groups or (), start=1):
            for name in group:
                self._group[self._index[name]] = number

    def mute(self, sender: str, receivers: Iterable[str]) -> None:
        """Let ``receivers`` no longer hear ``sender``, who goes on hearing them."""
        at = self._index[sender]
        self._muted |= {(at, self._index[name]) for name in receivers}

    @property
    def cuts(self) -> object:
        """Everything imposed at present; equal as long as nothing changes."""
        return tuple(self._group), self._muted

    def distance_m(self, first: int, second: int) -> float:
        """Distance of two robots, by their number."""
        return math.dist(self._places[first], self._places[second]) / 1000.0

    def joined(self, first: int, second: int) -> bool:
        """Whether nothing imposed keeps what ``first`` sends from ``second``."""
        return self._group[first] == self._group[second] and (first, second) not in self._muted

    def probability(self, distance_m: float, size_bytes: int = FRAME_BYTES) -> float:
        """Probability that a frame of that size is received at that distance, no cut between."""
        if self.settings.model == 'disc':
            return self._disc(distance_m)
        return self._log_distance(distance_m, size_bytes)

    def reception(self, sender: int, receiver: int, size_bytes: int = FRAME_BYTES) -> float:
        """Probability that ``receiver`` gets a frame of ``sender`` now, cuts included."""
        if not self.joined(sender, receiver):
            return 0.0
        return self.probability(self.distance_m(sender, receiver), size_bytes)

    def matrix(self, size_bytes: int = FRAME_BYTES) -> list[list[float]]:
        """Return ``reception`` from every sender (row) to every receiver (column)."""
        count = range(len(self.names))
        return [
            [0.0 if a == b else self.reception(a, b, size_bytes) for b in count] for a in count
        ]

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs that hear each other at least every second time."""
        return tuple(
            (a, b)
            for a, b in self.reach()
            if self.joined(self._index[a], self._index[b])
            and self.joined(self._index[b], self._index[a])
        )

    def reach(self) -> tuple[tuple[str, str], ...]:
        """Return the same pairs as if nothing were cut."""
        pairs = itertools.combinations(range(len(self.names)), 2)
        return tuple(
            (self.names[a], self.names[b])
            for a, b in pairs
            if self.probability(self.distance_m(a, b)) >= LINK_PROBABILITY
        )

    def airtime_ns(self, size_bytes: int) -> int:
        """Time that a frame occupies its sender."""
        return round(size_bytes * 8 * NS_PER_S / (self.settings.bandwidth_kbps * 1000.0))

    def delay_ns(self, uniform: float) -> int:
        """Delay after the airtime, from a number drawn from [0, 1)."""
        settings = self.settings
        return round((settings.latency_ms + settings.jitter_ms * uniform) * NS_PER_MS)

    def _disc(self, distance_m: float) -> float:
        settings = self.settings
        if distance_m > self.range_m:
            return 0.0
        loss = settings.loss
        inner = self.range_m - settings.edge_m
        if distance_m > inner and settings.edge_m > 0.0:
            way = (distance_m - inner) / settings.edge_m
            loss += max(0.0, settings.edge_loss - settings.loss) * way * way
        return 1.0 - loss

    def _log_distance(self, distance_m: float, size_bytes: int) -> float:
        settings = self.settings
        fading = settings.l0_db
        if distance_m > 1.0:
            fading += 10.0 * settings.fading_exponent * math.log10(distance_m)
        mean_db = settings.tx_power_dbm - fading - settings.noise_floor_dbm
        received = math.fsum(
            weight * _packet_received(mean_db + settings.sigma_db * node, size_bytes)
            for node, weight in _QUADRATURE
        )
        return (1.0 - settings.loss) * received


def _packet_received(signal_to_noise_db: float, size_bytes: int) -> float:
    """Probability that a packet arrives at one signal-to-noise ratio."""
    ratio = 10.0 ** (min(60.0, max(-60.0, signal_to_noise_db)) / 10.0)
    bit_errors = min(1.0, math.erfc(math.sqrt(ratio)))
    return float((1.0 - bit_errors) ** size_bytes)
