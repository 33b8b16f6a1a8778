# SPDX-License-Identifier: Apache-2.0
"""
Mutants: the coordination core with one rule broken each.

A mutant is a function that is handed ``put(owner, name, value)`` (monkeypatch's ``setattr``) and
replaces what keeps its rule. ``profile`` names the campaign that has to find it, and ``seed`` the
first seed of it that did.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
from typing import Any, NamedTuple

from swarm_coordination.consensus.configuration import configuration_payload
from swarm_coordination.consensus.following import Following
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.reading import Reading
from swarm_coordination.consensus.replicating import Replicating
from swarm_coordination.consensus.voting import Voting
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mesh import compose as compose_module
from swarm_coordination.mesh import mesh as mesh_module
from swarm_coordination.mesh import neighbors
from swarm_coordination.mesh.detector import FailureDetector
from swarm_coordination.mesh.stops import StopRegister
from swarm_coordination.mesh.table import Life
from swarm_coordination.mission import sessions as sessions_module
from swarm_coordination.mission.blackboard import Blackboard, BoardValue
from swarm_coordination.mission.intents import IntentQueue
from swarm_coordination.mission.log_time import LogClock
from swarm_coordination.mission.sessions import Clients, Session
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import Entry, EntryKind, HardState
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.durability import Outbox, Release
from swarm_coordination.robot.leading import Leading
from swarm_coordination.robot.membership_policy import Change, MembershipPolicy
from swarm_coordination.robot.submission import Submissions
from swarm_coordination.robot.tasks import TaskHolder
from swarm_coordination.robot.voters import Voters
from swarm_coordination.units import NS_PER_MS

Put = Callable[[Any, str, Any], None]


class Mutant(NamedTuple):
    """``breaks``: the rule, for people."""

    breaks: str
    apply: Callable[[Put], None]
    seed: int
    profile: str = 'general'


def votes_twice(put: Put) -> None:
    original = Voting.on_vote_request

    def on_vote_request(self, request, now):
        if request.term == self._state.term and not request.pre:
            self._state.vote = 0
        original(self, request, now)

    put(Voting, 'on_vote_request', on_vote_request)


def votes_for_shorter_logs(put: Put) -> None:
    put(Log, 'is_covered_by', lambda self, last_index, last_term: True)


def commits_earlier_terms_by_counting(put: Put) -> None:
    def advance(self, now):
        index = self._state.leadership.committable()
        if index > self._state.commit:
            self._state.commit_to(index, now)

    put(Replicating, 'advance_leader_commit', advance)


def acknowledges_before_the_disk(put: Put) -> None:
    def refresh(self):
        state = self._state
        state.acknowledged = max(state.acknowledged, (state.term, state.following.verified))

    put(Replicating, 'refresh_acknowledgement', refresh)


def forgets_its_vote_on_restart(put: Put) -> None:
    original = Raft.__init__

    def init(self, *arguments, hard_state=HardState(0, 0), **named):  # noqa: B008 (a value)
        original(self, *arguments, hard_state=HardState(hard_state.term, 0), **named)

    put(Raft, '__init__', init)


def shows_votes_before_the_disk(put: Put) -> None:
    original = Voting.on_vote_request

    def on_vote_request(self, request, now):
        original(self, request, now)
        state = self._state
        state.journal.durable_state = HardState(state.term, state.vote)

    put(Voting, 'on_vote_request', on_vote_request)


def resets_the_timer_on_relayed_duplicates(put: Put) -> None:
    """Take whatever is heard of a leader, from anybody and however old, for its heartbeat."""
    original = Coordinator.receive

    def receive(self, data, now):
        original(self, data, now)
        state = self._raft._state
        if state.leadership is None and state.following.leader:
            state.arm(now)

    put(Coordinator, 'receive', receive)


def orders_acknowledgements_by_index_alone(put: Put) -> None:
    def on_append_response(self, response, now):
        state = self._state
        if state.leadership is not None and response.match_index <= state.log.last_index:
            state.leadership.acknowledged(response.voter, response.match_index)
            self.advance_leader_commit(now)

    put(Replicating, 'on_append_response', on_append_response)


def spends_the_whole_budget_on_beacons(put: Put) -> None:
    put(compose_module, 'BEACONS_SHARE', 0)


def counts_learners(put: Put) -> None:
    def committable(self):
        held = sorted(self._match.values(), reverse=True)
        needed = len(self._membership.voters) // 2
        return held[needed] if len(held) > needed else 0

    put(Leadership, 'committable', committable)


def commits_on_half(put: Put) -> None:
    def reached(self, values, missing=0):
        descending = sorted((values.get(v, missing) for v in self.voters), reverse=True)
        return descending[(len(descending) - 1) // 2] if descending else None

    put(Membership, 'reached', reached)


def leads_on_without_a_quorum(put: Put) -> None:
    put(Leadership, 'has_quorum', lambda self, now: True)


def takes_entries_that_do_not_fit(put: Put) -> None:
    def take(self, append):
        entries = [e for e in append.entries
                   if self.verified < e.index <= self._log.last_index + 1]
        for entry in entries:
            self._log.truncate(entry.index)
            if entry.index == self._log.last_index + 1 and entry.term >= self._log.last_term:
                self._log.append(entry)
        self.agreed(min(append.prev_index + len(append.entries), self._log.last_index))
        return tuple(entries)

    put(Following, 'take', take)


def believes_the_leaders_commit_unverified(put: Put) -> None:
    put(Following, 'committed', property(
        lambda self: min(self._leader_commit, self._log.last_index)))


def hasty_policy(put: Put) -> None:
    """
    Break no rule: a leader that wants to demote somebody at every step; Raft has to refuse.

    Nobody is promoted again: else voters would come and go without end, an entry be on its way at
    every moment, and the log never come to rest.
    """
    def eviction(self, picture, now):
        voters = picture.membership.voters
        others = [robot for robot in voters if robot != picture.leader]
        if len(voters) <= self._settings.min_voters:
            return None
        return Change(picture.membership.demoted(others[0]), others[0], 'hasty')

    put(MembershipPolicy, '_eviction', eviction)
    put(MembershipPolicy, '_promotion', lambda self, picture, now: None)


def forgetful_leader(put: Put) -> None:
    """Break no rule: a leader that appends again whatever is shown; sessions have to refuse."""
    original = Leading.propose_intents

    def propose_intents(self, session, intents, now):
        if any(intent.serial < self._next.get(session, 1) for intent in intents):
            self._next.pop(session, None)
        applied, intents = self._state.sessions.of(session).last_serial, tuple(intents)
        for intent in intents:
            if intent.serial <= applied:
                self._append(session, intent.serial, intent.payload, now)
        return original(self, session, intents, now)

    put(Leading, 'propose_intents', propose_intents)


def hasty_winner(put: Put) -> None:
    """Break no rule: a leader that wants to demote somebody as it wins; Raft has to refuse."""
    original = Replicating.begin

    def begin(self, now):
        original(self, now)
        membership, member = self._state.membership, self._state.member
        others = [robot for robot in membership.voters if robot != member]
        if len(others) > 1:
            with contextlib.suppress(ProposalRefused):
                self.propose_membership(membership.demoted(others[0]), now)

    put(Replicating, 'begin', begin)


def changes_voters_before_the_no_op(put: Put) -> None:
    hasty_winner(put)

    def propose_membership(self, membership, now):
        _append_configuration(self, membership, now, pending=True)

    put(Replicating, 'propose_membership', propose_membership)


def evicts_without_a_quorum(put: Put) -> None:
    """Stack evictions that no majority has committed."""
    hasty_policy(put)

    def propose_membership(self, membership, now):
        _append_configuration(self, membership, now, pending=False)

    put(Replicating, 'propose_membership', propose_membership)


def _append_configuration(replicating, membership, now, *, pending):
    state = replicating._state
    if state.leadership is None:
        raise ProposalRefused('does not lead')
    if pending and state.configurations.current.index > state.commit:
        raise ProposalRefused('one is under way')
    entry = Entry(state.log.last_index + 1, state.term, configuration_payload(membership),
                  EntryKind.CONFIGURATION)
    replicating._append_own(entry, now)


def reuses_its_incarnation(put: Put) -> None:
    original = Coordinator.__init__

    def init(self, recovered, *arguments):
        past = max(0, recovered.incarnation - 1)
        original(self, recovered._replace(incarnation=past), *arguments)

    put(Coordinator, '__init__', init)


def believes_first_hearsay(put: Put) -> None:
    original = FailureDetector.advance

    def advance(self, row, heartbeat, now):
        original(self, row, heartbeat, now)
        if row.life in (Life.UNPROVEN, Life.SILENT):
            self._revive(row, 'joined' if row.silent_ns is None else 'returned', now)

    put(FailureDetector, 'advance', advance)


def lifts_stops_without_naming_counters(put: Put) -> None:
    original = StopRegister.lift

    def lift(self, counters):
        all_of = [(i, max(c, self._flags[i].counter if i in self._flags else 0))
                  for i, c in counters]
        original(self, all_of)

    put(StopRegister, 'lift', lift)


def counts_stops_from_the_start_after_a_lost_disk(put: Put) -> None:
    put(StopRegister, 'outlive', lambda self, incarnation: None)
    put(StopRegister, '_survive', lambda self, level: None)


def applies_duplicates(put: Put) -> None:
    forgetful_leader(put)
    original = Session.refusal

    def refusal(self, serial):
        text = original(self, serial)
        return '' if text.startswith('duplicate') else text

    put(Session, 'refusal', refusal)


def drops_the_sessions_from_the_snapshot(put: Put) -> None:
    original = MissionState._values

    def snapshot(self):
        from swarm_coordination.mission.snapshot import encode_state
        return encode_state(original(self)._replace(sessions=()))

    put(MissionState, 'snapshot', snapshot)


def drops_the_clients_from_the_snapshot(put: Put) -> None:
    original = MissionState._values

    def snapshot(self):
        from swarm_coordination.mission.snapshot import encode_state
        return encode_state(original(self)._replace(clients=()))

    put(MissionState, 'snapshot', snapshot)


def applies_duplicates_of_clients(put: Put) -> None:
    original = Clients.check

    def check(self, session, serial, log_time_ms):
        try:
            original(self, session, serial, log_time_ms)
        except CommandError as error:
            if not str(error).startswith('duplicate'):
                raise

    put(Clients, 'check', check)


def never_ends_sessions_of_clients(put: Put) -> None:
    put(sessions_module, '_expired', lambda client, log_time_ms: False)


def ends_sessions_of_clients_by_own_clocks(put: Put) -> None:
    """Count the time without use by the clock of whoever applies, from its own last use on."""
    apply, check, record = Coordinator._apply, Clients.check, Clients.record

    def timed(self, entry, now):
        self._state.clients.own_ms = now // NS_PER_MS
        apply(self, entry, now)

    def uses(self):
        return self.__dict__.setdefault('uses', {})

    def checked(self, session, serial, log_time_ms):
        client = self.get(session)
        if client is not None:
            unused_ms = self.own_ms - uses(self).setdefault(session, self.own_ms)
            log_time_ms = client.used_ms + unused_ms
        check(self, session, serial, log_time_ms)

    def recorded(self, session, effect, text, log_time_ms):
        uses(self)[session] = self.own_ms
        record(self, session, effect, text, log_time_ms)

    put(Coordinator, '_apply', timed)
    put(Clients, 'check', checked)
    put(Clients, 'record', recorded)


def writes_what_it_refuses(put: Put) -> None:
    """Refuse a compare-and-set that comes too late, and write all the same."""
    original = Blackboard.put

    def write(self, command):
        try:
            return original(self, command)
        except CommandError:
            self._live[command.key] = BoardValue(command.value, self.version(command.key) + 1)
            raise

    put(Blackboard, 'put', write)


def forgets_intents_on_restart(put: Put) -> None:
    original = IntentQueue.__init__

    def init(self, unsettled=(), last_serial=0):
        original(self, (), last_serial)

    put(IntentQueue, '__init__', init)


def accepts_before_the_disk(put: Put) -> None:
    original = Outbox.take

    def take(self):
        requests = original(self)
        if requests:
            token, release = self._waiting[-1]
            self.early = release.serial
            self._waiting[-1] = (token, release)
        return requests

    persisted = Outbox.persisted

    def early(self, token):
        released = persisted(self, token)
        waiting = max((release.serial for _, release in self._waiting), default=0)
        return Release(released.mark, released.incarnation, max(released.serial, waiting))

    put(Outbox, 'take', take)
    put(Outbox, 'persisted', early)


def reads_without_asking_a_quorum(put: Put) -> None:
    def confirm(self):
        state = self._state
        if state.leadership is None or self._term != state.term:
            return
        for key in list(self._pending):
            asker, serial = key[1], self._pending.pop(key)
            if asker == state.member:
                self._answered(serial, state.commit)

    put(Reading, '_confirm', confirm)


def clock_jump_renews_a_lease(put: Put) -> None:
    """Take a gap between ticks for time that did not pass: leases go on where they stood."""
    original = TaskHolder.tick

    def tick(self, now):
        gap = now - self._ticked_ns
        if gap > self._gap_max_ns:
            self._ticked_ns = now
            for name, grant in self._grants.items():
                self._grants[name] = grant._replace(
                    sent_ns=grant.sent_ns + gap, until_ns=grant.until_ns + gap)
        return original(self, now)

    put(TaskHolder, 'tick', tick)


def clock_jump_ends_leases_of_others(put: Put) -> None:
    def tick(self, now):
        self._reading_ns += max(0, now - self._at)
        self._at = now

    put(LogClock, 'tick', tick)


def forgets_no_transfer(put: Put) -> None:
    """Keep an operator's wish on every robot, whoever leads and in whatever term."""
    step, reason = Voters.step, Voters._reason_to_leave

    def ask_for(self, robot, term):
        if term == self._raft.term:
            self.kept, self._transfer_ns = robot, 0

    def stepped(self, now):
        kept = getattr(self, 'kept', 0)
        if kept and self._raft.role is Role.LEADER and kept != self._raft.member:
            self._asked, self.kept = (kept, self._raft.term), 0
        step(self, now)

    def reasoned(self, picture):
        kept = getattr(self, 'kept', 0)
        return '' if kept == self._raft.member else reason(self, picture)

    put(Voters, 'ask_for', ask_for)
    put(Voters, 'step', stepped)
    put(Voters, '_reason_to_leave', reasoned)


def keeps_commands_of_the_removed(put: Put) -> None:
    put(Submissions, '_void', lambda self, text: [])


def rewrites_its_log_as_leader(put: Put) -> None:
    """Put a command in the place of the last entry where that is not committed yet."""
    original = Replicating.propose

    def propose(self, payload, now):
        state = self._state
        last = state.log.last_index
        if state.leadership is None or last <= state.commit or not last:
            return original(self, payload, now)
        state.log.truncate(last)
        self._append_own(Entry(last, state.term, payload), now)
        return last

    put(Replicating, 'propose', propose)


def forgets_the_silent(put: Put) -> None:
    original = neighbors.neighbor_table

    def neighbor_table(rows, *arguments):
        return original([row for row in rows if row.life is not Life.SILENT], *arguments)

    put(mesh_module, 'neighbor_table', neighbor_table)


def believes_that_every_row_is_fresh(put: Put) -> None:
    put(neighbors, 'age_bound_ns', lambda made_after, now, drift_ppm: 0)


MUTANTS = {
    'votes_twice': Mutant('one vote per term', votes_twice, 0, 'two_candidates'),
    'votes_for_shorter_logs': Mutant(
        'a vote only for a log that covers the own', votes_for_shorter_logs, 0),
    'commits_earlier_terms_by_counting': Mutant(
        'commit by counting entries of the own term only (section 3.6.2, figure 3.7)',
        commits_earlier_terms_by_counting, 7, 'figure_3_7'),
    'acknowledges_before_the_disk': Mutant(
        'an acknowledgement waits for the disk', acknowledges_before_the_disk, 0),
    'shows_votes_before_the_disk': Mutant(
        'a vote waits for the disk', shows_votes_before_the_disk, 3),
    'forgets_its_vote_on_restart': Mutant(
        'a vote outlives a restart', forgets_its_vote_on_restart, 0),
    'resets_the_timer_on_relayed_duplicates': Mutant(
        'only a newer heartbeat of the leader puts an election off',
        resets_the_timer_on_relayed_duplicates, 0, 'dead_leader'),
    'orders_acknowledgements_by_index_alone': Mutant(
        'an acknowledgement counts in its own term only',
        orders_acknowledgements_by_index_alone, 1, 'divergence'),
    'spends_the_whole_budget_on_beacons': Mutant(
        'beacons leave most of a short budget to relays and digests',
        spends_the_whole_budget_on_beacons, 1, 'narrow'),
    'counts_learners': Mutant('learners do not count', counts_learners, 0, 'learners'),
    'commits_on_half': Mutant('a majority is more than half', commits_on_half, 0),
    'leads_on_without_a_quorum': Mutant(
        'a leader without a quorum steps down', leads_on_without_a_quorum, 0),
    'takes_entries_that_do_not_fit': Mutant(
        'entries are taken where the term before them agrees', takes_entries_that_do_not_fit, 0,
        'islands'),
    'believes_the_leaders_commit_unverified': Mutant(
        'committed is only what is verified', believes_the_leaders_commit_unverified, 0,
        'divergence'),
    'changes_voters_before_the_no_op': Mutant(
        "no change of voters before the term's no-op is committed",
        changes_voters_before_the_no_op, 0),
    'evicts_without_a_quorum': Mutant(
        'the next eviction waits until the last is committed', evicts_without_a_quorum, 3),
    'reuses_its_incarnation': Mutant(
        'every start has an incarnation of its own', reuses_its_incarnation, 0),
    'believes_first_hearsay': Mutant(
        'only a beacon of bounded age proves life', believes_first_hearsay, 4),
    'lifts_stops_without_naming_counters': Mutant(
        'a stop raised meanwhile survives a lifting', lifts_stops_without_naming_counters, 0,
        'lifting'),
    'counts_stops_from_the_start_after_a_lost_disk': Mutant(
        'a stop is raised anew where a forgotten life has raised higher ones',
        counts_stops_from_the_start_after_a_lost_disk, 0, 'forgotten_stops'),
    'applies_duplicates': Mutant('a serial takes effect once', applies_duplicates, 0),
    'drops_the_sessions_from_the_snapshot': Mutant(
        'a snapshot holds the session table', drops_the_sessions_from_the_snapshot, 0,
        'snapshots'),
    'drops_the_clients_from_the_snapshot': Mutant(
        'a snapshot holds the sessions of clients', drops_the_clients_from_the_snapshot, 0,
        'outsiders'),
    'applies_duplicates_of_clients': Mutant(
        'a serial of a client takes effect once', applies_duplicates_of_clients, 0, 'outsiders'),
    'never_ends_sessions_of_clients': Mutant(
        'a session that was not used for its time is over', never_ends_sessions_of_clients, 0,
        'outsiders'),
    'ends_sessions_of_clients_by_own_clocks': Mutant(
        'a session ends by log time, on all robots at the same entry',
        ends_sessions_of_clients_by_own_clocks, 0, 'outsiders'),
    'writes_what_it_refuses': Mutant(
        'what is refused changes nothing', writes_what_it_refuses, 0, 'outsiders'),
    'forgets_intents_on_restart': Mutant(
        'an accepted command outlives a restart', forgets_intents_on_restart, 0),
    'accepts_before_the_disk': Mutant(
        'a command is accepted once it is on disk', accepts_before_the_disk, 3),
    'reads_without_asking_a_quorum': Mutant(
        'a read waits for echoes of a majority', reads_without_asking_a_quorum, 0,
        'deposed_reader'),
    'clock_jump_renews_a_lease': Mutant(
        'what a clock shows after a gap renews no lease', clock_jump_renews_a_lease, 0,
        'leaping_clocks'),
    'clock_jump_ends_leases_of_others': Mutant(
        "log time does not follow a leap of the leader's clock",
        clock_jump_ends_leases_of_others, 1, 'leaping_clocks'),
    'forgets_the_silent': Mutant(
        'who has fallen silent stays an obstacle', forgets_the_silent, 2, 'flying'),
    'believes_that_every_row_is_fresh': Mutant(
        "a pose is as old as its row's echoes allow", believes_that_every_row_is_fresh, 17,
        'flying'),
    'forgets_no_transfer': Mutant(
        "an operator's wish is obeyed once, in its term, and void from then on",
        forgets_no_transfer, 1, 'operations'),
    'keeps_commands_of_the_removed': Mutant(
        'what a removed robot had accepted is refused there',
        keeps_commands_of_the_removed, 2, 'operations'),
    'rewrites_its_log_as_leader': Mutant(
        'a leader only appends', rewrites_its_log_as_leader, 0),
}
