# SPDX-License-Identifier: Apache-2.0
"""The own row: sections with versions, and how often each still has to be repeated."""

from __future__ import annotations

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
LEADER = 3  # the role, as consensus.messages.Role has it


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
        self._beat_left = False  # the heartbeat has moved on since it was sent

    def set_consensus(self, section: ConsensusSection) -> bool:
        """
        Publish; return whether something changed that others wait for.

        The version stays while only the heartbeat rises; a ``Beat`` then stands for the section.
        """
        held = self.consensus
        if held is not None and section[1:] == held[1:]:
            return False
        self._beat_left = True
        if held is not None and not consensus_changed(held, section):
            if section.heartbeat > held.heartbeat:
                self.consensus = section._replace(version=held.version)
                return False
        self.consensus = section._replace(version=1 if held is None else held.version + 1)
        self._left[Section.CONSENSUS] = REPEATS
        return cannot_wait(held, section)

    def set_mission(self, section: MissionSection) -> None:
        """Publish; goes with the next beacon."""
        held = self.mission
        if held is not None and section[1:] == held[1:]:
            return
        self.mission = section._replace(version=1 if held is None else held.version + 1)
        self._left[Section.MISSION] = 1 if held and held[1:4] == section[1:4] else REPEATS

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

    def fragment(self, now: int, refresh_ns: int, *, urgent: bool) -> Fragment:
        """Return the sections that should go out now; an urgent frame refreshes nothing."""

        def due(section: Section) -> bool:
            if self._left[section]:
                return True
            return not urgent and now - self._sent_ns[section] >= refresh_ns

        consensus = self.consensus if due(Section.CONSENSUS) else None
        return Fragment(
            self.identity,
            0,
            None,
            consensus,
            self.mission if due(Section.MISSION) else None,
            self.intents if due(Section.INTENTS) else None,
            beat=beat_of(self.consensus) if self._beat_left and consensus is None else None,
        )

    def sent(self, fragment: Fragment, now: int) -> None:
        """Note which sections are in the frame that leaves now."""
        if fragment.beat is not None or fragment.consensus is not None:
            self._beat_left = False
        for section in (Section.CONSENSUS, Section.MISSION, Section.INTENTS):
            if fragment[2 + section] is not None:
                self._left[section] = max(0, self._left[section] - 1)
                self._sent_ns[section] = now


def beat_of(section: ConsensusSection | None, version: int = 0) -> Beat | None:
    """Return the heartbeat that a section shows; ``version`` where a later one is known of."""
    if section is None:
        return None
    return Beat(max(version, section.version), section.term, section.heartbeat)


def consensus_changed(held: ConsensusSection | None, new: ConsensusSection) -> bool:
    """Whether anything but version and heartbeat differs."""
    if held is None:
        return True
    return new._replace(version=held.version, heartbeat=held.heartbeat) != held


def cannot_wait(held: ConsensusSection | None, new: ConsensusSection) -> bool:
    """Whether somebody waits for what has changed: nobody does for a follower's commit."""
    if held is not None and new.role != LEADER:
        held = held._replace(commit=new.commit)
    return consensus_changed(held, new)
