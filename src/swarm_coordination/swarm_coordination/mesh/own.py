# SPDX-License-Identifier: Apache-2.0
"""The own row: sections with versions, and how often each still has to be repeated."""

from __future__ import annotations

import enum

from swarm_coordination.mesh.rows import (
    Beat,
    ConsensusSection,
    Fragment,
    Identity,
    IntentSection,
    MissionSection,
)
from swarm_coordination.mesh.table import Section

# A change is sent this often before the refresh takes over: at 20 % loss a neighbour misses
# all three once in 125 times, and then waits for the refresh.
REPEATS = 3
# Roles as consensus.messages.Role has them.
FOLLOWER, LEADER, LEARNER = 0, 3, 4


class Urgency(enum.IntEnum):
    """How long a change of a consensus section may wait."""

    NONE = 0  # for the next beacon
    SOON = 1  # a leader's commit: at once where the budget is ample, else for what goes next
    NOW = 2


class OwnRow:
    """
    What this robot publishes of itself, without the beacon, which is made per frame.

    Versions are given out here: whatever version a section comes with is replaced.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.consensus: ConsensusSection | None = None
        self.mission: MissionSection | None = None
        self.intents: IntentSection | None = None
        self._left = [0, 0, 0, 0]  # by Section
        self._sent_ns = [0, 0, 0, 0]
        self._given: ConsensusSection | None = None  # what ``consensus`` was made from
        self._beat_left = False  # the heartbeat has moved on since it was sent
        self._urgency = Urgency.NONE  # of the consensus section since it was last sent

    def set_consensus(self, section: ConsensusSection) -> bool:
        """
        Publish; return whether something changed that others wait for.

        The version stays while only the heartbeat rises; a ``Beat`` then stands for the section.
        """
        if section is self._given:
            return False  # as nearly always
        held, self._given = self.consensus, section
        like = held is not None and section.is_like(held)
        if held is not None and like and section.heartbeat == held.heartbeat:
            return False
        self._beat_left = True
        if held is not None and like and section.heartbeat > held.heartbeat:
            self.consensus = held.beating(held.version, section.heartbeat)
            return False
        self.consensus = section._replace(version=1 if held is None else held.version + 1)
        self._left[Section.CONSENSUS] = REPEATS
        urgency = urgency_of(held, section)
        self._urgency = max(self._urgency, urgency)
        return urgency is not Urgency.NONE

    def set_mission(self, section: MissionSection) -> None:
        """Publish; goes with the next beacon."""
        held = self.mission
        if held is not None and section[1:] == held[1:]:
            return
        self.mission = MissionSection(1 if held is None else held.version + 1, *section[1:])
        same = held is not None and held[1:4] == section[1:4] and held.offer == section.offer
        self._left[Section.MISSION] = 1 if same else REPEATS

    def set_intents(self, section: IntentSection) -> bool:
        """Publish; return whether it changed, which is urgent."""
        held = self.intents
        if held is not None and section.intents == held.intents:
            return False
        self.intents = section._replace(version=1 if held is None else held.version + 1)
        self._left[Section.INTENTS] = REPEATS
        return True

    def repeat_all(self) -> None:
        """Send every section again soon: somebody new is listening, or the incarnation rose."""
        self._left = [0, 1, 1, 1]

    def repeat(self, section: Section) -> None:
        """Send one section again: somebody lacks it."""
        self._left[section] = max(1, self._left[section])

    def fragment(
        self, now: int, refresh_ns: int, *, urgent: bool, ample: bool = True
    ) -> Fragment:
        """
        Return the sections that should go out now.

        An urgent frame refreshes nothing. ``ample``: the budget allows for what only makes
        others learn sooner: a leader's commit, and repeats in urgent frames.
        """
        _, consensus_left, mission_left, intents_left = self._left
        if urgent:
            repeats = ample and consensus_left
            consensus = self.consensus if repeats or self._urgency is Urgency.NOW else None
            mission = None
            intents = self.intents if intents_left else None
        else:
            _, consensus_ns, mission_ns, intents_ns = self._sent_ns
            old = now - refresh_ns
            consensus = self.consensus if consensus_left or consensus_ns <= old else None
            mission = self.mission if mission_left or mission_ns <= old else None
            intents = self.intents if intents_left or intents_ns <= old else None
        beat = beat_of(self.consensus) if self._beat_left and consensus is None else None
        return Fragment(self.identity, 0, None, consensus, mission, intents, False, beat)

    def sent(self, fragment: Fragment, now: int) -> None:
        """Note which sections are in the frame that leaves now."""
        if fragment.beat is not None or fragment.consensus is not None:
            self._beat_left = False
        if fragment.consensus is not None:
            self._urgency = Urgency.NONE
        for section, value in enumerate(fragment[3:6], Section.CONSENSUS):
            if value is not None:
                self._left[section] = max(0, self._left[section] - 1)
                self._sent_ns[section] = now


def beat_of(section: ConsensusSection | None, version: int = 0) -> Beat | None:
    """Return the heartbeat that a section shows; ``version`` where a later one is known of."""
    if section is None:
        return None
    return Beat(max(version, section.version), section.term, section.heartbeat)


def consensus_changed(held: ConsensusSection | None, new: ConsensusSection) -> bool:
    """Whether anything but version and heartbeat differs."""
    return held is None or not new.is_like(held)


def urgency_of(held: ConsensusSection | None, new: ConsensusSection) -> Urgency:
    """
    Return how urgent what has changed is.

    Nobody waits for how far a follower's log and commit reach (the leader counts what it
    acknowledges), nor for what a leader holds on its disk, which only itself counts.
    """
    if held is None:
        return Urgency.NOW
    if new.role == LEADER:
        held = held._replace(match_term=new.match_term, match_index=new.match_index)
        if held.commit != new.commit and not consensus_changed(
            held._replace(commit=new.commit), new
        ):
            return Urgency.SOON
    else:
        held = held._replace(commit=new.commit)
        if new.role in (FOLLOWER, LEARNER):
            held = held._replace(last_index=new.last_index, last_term=new.last_term)
    return Urgency.NOW if consensus_changed(held, new) else Urgency.NONE
