# SPDX-License-Identifier: Apache-2.0
"""What a real robot watches of itself: the fence around its field, and its battery."""

from __future__ import annotations

from dataclasses import dataclass
import enum
import math

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import setting
from swarm_coordination.views import Pose

# Far beyond any field: no fence.
_FAR_M = 100_000.0


@dataclass(frozen=True, slots=True)
class SafetyOptions:
    """Limits beyond which a robot acts by itself; in ``map``, the battery's charge 0 to 1."""

    fence_x_min_m: float = setting(-_FAR_M, 'm', -_FAR_M, _FAR_M, 'fence: least x')
    fence_x_max_m: float = setting(_FAR_M, 'm', -_FAR_M, _FAR_M, 'fence: greatest x')
    fence_y_min_m: float = setting(-_FAR_M, 'm', -_FAR_M, _FAR_M, 'fence: least y')
    fence_y_max_m: float = setting(_FAR_M, 'm', -_FAR_M, _FAR_M, 'fence: greatest y')
    fence_z_max_m: float = setting(_FAR_M, 'm', -_FAR_M, _FAR_M, 'fence: greatest height')
    battery_leave: float = setting(
        0.2, '', 0.0, 1.0, 'charge below which the robot leaves the formation; 0: never'
    )
    battery_land: float = setting(
        0.1, '', 0.0, 1.0, 'charge below which the robot lands; 0: never'
    )

    def __post_init__(self) -> None:
        """Check the fields against each other."""
        for axis in 'xy':
            low, high = f'fence_{axis}_min_m', f'fence_{axis}_max_m'
            if getattr(self, low) >= getattr(self, high):
                raise ConfigurationError(
                    'SafetyOptions', low, getattr(self, low),
                    f'below {high} ({getattr(self, high):g} m)',
                )
        if self.battery_land > self.battery_leave:
            raise ConfigurationError(
                'SafetyOptions', 'battery_land', self.battery_land,
                f'at most battery_leave ({self.battery_leave:g})',
            )


def outside(pose: Pose, options: SafetyOptions) -> str:
    """Return how far a pose is outside the fence, in words; empty: it is inside."""
    for axis, low, high in (
        ('x', options.fence_x_min_m, options.fence_x_max_m),
        ('y', options.fence_y_min_m, options.fence_y_max_m),
        ('z', -math.inf, options.fence_z_max_m),
    ):
        value = float(getattr(pose, axis))
        beyond = max(low - value, value - high)
        if beyond > 0.0:
            return f'{beyond:.2f} m beyond the fence in {axis}'
    return ''


class Charge(enum.IntEnum):
    """What a robot does by its battery."""

    FLY = 0
    LEAVE = 1  # gives up its slot and its vote, stands
    LAND = 2


class BatteryWatch:
    """
    Judges the charge; what it has once decided it never takes back by itself.

    A cell under load sags and recovers: a robot that left does not come back before it was
    charged and started again.
    """

    def __init__(self, options: SafetyOptions) -> None:
        self._options = options
        self.verdict = Charge.FLY

    def take(self, charge: float) -> Charge:
        """Take a measured charge (0 to 1) and return the verdict; what is no charge is ignored."""
        if 0.0 <= charge <= 1.0:  # NaN: not measured
            found = Charge.FLY
            if charge < self._options.battery_land:
                found = Charge.LAND
            elif charge < self._options.battery_leave:
                found = Charge.LEAVE
            self.verdict = max(self.verdict, found)
        return self.verdict
