# SPDX-License-Identifier: Apache-2.0
"""
A robot's care of who votes and who leads: the policy applied to what this robot sees.

Only a leader acts, and only while no change is under way. Leadership is handed over when an
operator asked for it, when the battery is low, and before the leader itself leaves the roster.
An operator's wish is for the leader of the term in which it was appended: that one obeys it once,
for everybody else, and in every later term, it is void.
Everybody tells the mesh who belongs to the swarm, and people who votes.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.consensus.configuration import Configuration, configuration_of
from swarm_coordination.consensus.messages import Fitness, Role
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import Entry, EntryKind
from swarm_coordination.robot.membership_policy import (
    MembershipPolicy,
    Picture,
    Seen,
    successor,
)
from swarm_coordination.robot.membership_settings import MembershipSettings
from swarm_coordination.robot.replication import Replication
from swarm_coordination.units import NS_PER_S

# Between two attempts to hand leadership over: one takes at most an election time-out, and a
# battery does not recover meanwhile.
TRANSFER_AGAIN_NS = 5 * NS_PER_S
# Who comes to a forced cluster gets its log or a snapshot of it, piece by piece, or neither: so
# long without a piece is told.
VOID_TOLD_NS = 10 * NS_PER_S
# Robots are switched on one after another; without a first leader for so long something is wrong.
NEVER_LED_TOLD_NS = 10 * NS_PER_S
_FITNESS = tuple(Fitness)  # by number


class Voters:
    """
    Who votes, as one robot sees it and, while it leads, decides.

    ``tell`` takes time, kind, text and value of an event.
    """

    def __init__(
        self,
        raft: Raft,
        mesh: Mesh,
        state: MissionState,
        replication: Replication,
        settings: MembershipSettings,
        name_of: Callable[[int], str],
        tell: Callable[[int, str, str, int], None],
        now: int,
    ) -> None:
        self._raft, self._mesh, self._state = raft, mesh, state
        self._replication, self._settings = replication, settings
        self._name_of, self._tell = name_of, tell
        self._policy: MembershipPolicy | None = None
        self._term = 0  # that the policy belongs to
        self._asked: tuple[int, int] | None = None  # whom an operator wants to lead; the term
        self._transfer_ns = 0  # not again before this
        self._stays = ''  # why it should not lead and does, as told
        self._shown: Configuration | None = None
        self._quorum: bool | None = None  # as told last
        self._began = now
        self._void_at: tuple[object, ...] | None = None  # how near the log is to be joined
        self._void_since = 0
        self._void_told = False

    def step(self, now: int) -> None:
        """Look around, once per beacon period: propose a membership, hand leadership over."""
        self._follow_configuration()
        self._watch_void(now)
        raft = self._raft
        if raft.role is not Role.LEADER:
            self._policy = self._asked = None
            return
        if self._policy is None or self._term != raft.term:
            self._policy = MembershipPolicy(self._settings, now)
            self._term, self._transfer_ns, self._stays = raft.term, now, ''
            if self._asked is not None and self._asked[1] != raft.term:
                self._asked = None
        picture = self._picture(now)
        self._hand_over(picture, now)
        change = self._policy.change(picture, now)
        if change is None:
            return
        try:
            raft.propose_membership(change.membership, now)
        except ProposalRefused:  # another change is under way, or leadership is: looked at again
            self._policy.refused(now)
            return
        self._policy.proposed(change, picture, now)
        self._tell(now, 'voters', f'{self._name_of(change.robot)} {change.text}', change.robot)

    def applied(self, entry: Entry, now: int) -> None:
        """Tell people of a committed configuration."""
        if entry.kind is not EntryKind.CONFIGURATION:
            return
        configuration = configuration_of(entry)
        if configuration is None:
            return
        self._follow_configuration()
        names = ', '.join(map(self._name_of, configuration.membership.voters))
        kind, text = 'voters', f'voters are {names}'
        if configuration.forced:
            kind = 'forced_new_cluster'
            text = f'an operator made {names} the only voter: what others had committed is void'
        self._tell(now, kind, text, entry.index)

    def ask_for(self, robot: int, term: int) -> None:
        """Take an operator's committed wish that ``robot`` lead, where it came in this term."""
        raft = self._raft
        if raft.role is not Role.LEADER or term != raft.term:
            return  # who led that term has heeded it, or it is void
        if robot != raft.member:
            self._asked, self._transfer_ns = (robot, term), 0

    def battery(self, charge: float) -> None:
        """Take the own charge, 0 to 1."""
        self._raft.weaken(charge < self._settings.battery_min)

    def watch_quorum(self, now: int) -> None:
        """Tell people when commits halt, or do not begin, and when they go on."""
        quorum = self._raft.quorum_active(now)
        if quorum is self._quorum:
            return
        if self._quorum is None and not quorum and now - self._began < NEVER_LED_TOLD_NS:
            return
        self._quorum = quorum
        kind, text = 'quorum', 'a leader has a quorum'
        if not quorum:
            names = ', '.join(map(self._name_of, self._raft.membership.voters))
            kind, text = 'no_quorum', f'no leader with a quorum of {names}: nothing is committed'
        self._tell(now, kind, text, self._raft.term)

    def _watch_void(self, now: int) -> None:
        """Tell people where this robot's log does not come to be joined to a forced cluster's."""
        if not self._raft.is_void:
            self._void_at, self._void_told = None, False
            return
        at = (self._raft.want, self._raft.log.last_index, self._mesh.snapshots.progress)
        if at != self._void_at:
            self._void_at, self._void_since = at, now
        if not self._void_told and now - self._void_since >= VOID_TOLD_NS:
            self._void_told = True
            text = 'its log is not joined to that of a forced new cluster, and gets no nearer: a '
            text += 'snapshot of that cluster makes it whole; where its robots are near and none '
            text += 'comes, provision it anew'
            self._tell(now, 'held_back', text, self._raft.term)

    def _follow_configuration(self) -> None:
        configuration = self._raft.configuration
        if configuration is not self._shown and configuration != self._shown:
            self._shown = configuration
            self._mesh.set_roster(self._raft.membership.members)

    def _picture(self, now: int) -> Picture:
        raft = self._raft
        alive, membership = set(self._mesh.alive()), raft.membership
        robots = {}
        for robot in sorted(alive.union(membership.members)):
            if robot == raft.member:
                fitness = raft.levels().fitness
            else:
                section = self._replication.section_of(robot)
                fitness = _FITNESS[section.fitness] if section is not None else Fitness.FIT
            followed_ns = now if robot == raft.member else raft.followed_at(robot)
            robots[robot] = Seen(robot in alive, fitness, raft.match_of(robot), followed_ns)
        return Picture(raft.member, membership, robots, self._state.removed, raft.commit)

    def _hand_over(self, picture: Picture, now: int) -> None:
        """Hand leadership over where there is a reason and somebody to take it."""
        reason = self._reason_to_leave(picture)
        if not reason or now < self._transfer_ns:
            return
        self._transfer_ns = now + TRANSFER_AGAIN_NS
        target = self._asked[0] if self._asked is not None else successor(picture)
        self._asked = None
        if not target:
            if self._stays != reason:
                self._stays = reason
                self._tell(now, 'refused', f'leadership stays, no other can lead: {reason}', 0)
            return
        try:
            self._raft.transfer(target, now)
        except ProposalRefused as error:
            self._tell(now, 'refused', f'leadership stays: {error}', target)
            return
        text = f'hands leadership to {self._name_of(target)}: {reason}'
        self._tell(now, 'transfer', text, target)

    def _reason_to_leave(self, picture: Picture) -> str:
        if self._asked is not None:
            return 'an operator asked for it'
        if self._raft.member in picture.removed:
            return 'it was taken off the roster'
        weak = picture.robots[self._raft.member].fitness is Fitness.WEAK
        return 'its battery is low' if weak else ''
