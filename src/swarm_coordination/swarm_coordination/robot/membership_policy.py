# SPDX-License-Identifier: Apache-2.0
"""
Who should vote: what a leader proposes next, one voter at a time.

Theory of operation. The leader shows the policy what it sees of every robot, once per beacon
period; the policy answers with the next membership, or None. The first of these that applies:

1. Who was taken off the roster leaves the membership; a voter once a majority of those that stay
   lives: without it nothing would commit any more, so who is lost among them is evicted before.
2. A voter that has been silent for a while, or cannot vote any more, is demoted to learner: at
   most one in ``evict_interval_s``, and never below ``min_voters``.
3. A robot that belongs to nobody's list joins as a learner.
4. A learner that has caught up is promoted, towards an odd number of voters, of which one more
   may be lost than of the even number below it. Where a voter is lost and there are only
   ``min_voters``, to the even number: one more learner takes its place before it is evicted.
5. Two voters that are all there is stay, or become one, as ``last_two`` says.

What changes the voters is proposed once a majority of those that it leaves has followed since it
was due: who has just died, and is not suspected yet, must not be one of those on whom commits
depend from then on, since the log of their leader would bind the others too. Until then robots
may join as learners.

It proposes; whether that commits, and thereby whether a majority agrees, is Raft's affair. What
an eviction costs stands in docs/consensus.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from swarm_coordination.consensus.configuration import MEMBERS_MAX
from swarm_coordination.consensus.messages import Fitness
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.robot.membership_settings import MembershipSettings
from swarm_coordination.units import seconds_to_ns


class Seen(NamedTuple):
    """
    What the leader sees of one robot.

    ``match``: it holds the log up to there, on disk. ``followed_ns``: when the leader sent the
    newest heartbeat that it echoed.
    """

    alive: bool
    fitness: Fitness
    match: int
    followed_ns: int


class Picture(NamedTuple):
    """The swarm as its leader sees it; ``robots`` holds all members and all that are alive."""

    leader: int
    membership: Membership
    robots: Mapping[int, Seen]
    removed: Collection[int]  # taken off the roster
    commit: int


class Change(NamedTuple):
    """The next membership, and why; ``robot`` is whom it is about."""

    membership: Membership
    robot: int
    text: str


class MembershipPolicy:
    """The policy of one leader during one term; ``now`` is when it began."""

    def __init__(self, settings: MembershipSettings, now: int) -> None:
        self._settings = settings
        # As if somebody had been evicted just now: the leader before may have done so.
        self._evicted_ns = now
        # Since when each robot has been alive, or silent, as far as this leader has seen.
        self._since: dict[int, tuple[bool, int]] = {}
        self._due: tuple[tuple[int, ...], int] = ((), now)  # who ought to vote, and since when

    def change(self, picture: Picture, now: int) -> Change | None:
        """Return what to propose now; None where nothing is to be done."""
        self._observe(picture, now)
        rules: tuple[Callable[[Picture, int], Change | None], ...] = (
            self._removal,
            self._eviction,
            self._joining,
            self._promotion,
            self._last_two,
        )
        voters = picture.membership.voters
        changes = (found for rule in rules if (found := rule(picture, now)) is not None)
        first = next(changes, None)
        if first is None or first.membership.voters == voters:
            self._due = (voters, now)
            return first
        if first.membership.voters != self._due[0]:
            self._due = (first.membership.voters, now)
        if self._is_backed(first, picture):
            return first
        # Nobody has to back who is to be a learner, nor does it wait for what nobody backs.
        return next((other for other in changes if other.membership.voters == voters), None)

    def _is_backed(self, change: Change, picture: Picture) -> bool:
        """Whether a majority of the voters to come has followed since they were due."""
        followed = {robot: seen.followed_ns for robot, seen in picture.robots.items()}
        latest = change.membership.reached(followed)
        return latest is not None and latest >= self._due[1]

    def proposed(self, change: Change, picture: Picture, now: int) -> None:
        """Note that ``change`` went into the log."""
        if change.robot in picture.membership.voters:
            self._evicted_ns = now

    def refused(self, now: int) -> None:
        """Note that Raft takes no change now: whoever follows has to show it anew."""
        self._due = ((), now)

    def _observe(self, picture: Picture, now: int) -> None:
        known, robots = self._since, picture.robots
        if known.keys() == robots.keys():
            if all(known[robot][0] == seen.alive for robot, seen in robots.items()):
                return  # as nearly always
        self._since = {}
        for robot, seen in picture.robots.items():
            before = known.get(robot)
            unchanged = before is not None and before[0] == seen.alive
            self._since[robot] = before if unchanged and before else (seen.alive, now)

    def _lasted(self, robot: int, alive: bool, seconds: float, now: int) -> bool:
        """Whether ``robot`` has been alive, or silent, for so long."""
        state = self._since.get(robot)
        return state is not None and state[0] == alive and now - state[1] >= seconds_to_ns(seconds)

    # ---------------------------------------------------------------- the rules

    def _removal(self, picture: Picture, now: int) -> Change | None:
        membership = picture.membership
        for robot in (*membership.learners, *membership.voters):
            if robot in picture.removed and robot != picture.leader:
                without = membership.without(robot)
                if robot in membership.learners or _can_commit(without, picture):
                    return Change(without, robot, 'taken off the roster')
        return None

    def _lost(self, robot: int, picture: Picture, now: int) -> str:
        """Say why a voter has to be done without; empty where it has not."""
        seen = picture.robots[robot]
        if robot == picture.leader:
            return ''
        if not seen.alive:
            waited = self._lasted(robot, False, self._settings.evict_after_s, now)
            return f'silent for {self._settings.evict_after_s:g} s' if waited else ''
        return 'its disk cannot be trusted with a vote' if seen.fitness is Fitness.NO_VOTER else ''

    def _eviction(self, picture: Picture, now: int) -> Change | None:
        voters = picture.membership.voters
        interval = seconds_to_ns(self._settings.evict_interval_s)
        if len(voters) <= self._settings.min_voters or now - self._evicted_ns < interval:
            return None
        for robot in voters:
            if reason := self._lost(robot, picture, now):
                return Change(picture.membership.demoted(robot), robot, f'evicted: {reason}')
        return None

    def _joining(self, picture: Picture, now: int) -> Change | None:
        members = picture.membership.members
        strangers = [
            robot
            for robot, seen in sorted(picture.robots.items())
            if seen.alive and robot not in members and robot not in picture.removed
        ][: MEMBERS_MAX - len(members)]
        if not strangers:
            return None
        joined = picture.membership.with_learners(strangers)
        return Change(joined, strangers[0], f'{len(strangers)} joined as learners')

    def _promotable(self, picture: Picture, now: int) -> list[int]:
        """
        Learners that may become voters, those that hold most of the log first.

        Before them the one that is due already: others overtake it with every command, and each
        time it would have to be backed anew.
        """
        least = picture.commit - self._settings.caught_up_entries
        fit = [
            (robot not in self._due[0], -seen.match, robot)
            for robot in picture.membership.learners
            if (seen := picture.robots[robot]).match >= least
            and seen.match > 0
            and seen.fitness is not Fitness.NO_VOTER
            and self._lasted(robot, True, self._settings.promote_after_s, now)
        ]
        return [robot for _, _, robot in sorted(fit)]

    def _promotion(self, picture: Picture, now: int) -> Change | None:
        membership, settings = picture.membership, self._settings
        count = len(membership.voters)
        # A leader that was taken off the roster leaves as soon as another voter can lead.
        leaving = picture.leader in picture.removed
        if count > settings.min_voters and any(
            not picture.robots[robot].alive for robot in membership.voters
        ):
            return None  # it may be evicted soon: then there is one change less to make
        promotable = self._promotable(picture, now)
        even = (count - leaving) % 2 == 0
        missing = 1 if even or self._needs_substitute(picture, now) else 2
        if len(promotable) < missing or count + missing > settings.voters_max:
            return None
        robot = promotable[0]
        return Change(membership.promoted(robot), robot, 'promoted to voter')

    def _needs_substitute(self, picture: Picture, now: int) -> bool:
        """
        Whether a voter is lost that may be evicted only once there is one voter more.

        No more may be lost of the even number than before, as long as the substitute lives.
        """
        voters = picture.membership.voters
        return len(voters) == self._settings.min_voters and any(
            self._lost(robot, picture, now) for robot in voters
        )

    def _last_two(self, picture: Picture, now: int) -> Change | None:
        voters = picture.membership.voters
        if self._settings.last_two != 'sole_voter' or len(voters) != 2:
            return None
        stays = picture.leader in voters and picture.leader not in picture.removed
        if not stays or self._promotable(picture, now):
            return None
        (other,) = (robot for robot in voters if robot != picture.leader)
        # Nobody can tell its death from a cut, and a dead one cannot agree. Who has lived for
        # long enough to be promoted has been by now.
        if not self._lasted(other, True, self._settings.promote_after_s, now):
            return None
        return Change(picture.membership.demoted(other), other, 'the leader goes on alone')


def _can_commit(membership: Membership, picture: Picture) -> bool:
    """Whether a majority of these voters lives and has a disk to trust."""
    able = [
        robot
        for robot in membership.voters
        if (seen := picture.robots[robot]).alive and seen.fitness is not Fitness.NO_VOTER
    ]
    return len(able) > len(membership.voters) // 2


def successor(picture: Picture) -> int:
    """
    Return the voter that should lead next, the most up to date one that is fit; 0 for none.

    A leader that was taken off the roster has to go: where nobody is fit, to one that is short
    of battery.
    """
    may = {Fitness.FIT, Fitness.WEAK} if picture.leader in picture.removed else {Fitness.FIT}
    able = [
        (seen.fitness is Fitness.WEAK, -seen.match, robot)
        for robot in picture.membership.voters
        if (seen := picture.robots[robot]).alive
        and seen.fitness in may
        and robot != picture.leader
        and robot not in picture.removed
    ]
    return min(able)[2] if able else 0
