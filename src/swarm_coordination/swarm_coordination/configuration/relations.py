# SPDX-License-Identifier: Apache-2.0
"""What must hold between settings of different groups, and between the robots' starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import itertools
import math

from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.unicycle import AHEAD_M
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mission.formations import reachable
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.settings import reaches
from swarm_coordination.units import to_mm
from swarm_coordination.views import Pose


def check_relations(settings: RobotSettings, robots: int, source: str, field: str) -> None:
    """Check settings of one of so many robots across groups; raises ConfigurationError."""
    relations = (
        _of_the_swarm(settings, robots), *_of_consensus(settings), *_of_control(settings)
    )
    for name, holds, bound in relations:
        if not holds:
            group, _, setting = name.partition('.')
            value = getattr(getattr(settings, group), setting)
            raise ConfigurationError(source, f'{field}.{name}', value, bound)


# A setting, whether it is as it has to be, and the bound.
_Relation = tuple[str, bool, str]


def _of_the_swarm(settings: RobotSettings, robots: int) -> _Relation:
    others = robots - 1
    return (
        'mesh.robots_max',
        settings.mesh.robots_max >= others,
        f'at least the {others} other robots of the file',
    )


def _of_consensus(settings: RobotSettings) -> Iterator[_Relation]:
    mesh, consensus, mission = settings.mesh, settings.consensus, settings.mission
    # A heartbeat rides in a beacon: more of them than beacons would never be sent.
    yield (
        'consensus.heartbeat_period_s',
        consensus.heartbeat_period_s >= mesh.beacon_period_s,
        f'at least mesh.beacon_period_s ({mesh.beacon_period_s:g} s)',
    )
    # Over hops the echoes that a leader's quorum is counted by come at this rate.
    longest = 0.6 * consensus.election_timeout_max_s
    yield (
        'mesh.relay_period_s',
        reaches(longest, mesh.relay_period_s),
        f'at most 0.6 of consensus.election_timeout_max_s ({longest:g} s)',
    )
    # A lease that ends during an ordinary election would stop the swarm at every change of
    # leader: the old one's silence, and one split vote.
    shortest = 2.0 * consensus.election_timeout_max_s
    yield (
        'mission.lease_s',
        mission.lease_s > shortest,
        f'more than twice consensus.election_timeout_max_s ({shortest:g} s)',
    )


def _of_control(settings: RobotSettings) -> Iterator[_Relation]:
    mesh, control, mission = settings.mesh, settings.control, settings.mission
    # A link that the mesh calls live has to have had data that the controller may use.
    yield (
        'control.age_max_s',
        control.age_max_s <= mesh.link_timeout_s,
        f'at most mesh.link_timeout_s ({mesh.link_timeout_s:g} s)',
    )
    oldest = 4.0 * mesh.beacon_period_s
    yield (
        'control.age_max_s',
        reaches(control.age_max_s, oldest),
        f'at least four beacon periods ({oldest:g} s): what is older certifies nothing',
    )
    # The disc kept around who is lost reckons with it (docs/control.md): that one stands after
    # one look of its mission and one control update.
    stands = control.period_s + mesh.beacon_period_s
    yield (
        'control.hold_s',
        reaches(control.hold_s, stands),
        f'at least control.period_s + mesh.beacon_period_s ({stands:g} s), after which a robot '
        'that others have lost stands',
    )
    room = control.kept_range_m - control.safety_distance_m
    yield (
        'mission.spacing_margin_m',
        control.safety_distance_m + mission.spacing_margin_m < control.kept_range_m,
        f'less than kept range minus safety distance ({room:g} m)',
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
    if not reaches(control.yaw_rate_max_radps, needed):
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
