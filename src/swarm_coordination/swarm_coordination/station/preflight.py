# SPDX-License-Identifier: Apache-2.0
"""
What has to be right before the first motion, judged by what a running swarm shows of itself.

``swarm preflight`` listens for some seconds and hands over what it has heard; here stand the
rules. Prefixes of frames are read without the swarm's key, so a stranger's lie is possible:
this is a check against mistakes, the robots themselves believe nothing that is not signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import enum
import itertools
import math
from typing import NamedTuple

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.persistence import Recovered
from swarm_coordination.station.watch import Picture
from swarm_coordination.views import Mode
from swarm_coordination.wire.codec import MAJOR, Prefix

# As far as a pose may be stamped ahead (``live.stamps``).
AHEAD_MAX_S = 0.1


class Verdict(enum.Enum):
    """What a check says; UNKNOWN: there was nothing to judge by."""

    OK = 'ok'
    FAILED = 'FAILED'
    UNKNOWN = 'unknown'


class Check(NamedTuple):
    """One line of the report."""

    name: str
    verdict: Verdict
    text: str


class Heard(NamedTuple):
    """What was heard of a swarm."""

    picture: Picture
    prefixes: Mapping[str, Prefix]  # newest of each sender on the mesh, sorted
    pose_ages_s: Mapping[str, float]  # of the newest pose of each robot, by this host's clock


class Own(NamedTuple):
    """The robot whose computer this is, and its disk."""

    name: str
    disk: Recovered


def judge(heard: Heard, swarm: SwarmFile, own: Own | None = None) -> list[Check]:
    """Return every check; ``own`` adds those of one robot's own computer."""
    checks = [
        _robots(heard, swarm), _domain(heard, swarm), _version(heard),
        _configuration(heard, swarm), _range(heard), _distance(heard, swarm), _leader(heard),
        _votes(heard), _stops(heard),
    ]
    if own is not None:
        checks += [_clock(heard, swarm, own.name), _storage(heard, own)]
    return checks


def _check(name: str, wrong: str, right: str) -> Check:
    return Check(name, Verdict.FAILED if wrong else Verdict.OK, wrong or right)


def _list(names: Iterator[str] | list[str]) -> str:
    return ', '.join(names)


def _robots(heard: Heard, swarm: SwarmFile) -> Check:
    there = {robot.name for robot in heard.picture.robots}
    missing = _list([name for name in swarm.names if name not in there])
    return _check('robots', missing and f'not heard: {missing}', f'all {len(there)} are heard')


def _domain(heard: Heard, swarm: SwarmFile) -> Check:
    """Look who else is in the domain, and whether all are of one swarm."""
    strangers = _list([name for name in heard.prefixes if name not in swarm.names])
    if strangers:
        return Check('domain', Verdict.FAILED, f'not of this swarm file: {strangers}')
    clusters: dict[int, list[str]] = {}
    for name, prefix in heard.prefixes.items():
        clusters.setdefault(prefix.cluster_id, []).append(name)
    if not clusters:
        return Check('domain', Verdict.UNKNOWN, 'no frames on /swarm/mesh: it may lie apart')
    parts = ' | '.join(map(_list, clusters.values()))
    wrong = f'provisioned apart: {parts}' if len(clusters) > 1 else ''
    return _check('domain', wrong, 'nobody else is there; one cluster')


def _version(heard: Heard) -> Check:
    other = _list([f'{n} ({p.major})' for n, p in heard.prefixes.items() if p.major != MAJOR])
    if not heard.prefixes:
        return Check('protocol', Verdict.UNKNOWN, 'no frames heard')
    return _check('protocol', other and f'not version {MAJOR}: {other}', f'version {MAJOR}')


def _configuration(heard: Heard, swarm: SwarmFile) -> Check:
    here = swarm.config_hash
    other = _list([name for name, p in heard.prefixes.items() if p.config_hash != here])
    if not heard.prefixes:
        return Check('configuration', Verdict.UNKNOWN, 'no frames heard')
    return _check(
        'configuration',
        other and f'shared settings are not those of {swarm.source}: {other}',
        f'the shared settings of all are those here ({here:016x})',
    )


def _range(heard: Heard) -> Check:
    islands = heard.picture.islands()
    parts = ' | '.join(_list([robot.name for robot in island]) for island in islands)
    if not islands:
        return Check('range', Verdict.UNKNOWN, 'nobody is heard')
    links = len(heard.picture.links())
    wrong = f'they do not all reach each other: {parts}' if len(islands) > 1 else ''
    return _check('range', wrong, f'{links} links join all')


def _distance(heard: Heard, swarm: SwarmFile) -> Check:
    least_m = swarm.robots[0].settings.control.safety_distance_m
    placed = [robot for robot in heard.picture.robots if robot.pose is not None]
    if len(placed) < len(heard.picture.robots) or not placed:
        lost = _list([robot.name for robot in heard.picture.robots if robot.pose is None])
        return Check('poses', Verdict.FAILED, f'no pose of {lost or "anybody"}')
    close = _list([
        f'{a.name} and {b.name}' for a, b in itertools.combinations(placed, 2)
        if a.pose is not None and b.pose is not None
        and math.dist(a.pose[:3], b.pose[:3]) < least_m
    ])
    return _check(
        'poses', close and f'within {least_m:g} m of each other: {close}',
        f'all known, {least_m:g} m apart at least',
    )


def _leader(heard: Heard) -> Check:
    leaders = [robot.name for robot in heard.picture.leaders()]
    wrong = '' if len(leaders) == 1 else f'{_list(leaders) or "nobody"} leads with a quorum'
    return _check('leader', wrong, f'{_list(leaders)} leads with a quorum')


def _votes(heard: Heard) -> Check:
    held = _list([r.name for r in heard.picture.robots if not r.status.may_vote])
    return _check('votes', held and f'held back without a vote: {held}', 'nobody is held back')


def _stops(heard: Heard) -> Check:
    stopped = _list([r.name for r in heard.picture.robots if r.status.mode is Mode.STOPPED])
    wrong = f'a safety stop is in force at {stopped}; `swarm hold ROBOT` says what lifts it'
    return _check('stops', stopped and wrong, 'none in force')


def _clock(heard: Heard, swarm: SwarmFile, name: str) -> Check:
    """Compare the stamps of poses with the clock of this host."""
    age_s = heard.pose_ages_s.get(name)
    most_s = swarm.robot(name).settings.control.pose_timeout_s
    if age_s is None:
        return Check('clock', Verdict.UNKNOWN, f'no pose of {name} to compare with')
    wrong = ''
    if not -AHEAD_MAX_S <= age_s <= most_s:
        wrong = (
            f'poses of {name} are stamped {age_s:.3f} s ago by the clock here: '
            f'-{AHEAD_MAX_S:g} to {most_s:g} s is needed'
        )
    return _check('clock', wrong, f'poses of {name} are {max(age_s, 0.0):.3f} s old')


def _storage(heard: Heard, own: Own) -> Check:
    provision = own.disk.provision
    on_air = heard.prefixes.get(own.name)
    wrong = ''
    if provision.name != own.name:
        wrong = f'it is that of {provision.name}'
    elif not own.disk.may_vote:
        wrong = own.disk.reason
    elif on_air is not None and on_air.cluster_id != provision.cluster_id:
        wrong = f'{own.name} on the air is of another cluster: it runs on another disk'
    return _check('storage', wrong, f'provisioned for {own.name}, cluster {provision.cluster_id}')
