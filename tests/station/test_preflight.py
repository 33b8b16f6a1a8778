# SPDX-License-Identifier: Apache-2.0
"""Every check before a flight says ok where all is right, and fails for its own reason alone."""

import itertools

import pytest
from station.swarm import NOW, STATUS
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.persistence import fresh, Provision, Voter
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.station.preflight import Heard, judge, Own, Verdict
from swarm_coordination.station.watch import SwarmWatch
from swarm_coordination.views import Mode, Pose
from swarm_coordination.wire.codec import MAJOR, Prefix, prefix_of, WireCodec

SWARM = load_swarm(find_swarm_file(None)).first(3)
NAMES = SWARM.names
PREFIX = Prefix(MAJOR, 0, 77, SWARM.config_hash)
DISK = fresh(Provision('robot1', 1, 77, (Voter('robot1', 1),), bytes(32)))


def heard(
    robots=NAMES, apart=(), places=None, changes=None, prefixes=None, pose_age_s=0.02
):
    """Return what a swarm shows in which all is right but for what the arguments say."""
    watch = SwarmWatch(NAMES, 10.0)
    for k, name in enumerate(robots):
        found = STATUS._replace(
            name=name, storage_id=k + 1, role=3 if k == 0 else 0, quorum=True, may_vote=True,
            mode=Mode.IDLE)._replace(**(changes or {}).get(name, {}))
        near = [other for other in robots
                if other != name and frozenset((name, other)) not in apart]
        watch.status(name, found, near, 0.0, NOW)
        place = (places or {}).get(name, (5.0 * k, 0.0))
        if place is not None:
            watch.pose(name, Pose(*place, 0.0, 0.0))
    shown = dict.fromkeys(robots, PREFIX)
    shown.update(prefixes or {})
    return Heard(watch.picture(NOW), shown, {'robot1': pose_age_s})


def failed(found, own=None):
    """Return (check, words) of each that failed."""
    return [
        (one.name, one.text) for one in judge(found, SWARM, own) if one.verdict is Verdict.FAILED]


def test_where_all_is_right_every_check_is_ok():
    checks = judge(heard(), SWARM, Own('robot1', DISK))
    assert {one.verdict for one in checks} == {Verdict.OK}
    assert len({one.name for one in checks}) == len(checks) == 11


def pairs(*names):
    """Return all pairs between the robots named and the others."""
    return {frozenset(pair) for pair in itertools.product(names, set(NAMES) - set(names))}


@pytest.mark.parametrize(('changes', 'check', 'words'), [
    ({'robots': NAMES[:2]}, 'robots', 'robot3'),
    ({'prefixes': {'turtle': PREFIX}}, 'domain', 'turtle'),
    ({'prefixes': {'robot2': PREFIX._replace(cluster_id=78)}}, 'domain', 'robot2'),
    ({'prefixes': {'robot2': PREFIX._replace(major=9)}}, 'protocol', 'robot2 (9)'),
    ({'prefixes': {'robot3': PREFIX._replace(config_hash=5)}}, 'configuration', 'robot3'),
    ({'apart': pairs('robot3')}, 'range', 'robot1, robot2 | robot3'),
    ({'places': {'robot2': None}}, 'poses', 'no pose of robot2'),
    ({'places': {'robot2': (0.1, 0.0)}}, 'poses', 'robot1 and robot2'),
    ({'changes': {'robot1': {'quorum': False}}}, 'leader', 'nobody'),
    ({'changes': {'robot2': {'role': 3}}}, 'leader', 'robot1, robot2'),
    ({'changes': {'robot2': {'may_vote': False}}}, 'votes', 'robot2'),
    ({'changes': {'robot2': {'mode': Mode.STOPPED}}}, 'stops', 'robot2'),
    ({'pose_age_s': 5.0}, 'clock', '5.000 s'),
    ({'pose_age_s': -0.2}, 'clock', '-0.200 s'),
])
def test_what_is_wrong_fails_one_check_and_names_it(changes, check, words):
    ((name, text),) = failed(heard(**changes), Own('robot1', DISK))
    assert name == check
    assert words in text


@pytest.mark.parametrize(('disk', 'words'), [
    (DISK._replace(provision=DISK.provision._replace(name='robot2')), 'that of robot2'),
    (DISK._replace(may_vote=False, reason='synced records were lost'), 'records were lost'),
    (DISK._replace(provision=DISK.provision._replace(cluster_id=5)), 'another cluster'),
])
def test_a_disk_that_is_not_the_robots_own_fails(disk, words):
    ((name, text),) = failed(heard(), Own('robot1', disk))
    assert name == 'storage'
    assert words in text


def test_a_mesh_that_cannot_be_heard_here_is_unknown_and_no_failure():
    found = heard()._replace(prefixes={}, pose_ages_s={})
    verdicts = {one.name: one.verdict for one in judge(found, SWARM, Own('robot1', DISK))}
    unknown = {name for name, verdict in verdicts.items() if verdict is Verdict.UNKNOWN}
    assert unknown == {'domain', 'protocol', 'configuration', 'clock'}
    assert Verdict.FAILED not in verdicts.values()


def test_the_prefix_of_a_frame_is_read_without_the_key():
    codec = WireCodec(bytes(range(32)), 77, RobotSettings().config_hash)
    prefix = codec._prefix + bytes(16)
    assert prefix_of(prefix)[2:] == (77, RobotSettings().config_hash)
    assert prefix_of(prefix[:-1]) is None
