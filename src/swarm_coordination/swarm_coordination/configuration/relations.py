# SPDX-License-Identifier: Apache-2.0
"""What must hold between settings of different groups, and between the robots' starts."""

from __future__ import annotations

from collections.abc import Mapping
import itertools
import math

from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.unicycle import AHEAD_M
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mission.formations import reachable
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.units import to_mm
from swarm_coordination.views import Pose


def check_relations(settings: RobotSettings, source: str, field: str) -> None:
    """Check one robot's settings across groups; raises ConfigurationError."""

    def require(holds: bool, name: str, value: object, bound: str) -> None:
        if not holds:
            raise ConfigurationError(source, f'{field}.{name}', value, bound)

    mesh, consensus = settings.mesh, settings.consensus
    control, mission = settings.control, settings.mission
    # A heartbeat rides in a beacon: more of them than beacons would never be sent.
    require(
        consensus.heartbeat_period_s >= mesh.beacon_period_s,
        'consensus.heartbeat_period_s',
        consensus.heartbeat_period_s,
        f'at least mesh.beacon_period_s ({mesh.beacon_period_s:g} s)',
    )
    # A link that the mesh calls live has to have had data that the controller may use.
    require(
        control.age_max_s <= mesh.link_timeout_s,
        'control.age_max_s',
        control.age_max_s,
        f'at most mesh.link_timeout_s ({mesh.link_timeout_s:g} s)',
    )
    # A lease that ends during an ordinary election would stop the swarm at every change of
    # leader: the old one's silence, and one split vote.
    shortest = 2.0 * consensus.election_timeout_max_s
    require(
        mission.lease_s > shortest,
        'mission.lease_s',
        mission.lease_s,
        f'more than twice consensus.election_timeout_max_s ({shortest:g} s)',
    )
    closest = control.safety_distance_m + mission.spacing_margin_m
    require(
        closest < control.kept_range_m,
        'mission.spacing_margin_m',
        mission.spacing_margin_m,
        f'less than kept range minus safety distance '
        f'({control.kept_range_m - control.safety_distance_m:g} m)',
    )


def check_turning(kind: str, control: ControlSettings, source: str, prefix: str) -> None:
    """
    Check that a robot of that ``kind`` turns as fast as its controller may ask.

    The point ahead of a differential robot's axle moves sideways by turning alone: at speed v the
    base turns at v / l (``control.unicycle``). One that cannot would not follow its commands,
    which every guarantee assumes. Raises ConfigurationError.
    """
    if kind != 'differential':
        return
    needed = control.speed_max_mps / AHEAD_M
    if control.yaw_rate_max_radps < needed * (1.0 - 1e-9):
        raise ConfigurationError(
            source, f'{prefix}yaw_rate_max_radps', control.yaw_rate_max_radps,
            f'for a differential robot at least speed_max_mps / {AHEAD_M:g} m = {needed:.3g} '
            f'rad/s, if its base turns so fast; else a lower speed_max_mps, at most '
            f'{AHEAD_M * control.yaw_rate_max_radps:.3g} m/s at this rate',
        )


def check_starts(source: str, robots: Mapping[str, tuple[Pose, RobotSettings]]) -> None:
    """
    Check that the robots may start where they stand: apart, and in contact.

    Any two further apart, as the safety filter measures it, than the safety distance and
    localisation errors; all joined by hops within the kept range. Raises ConfigurationError.
    """
    for (name, (a, settings)), (other, (b, _)) in itertools.combinations(robots.items(), 2):
        limits, closest = settings.formation_limits, settings.control.collision_distance_m
        distance = limits.apart(a[:3], b[:3])
        if distance <= closest:
            raise ConfigurationError(
                source,
                f'robots.{other}.start',
                tuple(b),
                f'more than {closest:g} m from {name}{limits.measured} (it is {distance:.3f} m)',
            )
    names = tuple(robots)
    points = tuple((to_mm(p.x), to_mm(p.y), to_mm(p.z)) for p, _ in robots.values())
    range_m = min(settings.control.link_distance_m for _, settings in robots.values())
    joined = reachable(points, range_m)
    for number, name in enumerate(names):
        if number not in joined:
            nearest = min(math.dist(points[number], points[k]) for k in joined) / 1000.0
            raise ConfigurationError(
                source,
                f'robots.{name}.start',
                tuple(robots[name][0]),
                f'within {range_m:g} m (kept range) of the robots that {names[0]} is joined to: '
                f'it is {nearest:.3f} m from the nearest',
            )
