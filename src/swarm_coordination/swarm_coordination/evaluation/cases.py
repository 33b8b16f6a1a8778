# SPDX-License-Identifier: Apache-2.0
"""What is flown: one case is a swarm, its formation, its radio and what is done to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from swarm_coordination.control.settings import check_control, ControlSettings
from swarm_coordination.control.unicycle import AHEAD_M
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.grounds import OBSTACLES
from swarm_coordination.evaluation.kernels.state import AIR, ROBOTS_MAX

SHAPES = ('line', 'v', 'circle', 'grid', 'sphere')
KINDS = ('holonomic', 'differential', 'quadrotor')
SLOTS = ('assigned', 'random')
STARTS = ('random', 'ordered')
METHODS = ('certified', 'one_hop', 'keep_all', 'no_links', 'orca', 'barrier')
RADIOS = ('disc', 'log_distance')
KILLS = ('none', 'random', 'articulation', 'leader', 'in_2_connected')

# Slots of neighbours are so far apart, as a part of the radio range.
SPACING_SHARE = 0.6
# A differential robot turns no faster (rad/s): what a TurtleBot or a Jackal can about do.
TURN_MAX_RADPS = 4.0
# Longest flight (s): ten hours, far beyond what any formation has taken.
LIMIT_MAX_S = 36_000.0
# Beacon rate (Hz): (link time-out and greatest age in s, greatest speed in m/s). A slower radio
# needs a slower robot, or ages would leave a kept link no direction to move in.
RATES = {20: (1.5, 1.0, 1.5), 10: (1.5, 1.0, 1.5), 5: (3.0, 3.0, 0.5)}


@dataclass(frozen=True, slots=True)
class Case:
    """One case; its runs differ in the seed alone. Lengths in m, times in s."""

    shape: str = 'circle'
    robots: int = 20
    slots: str = 'assigned'
    start: str = 'random'
    method: str = 'certified'
    swaps: bool = True  # neighbours exchange slots where that shortens both ways together
    regroup: bool = True  # a formation that is stuck is shrunk and opened again
    loss: float = 0.2
    delay_s: float = 0.1
    beacon_hz: int = 20
    radio: str = 'disc'
    kill: str = 'none'
    kill_formed: bool = False  # once the formation stands, not in transit
    relays: int = 8  # rows of others in one frame, at most: a frame has 1,200 bytes
    obstacles: str = 'none'
    kind: str = 'holonomic'
    limit_s: float = 240.0
    settings: ControlSettings = field(default_factory=ControlSettings)

    @property
    def link_timeout_s(self) -> float:
        """Return how long a robot may be unheard and still be a neighbour."""
        return RATES[self.beacon_hz][0]

    @property
    def silent_s(self) -> float:
        """
        Return for how long nothing new of a robot may be seen until it counts as silent.

        Heartbeat numbers take up to N / 2 hops round a ring, 0.2 s each at 20 Hz.
        """
        return max(2.5, 4.0 * self.robots / self.beacon_hz)

    @property
    def ahead_m(self) -> float:
        """How far ahead of its axle the point lies that is steered; 0: it needs none."""
        return AHEAD_M if self.kind == 'differential' else 0.0

    @property
    def apart_m(self) -> float:
        """Least distance of two robots, of their axles where a point ahead is steered (D)."""
        return self.settings.safety_distance_m - 2.0 * self.ahead_m

    @property
    def clear_m(self) -> float:
        """Least distance of a robot, of its axle where it has one, from an obstacle."""
        return self.settings.obstacle_distance_m - self.ahead_m

    @property
    def spacing_m(self) -> float:
        """Distance of neighbouring slots."""
        return SPACING_SHARE * self.settings.range_m

    @property
    def delay_periods(self) -> int:
        """Control periods from sending to receiving."""
        return round(self.delay_s / self.settings.period_s)

    @property
    def stride(self) -> int:
        """Control periods between two beacons of a robot."""
        return round(1.0 / (self.beacon_hz * self.settings.period_s))


def controller_settings(
    beacon_hz: int = 20,
    resilience: int = 1,
    kind: str = 'holonomic',
    shape: str = 'circle',
    shipped: bool = False,
) -> ControlSettings:
    """
    Return the settings that the evaluation flies with, for one beacon rate.

    ``shipped``: without cohesion, links weighed by the distance now, as config/swarm.yaml has it.
    """
    _, age_s, speed = RATES[beacon_hz]
    if kind == 'differential':
        speed = min(speed, AHEAD_M * TURN_MAX_RADPS)
    settings = ControlSettings(
        cohesion_gain=0.0 if shipped else 4.0,
        look_ahead_s=0.0 if shipped else 2.0,
        age_max_s=age_s,
        speed_max_mps=speed,
        resilience=resilience,
        recovery_speed_mps=min(0.4, 0.5 * speed),
        dimensions=3 if kind == 'quadrotor' or shape == 'sphere' else 2,
    )
    if kind == 'differential':
        # Poses are of the point ahead, distances hold for the axle: as far off as AHEAD_M at both
        # ends. And a period's arc is not the straight line that was commanded.
        arc_m = 0.5 * speed * TURN_MAX_RADPS * settings.period_s**2
        return replace(
            settings,
            safety_distance_m=settings.safety_distance_m + 2.0 * AHEAD_M,
            kept_range_m=settings.kept_range_m - 2.0 * AHEAD_M,
            obstacle_distance_m=settings.obstacle_distance_m + AHEAD_M,
            localisation_error_m=settings.localisation_error_m + arc_m,
        )
    if kind == 'quadrotor':
        return replace(settings, acceleration_max_mps2=3.0, downwash_factor=2.0)
    return settings


def check_case(case: Case) -> Case:
    """Return the case; raises UsageError or ConfigurationError naming what is wrong."""
    for value, known, name in (
        (case.shape, SHAPES, 'shape'),
        (case.slots, SLOTS, 'slots'),
        (case.start, STARTS, 'start'),
        (case.method, METHODS, 'method'),
        (case.radio, RADIOS, 'radio'),
        (case.kill, KILLS, 'kill'),
        (case.obstacles, OBSTACLES, 'obstacles'),
        (case.kind, KINDS, 'kind'),
        (case.beacon_hz, tuple(RATES), 'beacon_hz'),
    ):
        if value not in known:
            raise UsageError(f'{name} {value!r}: one of {", ".join(map(str, known))}')
    if not 2 <= case.robots <= ROBOTS_MAX:
        raise UsageError(f'robots {case.robots}: 2 to {ROBOTS_MAX}')
    if not 0.0 <= case.loss < 1.0:
        raise UsageError(f'loss {case.loss}: from 0 to below 1')
    period_s = case.settings.period_s
    if not 0.0 <= case.delay_s <= (AIR - 1) * period_s:
        raise UsageError(f'delay_s {case.delay_s}: 0 to {(AIR - 1) * period_s:g}')
    if not period_s <= case.limit_s <= LIMIT_MAX_S:
        raise UsageError(f'limit_s {case.limit_s}: {period_s:g} to {LIMIT_MAX_S:g}')
    if case.method in ('orca', 'barrier') and (
        case.obstacles != 'none' or case.settings.dimensions == 3 or case.kind != 'holonomic'
    ):
        raise UsageError(f'method {case.method!r}: holonomic robots in the plane, no obstacles')
    if case.obstacles != 'none' and case.shape == 'sphere':
        raise UsageError("shape 'sphere': obstacles 'none'")
    check_control(case.settings, 'evaluation', 'control.')
    return case
