# SPDX-License-Identifier: Apache-2.0
"""
Settings of the formation controller, with the checks that span several fields.

The fields marked ``shared`` enter the configuration hash: the guarantees of docs/control.md hold
only among robots that agree on them. Where robots differ, they state the worst of the swarm: each
reckons by them how far off, how old and how long in motion the others may be.
"""

from __future__ import annotations

from dataclasses import dataclass

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check, setting

# A kept link's wedge of directions must stay narrow at the distances where its row can bind;
# beyond a sine of 0.9 the rows would leave next to no room to move.
WEDGE_SINE_MAX = 0.9
# Robots that queue stay so far apart that each may still close in at this part of the speed
# bound: with less room the wedges of one ahead and one behind leave no direction to move in.
FOLLOW_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Everything the formation controller is told; letters in brackets as in docs/control.md."""

    period_s: float = setting(0.05, 's', 0.005, 1.0, 'time between control updates')
    hold_s: float = setting(
        0.1,
        's',
        0.005,
        2.0,
        'longest time one command stays in force: period, jitter and actuation delay (T)',
        shared=True,
    )
    speed_max_mps: float = setting(
        1.5, 'm/s', 0.01, 20.0, 'greatest speed in the plane (v)', shared=True
    )
    safety_distance_m: float = setting(
        0.6, 'm', 0.05, 100.0, 'robots never come closer than this (D)', shared=True
    )
    range_m: float = setting(10.0, 'm', 0.5, 10_000.0, 'radio range (R)', shared=True)
    kept_range_m: float = setting(
        9.5, 'm', 0.5, 10_000.0, 'a kept link is never stretched beyond this (R_k)', shared=True
    )
    resilience: int = setting(
        1,
        '',
        1,
        2,
        'paths in a certificate; 2: the loss of any one robot does not part the others',
        shared=True,
    )
    gain: float = setting(
        1.0, '1/s', 0.01, 20.0, 'position gain of slot tracking', live=True
    )
    cohesion_gain: float = setting(
        0.0,
        '1/s',
        0.0,
        20.0,
        'gain towards the displacement of neighbours in the formation',
        live=True,
    )
    look_ahead_s: float = setting(
        0.0,
        's',
        0.0,
        10.0,
        'links are weighed by the distance this far ahead on the way to the slots (theta)',
        shared=True,
    )
    yaw_gain: float = setting(
        1.0, '1/s', 0.0, 20.0, 'heading gain of slot tracking', live=True
    )
    yaw_rate_max_radps: float = setting(
        1.0,
        'rad/s',
        0.0,
        20.0,
        'greatest yaw rate; of a differential robot what its base can turn, '
        'at least speed_max_mps / 0.15 m',
        live=True,
    )
    deceleration_mps2: float = setting(
        3.0,
        'm/s^2',
        0.05,
        100.0,
        'deceleration when braking; of robots that differ the least',
        shared=True,
    )
    localisation_error_m: float = setting(
        0.005,
        'm',
        0.001,
        10.0,
        'greatest position error of any robot, rounding to millimetres included (e)',
        shared=True,
    )
    pose_period_s: float = setting(
        0.06, 's', 0.0, 1.0, 'greatest age of a pose when it enters a beacon', shared=True
    )
    age_max_s: float = setting(
        1.0,
        's',
        0.05,
        10.0,
        'an older row certifies and keeps nothing; its margin stops here (A)',
        shared=True,
    )
    follow_age_s: float = setting(
        0.3,
        's',
        0.0,
        10.0,
        'age of a row as it mostly is, from which robots that queue take their distance: '
        'two frame delays and two beacon periods',
        live=True,
    )
    table_timeout_s: float = setting(
        1.0, 's', 0.05, 30.0, 'brake and hold when the neighbour table is older'
    )
    target_timeout_s: float = setting(
        1.0, 's', 0.05, 30.0, 'brake and hold when the formation target is older'
    )
    pose_timeout_s: float = setting(0.3, 's', 0.01, 10.0, 'brake when the own pose is older')
    pose_jump_m: float = setting(
        0.25, 'm', 0.0, 100.0, 'a pose may differ by this beyond speed times time'
    )
    collision_gain: float = setting(
        0.5, '', 0.01, 0.5, 'share of the gap closed per hold time, collisions (a1)'
    )
    link_gain: float = setting(
        0.5, '', 0.01, 0.5, 'share of the gap opened per hold time, kept links (a2)'
    )
    command_timeout_s: float = setting(
        0.5,
        's',
        0.0,
        10.0,
        'a base brakes by itself when its command is older; of robots that differ the longest',
        shared=True,
    )
    silent_inflation_max_m: float = setting(
        2.0, 'm', 0.0, 100.0, 'cap on the radius added around a silent robot'
    )
    obstacle_distance_m: float = setting(
        0.3, 'm', 0.0, 100.0, 'robots never come closer to an obstacle or a zone edge (D_o)'
    )
    dimensions: int = setting(
        2,
        '',
        2,
        3,
        'distances between robots are taken in the plane (2) or in space (3)',
        shared=True,
    )
    downwash_factor: float = setting(
        1.0,
        '',
        1.0,
        10.0,
        'in space robots keep so many times the safety distance above each other',
        shared=True,
    )
    acceleration_max_mps2: float = setting(
        0.0,
        'm/s^2',
        0.0,
        100.0,
        'greatest change of velocity, no less than the deceleration; 0: any, at once',
    )
    recovery_speed_mps: float = setting(
        0.4, 'm/s', 0.0, 20.0, 'cap on the speed demanded to undo a violated distance'
    )

    @property
    def offset_error_m(self) -> float:
        """Greatest error of the measured way from one robot to another: 2 e."""
        return 2.0 * self.localisation_error_m

    @property
    def collision_distance_m(self) -> float:
        """Safety distance between measured positions: D + 2 e."""
        return self.safety_distance_m + self.offset_error_m

    @property
    def link_distance_m(self) -> float:
        """Kept range between measured positions: R_k - 2 e."""
        return self.kept_range_m - self.offset_error_m

    @property
    def obstacle_clear_m(self) -> float:
        """Distance of the measured position from an obstacle: D_o + e."""
        return self.obstacle_distance_m + self.localisation_error_m

    @property
    def stopping_distance_m(self) -> float:
        """
        Greatest way of a robot from the pose in the last beacon known of it.

        That pose may be old when it is sent, a beacon or two may be lost, and the last command may
        come after them; then the command times out and the base brakes.
        """
        before = self.pose_period_s + 2.0 * self.hold_s
        return self.speed_max_mps * (before + self.stopping_time_s)

    @property
    def parting_time_s(self) -> float:
        """
        Age of the others' rows at which a robot stands that may be the one they have lost.

        It may have been commanded that long after the last beacon that they know: as long as a
        robot whose process died goes on, and it brakes from there no later.
        """
        return self.hold_s + self.command_timeout_s

    @property
    def silent_radius_m(self) -> float:
        """Radius of the disc kept clear around the last known position of a silent robot."""
        inflation = min(self.stopping_distance_m, self.silent_inflation_max_m)
        return self.collision_distance_m + inflation

    @property
    def stopping_time_s(self) -> float:
        """Time at full speed in which a robot goes as far as on a last command (S)."""
        return self.command_timeout_s + self.speed_max_mps / (2.0 * self.deceleration_mps2)

    @property
    def follow_distance_m(self) -> float:
        """
        Distance to those ahead in a queue, between measured positions.

        Up to the first two terms' sum collision rows (``halfspaces``) admit no closing in at all.
        """
        drift_m = self.speed_max_mps * (self.follow_age_s + self.pose_period_s)
        closing_s = max(2.0 * self.hold_s / self.collision_gain, 2.0 * self.stopping_time_s)
        room_m = FOLLOW_SHARE * self.speed_max_mps * closing_s
        return self.collision_distance_m + drift_m + room_m


def check_control(settings: ControlSettings, source: str, prefix: str = '') -> None:
    """Check bounds and cross-field conditions; raises ConfigurationError naming the field."""
    check(settings, source, prefix)

    def refuse(field: str, bound: str) -> None:
        raise ConfigurationError(source, f'{prefix}{field}', getattr(settings, field), bound)

    speed, hold = settings.speed_max_mps, settings.hold_s
    if hold < settings.period_s:
        refuse('hold_s', f'at least period_s = {settings.period_s:g} s')
    kept_max = settings.range_m - 2.0 * speed * hold
    if settings.kept_range_m > kept_max:
        refuse(
            'kept_range_m',
            f'at most range_m - 2 speed_max_mps hold_s = {kept_max:g} m: a link that is kept '
            'anew may stretch that far beyond',
        )
    if settings.safety_distance_m <= speed * hold:
        refuse(
            'safety_distance_m',
            f'above speed_max_mps * hold_s = {speed * hold:g} m, the way within one command',
        )
    if settings.recovery_speed_mps >= speed:
        refuse('recovery_speed_mps', f'below speed_max_mps = {speed:g} m/s')
    if settings.age_max_s < hold:
        refuse('age_max_s', f'at least hold_s = {hold:g} s')
    if 0.0 < settings.acceleration_max_mps2 < settings.deceleration_mps2:
        refuse(
            'acceleration_max_mps2',
            f'0 or at least deceleration_mps2 = {settings.deceleration_mps2:g} m/s^2, by which '
            'the others reckon this robot to brake',
        )
    # The nearest distance at which a kept link's row can bind, with data of the greatest age.
    drift = speed * (settings.age_max_s + settings.pose_timeout_s + settings.pose_period_s)
    slowed = 2.0 * speed * max(hold / settings.link_gain, settings.stopping_time_s)
    binding = settings.link_distance_m - drift - slowed
    if binding <= settings.collision_distance_m:
        refuse(
            'kept_range_m',
            'large enough to leave room between kept links and collisions: above '
            f'{settings.kept_range_m + settings.collision_distance_m - binding:.2f} m',
        )
    if drift + 2.0 * speed * hold + settings.offset_error_m > WEDGE_SINE_MAX * binding:
        refuse(
            'age_max_s',
            'smaller: a row that old, of a place off by localisation_error_m = '
            f'{settings.localisation_error_m:g} m, leaves a kept link no direction to move',
        )
