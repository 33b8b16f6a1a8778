# SPDX-License-Identifier: Apache-2.0
"""The rules a campaign checks: they notice what breaks them, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.ghosts import Ghosts, silent_ns, SLACK_NS
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.read_rules import ReadRules
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.consensus.messages import Role, Standing
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.blackboard import BoardValue
from swarm_coordination.mission.commands import (
    Delete,
    encode_command,
    LiftStop,
    Put,
    RosterRemove,
)
from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    fresh,
    IntentRecord,
    PersistRequest,
    Provision,
    SnapshotRecord,
    StopRecord,
)
from swarm_coordination.robot.outputs import CommittedEntry, NOTHING, RobotEvent
from swarm_coordination.units import NS_PER_S

NODES = tuple(SimpleNamespace(number=n, name=f'r{n}', storage_id=100 + n) for n in range(3))
EMPTY = fresh(Provision('r', 100, 1, (), bytes(32)))
STATE = b'state'
ISSUER = 7


def followed() -> RaftRules:
    """Return the rules of three robots that have just started with empty disks."""
    rules = RaftRules(NODES, (100, 101, 102))
    for node in NODES:
        rules.started(node, EMPTY, 0)
    return rules


def written(*records):
    """Return an output that asks for these records to be made durable."""
    return NOTHING._replace(persist=(PersistRequest(1, records),))


def after(rules, robot, output, commit, role=Role.FOLLOWER):
    """Tell the rules of an event of a robot in term 1."""
    core = SimpleNamespace(standing=Standing(1, role, commit))
    rules.after(NODES[robot], core, output, 0)


def replicated(*robots, entries=2, term=1) -> RaftRules:
    """Return rules that saw these robots write entries, durably; nothing is committed yet."""
    rules = followed()
    records = [EntryRecord(Entry(i, term, b'%d' % i)) for i in range(1, entries + 1)]
    for robot in robots:
        after(rules, robot, written(*records), 0)
        rules.durable(NODES[robot], PersistRequest(1, tuple(records)), 0)
    return rules


def test_a_snapshot_of_what_is_committed_in_the_same_event_is_no_fault():
    # A leader that wakes reads the acknowledgements that waited, commits, and ticks: one event.
    rules = replicated(0, 1)
    after(rules, 0, written(SnapshotRecord(2, 1, b'', STATE)), 2)


@pytest.mark.parametrize('commit', [0, 1])
def test_a_snapshot_ahead_of_the_commit_index_is_noticed(commit):
    rules = replicated(0, 1)
    with pytest.raises(InvariantBroken, match='snapshot at entry 2 of term 1, which was not comm'):
        after(rules, 0, written(SnapshotRecord(2, 1, b'', STATE)), commit)


def test_a_snapshot_of_what_no_majority_holds_is_noticed():
    rules = replicated(0)
    with pytest.raises(InvariantBroken, match='on the disks of 1 of 3 voters'):
        after(rules, 0, written(SnapshotRecord(2, 1, b'', STATE)), 2)


def test_an_installed_snapshot_takes_the_place_of_another_log_before_the_commit_is_looked_at():
    rules = replicated(0, 1)
    after(rules, 0, NOTHING, 2)
    after(rules, 2, written(EntryRecord(Entry(1, 0, b'cut')), EntryRecord(Entry(2, 0, b'cut'))), 0)
    output = written(SnapshotRecord(2, 1, b'', STATE))
    installed = RobotEvent(0, 'snapshot_installed', '', 2)

    with pytest.raises(InvariantBroken, match='committed another entry 2'):
        after(rules, 2, output, 2)
    after(rules, 2, output._replace(events=(installed,)), 2)


def test_a_snapshot_with_another_state_is_noticed():
    rules = replicated(0, 1)
    after(rules, 0, written(SnapshotRecord(2, 1, b'', STATE)), 2)
    with pytest.raises(InvariantBroken, match='r1 has another state in its snapshot'):
        after(rules, 1, written(SnapshotRecord(2, 1, b'', b'other')), 2)


def test_who_starts_from_a_snapshot_has_applied_it_before_its_first_event():
    # An operator may read there at the very instant of the start: seed 1286 of `general`.
    rules = replicated(0, 1)
    snapshot = SnapshotRecord(2, 1, b'', STATE)
    after(rules, 0, written(snapshot), 2)
    rules.durable(NODES[0], PersistRequest(2, (snapshot,)), 0)
    rules.started(NODES[0], EMPTY._replace(snapshot=snapshot), 0)
    assert rules.applied(0) == 2
    reads, held = ReadRules(rules), {'k': None}
    command = encode_command(Put('k', 'v')).decode()
    put = CommittedEntry(2, 1, 101, 1, 0, command, True, 'version 1')
    reads.after(NODES[1], None, NOTHING._replace(committed=(put,)), 0)
    core = SimpleNamespace(watches=SimpleNamespace(held=held.get))
    with pytest.raises(InvariantBroken, match='r0 holds None under k; the log up to entry 2'):
        reads.local(NODES[0], core, 'k')
    held['k'] = BoardValue('v', 1)
    reads.local(NODES[0], core, 'k')


def test_what_was_deleted_is_read_no_more():
    rules = replicated(0, 1)
    reads, held = ReadRules(rules), {'k': BoardValue('v', 1)}
    entries = tuple(
        CommittedEntry(index, 1, 101, index, 0, encode_command(command).decode(), True,
                       f'version {index}')
        for index, command in enumerate((Put('k', 'v'), Delete('k')), 1))
    reads.after(NODES[1], None, NOTHING._replace(committed=entries), 0)
    snapshot = SnapshotRecord(2, 1, b'', STATE)
    after(rules, 0, written(snapshot), 2)
    rules.durable(NODES[0], PersistRequest(2, (snapshot,)), 0)
    rules.started(NODES[0], EMPTY._replace(snapshot=snapshot), 0)
    core = SimpleNamespace(watches=SimpleNamespace(held=held.get))
    with pytest.raises(InvariantBroken, match='the log up to entry 2 says None'):
        reads.local(NODES[0], core, 'k')
    held.clear()
    reads.local(NODES[0], core, 'k')


def heard(stops, robot, counter, durable=True):
    """Tell of a stop that a robot has heard, and written where ``durable``."""
    request = PersistRequest(1, (StopRecord(ISSUER, counter, 1),))
    stops.after(NODES[robot], None, NOTHING._replace(persist=(request,)), 0)
    if durable:
        stops.durable(NODES[robot], request, 0)


def stopped(applied=0) -> StopRules:
    """Return the rules of stops for three robots that have just started, and applied so much."""
    stops = StopRules(SimpleNamespace(applied=lambda robot: applied))
    for node in NODES:
        stops.started(node, EMPTY, 0)
    return stops


def test_a_stop_is_in_force_once_it_is_on_a_disk():
    stops = stopped()
    heard(stops, 0, 1, durable=False)
    assert stops.in_force() == {}
    heard(stops, 0, 1)
    assert stops.in_force() == {ISSUER: 1}


@pytest.mark.parametrize('also, left', [
    (None, {}),
    ('disk', {ISSUER: 2}),
    ('memory', {ISSUER: 2}),
    ('the one before', {ISSUER: 1}),
])
def test_a_stop_whose_every_copy_is_lost_is_forgotten_and_no_other(also, left):
    stops = stopped()
    heard(stops, 0, 2)
    if also:
        heard(stops, 1, 1 if also == 'the one before' else 2, durable=also != 'memory')
    stops.crashed(NODES[0], 0)
    assert stops.in_force() == {ISSUER: 2}  # its disk still has it

    stops.wiped(NODES[0], 0)
    assert stops.in_force() == left


def test_what_only_memory_knew_is_lost_with_the_process():
    stops = stopped()
    heard(stops, 0, 2)
    heard(stops, 1, 2, durable=False)
    stops.crashed(NODES[1], 0)
    stops.wiped(NODES[0], 0)
    assert stops.in_force() == {}


def test_what_was_heard_and_never_durable_is_not_made_certain_by_a_lost_disk():
    stops = stopped()
    heard(stops, 0, 1)
    heard(stops, 1, 3, durable=False)
    stops.wiped(NODES[0], 0)
    assert stops.in_force() == {ISSUER: 1}


def asked(stops, robot, counter, obeys=True):
    """Tell of a stop that a robot was asked to raise, and raises."""
    own = NODES[robot].storage_id
    request = PersistRequest(1, (StopRecord(own, counter, 1),))
    stops.after(NODES[robot], None, NOTHING._replace(persist=(request,)), 0)
    stops.raised(NODES[robot], obeying(*([(own, counter)] if obeys else [])), counter)
    return request


def obeying(*counters):
    """Return a coordinator that obeys these stops."""
    text = encode_command(LiftStop(counters)).decode() if counters else ''
    return SimpleNamespace(lift_command=lambda: text)


def lifted(stops, robot, *counters, index=1):
    """Tell of a robot that applies a lifting of these counters, and obeys nothing any more."""
    command = encode_command(LiftStop(counters)).decode()
    entry = CommittedEntry(index, 1, 1, 1, 0, command, True, '')
    events = (RobotEvent(0, 'stop_lifted', '', counters[0][0]),)
    output = NOTHING._replace(committed=(entry,), events=events)
    stops.after(NODES[robot], obeying(), output, 0)


def test_a_stop_that_is_not_in_force_where_it_was_raised_is_noticed():
    with pytest.raises(InvariantBroken, match=r'has raised stop .5,. and does not obey it'):
        asked(stopped(), 0, 5, obeys=False)


def outlived() -> StopRules:
    """Return the rules where robot 0 had a stop lifted, lost its disk, and raised a lower one."""
    stops = stopped(applied=2)
    own = NODES[0].storage_id
    stops.durable(NODES[0], asked(stops, 0, 9), 0)
    request = PersistRequest(1, (StopRecord(own, 9, 1),))
    stops.after(NODES[1], None, NOTHING._replace(persist=(request,)), 0)
    stops.durable(NODES[1], request, 0)
    lifted(stops, 1, (own, 9))
    stops.crashed(NODES[0], 0)
    stops.wiped(NODES[0], 0)
    stops.started(NODES[0], EMPTY, 0)
    stops.durable(NODES[0], asked(stops, 0, 4), 0)
    return stops


def test_a_stop_that_another_life_s_lifting_ends_at_its_issuer_is_noticed():
    stops, own = outlived(), NODES[0].storage_id
    command = encode_command(LiftStop(((own, 9),))).decode()
    output = NOTHING._replace(
        committed=(CommittedEntry(1, 1, 1, 1, 0, command, True, ''),),
        events=(RobotEvent(0, 'stop_lifted', '', own),),
    )
    stops.after(NODES[0], obeying((own, 4)), output, 0)
    with pytest.raises(InvariantBroken, match='does not obey it; no lifting names it'):
        stops.after(NODES[0], obeying(), output, 0)


def test_a_stop_of_a_new_life_that_others_hold_as_lifted_is_noticed():
    stops = outlived()
    with pytest.raises(InvariantBroken, match=r'r1 does not obey stop .4,. of 100'):
        stops.check(NODES[1], obeying())


def test_a_stop_raised_anew_ends_under_its_new_counter():
    stops, own = outlived(), NODES[0].storage_id
    request = PersistRequest(2, (StopRecord(own, 10, 1),))
    stops.after(NODES[0], None, NOTHING._replace(persist=(request,)), 0)
    stops.durable(NODES[0], request, 0)
    assert stops.in_force() == {own: 10}
    stops.check(NODES[1], obeying((own, 10)))
    lifted(stops, 1, (own, 10), index=2)
    stops.check(NODES[1], obeying())


@pytest.mark.parametrize('after', ['crash', 'wipe'])
def test_a_stop_that_went_with_its_issuer_is_asked_for_no_more(after):
    stops = stopped()
    request = asked(stops, 0, 4)
    if after == 'wipe':
        stops.durable(NODES[0], request, 0)
    stops.crashed(NODES[0], 0)
    if after == 'wipe':
        stops.check(NODES[1], obeying((NODES[0].storage_id, 4)))
        stops.wiped(NODES[0], 0)
    stops.check(NODES[1], obeying())


PUT = Put('k', 'v')


def answering(*entries, removes=False) -> CommandRules:
    """Return rules that saw r1 apply serials of r0: (serial, whether it took effect, result)."""
    rules = CommandRules()
    commands = [RosterRemove(100) if removes else PUT] * 9
    records = tuple(IntentRecord(n, encode_command(c)) for n, c in enumerate(commands, 1))
    rules.durable(NODES[0], PersistRequest(1, records), 0)
    commit(rules, *entries, command=commands[0])
    return rules


def commit(rules, *entries, first=1, command=PUT):
    """Let r1 apply serials of r0 from the entry ``first`` on."""
    text = encode_command(command).decode()
    committed = tuple(
        CommittedEntry(index, 1, 100, serial, 0, text, applied, result)
        for index, (serial, applied, result) in enumerate(entries, first)
    )
    rules.after(NODES[1], None, NOTHING._replace(committed=committed), 0)


def tell(rules, kind, text, serial):
    """Let r0 tell what became of a serial of its own."""
    output = NOTHING._replace(events=(RobotEvent(0, kind, text, serial),))
    rules.after(NODES[0], None, output, 0)


DONE, REFUSED = (1, True, 'version 1'), (1, False, 'refused: k has version 2, not 1')


@pytest.mark.parametrize('did, kind, text', [
    (DONE, 'applied', 'version 1'), (DONE, 'applied', 'by a snapshot'),
    (REFUSED, 'refused', REFUSED[2]), (REFUSED, 'refused', 'by a snapshot'),
])
def test_an_answer_that_says_what_the_log_did_is_no_fault(did, kind, text):
    rules = answering(did)
    before = rules.checks['Answers hold']
    tell(rules, kind, text, 1)
    assert rules.checks['Answers hold'] == before + 1


@pytest.mark.parametrize('text', [
    REFUSED[2], 'by a snapshot', 'by a snapshot: outcome unknown',
    'the robot was taken off the roster',
])
def test_a_told_refusal_of_what_took_effect_is_noticed(text):
    with pytest.raises(InvariantBroken, match='says refused of serial 1; in the log it has an ef'):
        tell(answering(DONE), 'refused', text, 1)


@pytest.mark.parametrize('did, serial', [(REFUSED, 1), (DONE, 2)])
def test_what_is_told_applied_without_an_effect_is_noticed(did, serial):
    with pytest.raises(InvariantBroken, match='in the log it has no effect'):
        tell(answering(did), 'applied', 'by a snapshot', serial)


def test_what_takes_effect_after_it_was_told_refused_is_noticed():
    rules = answering(DONE)
    tell(rules, 'refused', 'the robot was taken off the roster', 2)
    with pytest.raises(InvariantBroken, match='took effect after it was refused for good'):
        commit(rules, (2, True, 'version 2'), first=2)


def test_who_was_taken_off_the_roster_may_leave_the_outcome_unknown():
    rules = answering((1, True, 'removed'), removes=True)
    tell(rules, 'refused', 'by a snapshot: taken off the roster, outcome unknown', 1)


@pytest.mark.parametrize('text', ['no slots: too far', 'leadership stays: nobody else can lead'])
def test_a_refusal_of_no_command_is_no_answer(text):
    tell(answering(DONE), 'refused', text, 1)


@pytest.mark.parametrize('said, broken', [
    ('applied', False), ('refused', True), ('version 1', False), ('result no longer kept', False),
])
def test_a_duplicate_is_answered_by_what_the_serial_did(said, broken):
    rules, duplicate = answering(DONE), (1, False, f'duplicate: {said}')
    if not broken:
        return commit(rules, duplicate, first=2)
    with pytest.raises(InvariantBroken, match='entry 2 says refused of serial 1, which has an'):
        commit(rules, duplicate, first=2)


class Living(SimpleNamespace):
    """A robot's process, which holds these alive."""

    def __init__(self, *alive):
        super().__init__(status=lambda now: SimpleNamespace(alive=alive))


def met(*alive) -> tuple[Ghosts, SimpleNamespace]:
    """Return the rule and a robot that holds these alive; r2 has died, both had just started."""
    clock = SimpleNamespace(local=lambda now: now)
    robots = [SimpleNamespace(name=name, storage_id=number, core=Living(*alive), paused=False,
                              clock=clock) for number, name in enumerate(('r1', 'r2'), 1)]
    ghosts = Ghosts(tuple(robots), MeshSettings())
    for robot in robots:
        ghosts.started(robot, EMPTY, 0)
    robots[1].core = None
    ghosts.crashed(robots[1], 1)
    return ghosts, robots[0]


LATE_NS = 1 + silent_ns(MeshSettings()) + SLACK_NS


def test_who_is_dead_may_be_held_alive_while_a_last_beacon_is_told_and_a_verdict_is_due():
    # 10 s that a row is relayed, 3 s of suspicion: 30 beacons at half the rate.
    assert silent_ns(MeshSettings()) == 13 * NS_PER_S
    ghosts, robot = met('r1', 'r2')
    ghosts.after(robot, robot.core, NOTHING, LATE_NS)
    assert ghosts.checks.total() == 0


def test_who_is_dead_for_longer_and_held_alive_is_noticed():
    ghosts, robot = met('r1', 'r2')
    with pytest.raises(InvariantBroken, match=r'^No ghost members: r1 holds r2 alive, which died'):
        ghosts.after(robot, robot.core, NOTHING, LATE_NS + 1)
    ghosts, robot = met('r1')
    ghosts.after(robot, robot.core, NOTHING, LATE_NS + 1)
    assert ghosts.checks.total() == 1


@pytest.mark.parametrize('broken', ['slept', 'started', 'sleeps'])
def test_only_who_ran_throughout_has_to_know_that_somebody_is_dead(broken):
    ghosts, robot = met('r1', 'r2')
    if broken == 'slept':
        ghosts.disturbed(robot, 2)
    elif broken == 'started':
        ghosts.started(robot, EMPTY, 2)
    else:
        robot.paused = True
    ghosts.after(robot, robot.core, NOTHING, LATE_NS + 1)
    assert ghosts.checks.total() == 0


def test_a_short_budget_gives_the_detector_more_time():
    slow = MeshSettings(byte_budget_per_s=2_000)
    assert silent_ns(slow) == 25 * NS_PER_S


def test_who_comes_to_life_long_after_its_death_is_noticed():
    ghosts, robot = met('r1')
    output = NOTHING._replace(events=(RobotEvent(0, 'returned', '', 2),))
    ghosts.after(robot, robot.core, output, 3 * NS_PER_S)
    with pytest.raises(InvariantBroken, match=r'r1 says returned of r2, which died 4.00 s ago'):
        ghosts.after(robot, robot.core, output, 4 * NS_PER_S)
