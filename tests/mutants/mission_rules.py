# SPDX-License-Identifier: Apache-2.0
"""Broken rules of sessions, accepted commands, what they apply to, and leases."""

from __future__ import annotations

from mutants.mutant import Put
from swarm_coordination.errors import CommandError
from swarm_coordination.mission import sessions as sessions_module
from swarm_coordination.mission.blackboard import Blackboard, BoardValue
from swarm_coordination.mission.intents import IntentQueue
from swarm_coordination.mission.log_time import LogClock
from swarm_coordination.mission.sessions import Clients, Session
from swarm_coordination.mission.state import MissionState
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.durability import Outbox, Release
from swarm_coordination.robot.leading import Leading
from swarm_coordination.robot.parting import Parting
from swarm_coordination.robot.submission import Submissions
from swarm_coordination.robot.tasks import TaskHolder
from swarm_coordination.units import NS_PER_MS


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


def forgets_versions_with_deletions(put: Put) -> None:
    """Begin a key anew at version 1 once its deletion is forgotten."""
    original = Blackboard.delete

    def delete(self, command, index):
        change = original(self, command, index)
        self._forgotten = 0
        return change

    put(Blackboard, 'delete', delete)


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


def acts_on_what_it_has_given_back(put: Put) -> None:
    """Let what was under way when a task was given back grant it again."""
    put(TaskHolder, '_give_back', lambda self, command: self._drop(command.task, 'given back'))


def clock_jump_ends_leases_of_others(put: Put) -> None:
    def tick(self, now):
        self._reading_ns += max(0, now - self._at)
        self._at = now

    put(LogClock, 'tick', tick)


def short_leaps_end_leases_of_others(put: Put) -> None:
    def tick(self, now):
        self._reading_ns += min(max(0, now - self._at), 300 * NS_PER_MS)
        self._at = now

    put(LogClock, 'tick', tick)


def refuses_what_a_snapshot_settles(put: Put) -> None:
    original = Submissions.restored

    def restored(self):
        return [told._replace(kind='refused') for told in original(self)]

    put(Submissions, 'restored', restored)


def keeps_commands_of_the_removed(put: Put) -> None:
    put(Submissions, '_void', lambda self, text: [])


def flies_on_where_others_lost_it(put: Put) -> None:
    put(Parting, '__call__', lambda self, position, neighbors, evidence_ns, now: False)
