# SPDX-License-Identifier: Apache-2.0
"""
What a robot shows must be on its disk: votes, candidacies, acknowledgements, incarnations.

Read from the frames themselves, as the others read them. A vote stands for good (one per term,
whatever restarts come between); an acknowledgement names what the leader of its term holds.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.consensus.messages import Role
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.rows import ConsensusSection, Identity
from swarm_coordination.persistence import HardState, IncarnationRecord, PersistRequest
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput

DURABLE = 'Promises are durable'


class Promises(Observer):
    """Compares every frame with the disk of its sender."""

    def __init__(self, nodes: tuple[Node, ...], codec: FrameCodec, rules: RaftRules) -> None:
        self.checks = tally(
            DURABLE, 'One vote per term', 'Acknowledged is verified', 'New life, new incarnation',
            'Monotone term and commit',
        )
        self._codec, self._rules = codec, rules
        self._states = [HardState(0, 0)] * len(nodes)
        self._incarnations = [0] * len(nodes)
        self._used: dict[tuple[int, int], int] = {}  # (storage id, incarnation): life
        self._votes: dict[tuple[int, int], int] = {}  # (voter, term): candidate
        self._shown: list[ConsensusSection | None] = [None] * len(nodes)
        self._lost: set[int] = set()  # disks that have forgotten

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Keep what the disk promises."""
        for record in request.records:
            if isinstance(record, HardState):
                self.checks['Monotone term and commit'] += 1
                if record.term < self._states[node.number].term:
                    raise InvariantBroken(
                        'Monotone term and commit',
                        f'{node.name} wrote term {record.term} after '
                        f'{self._states[node.number].term}',
                    )
                self._states[node.number] = record
            elif isinstance(record, IncarnationRecord):
                held = self._incarnations[node.number]
                self._incarnations[node.number] = max(held, record.incarnation)

    def wiped(self, node: Node, now: int) -> None:
        """Note that a disk has forgotten."""
        self._states[node.number] = HardState(0, 0)
        self._incarnations[node.number] = 0
        self._lost.add(node.number)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check the frames."""
        for data in output.frames:
            frame = self._codec.decode(data)
            self._check_incarnation(node, frame.header.sender)
            for fragment in frame.fragments:
                section = fragment.consensus
                if section is None or fragment.owner.storage_id != node.storage_id:
                    continue
                if section is not self._shown[node.number]:
                    self._shown[node.number] = section
                    self._check_section(node, section)

    def _check_incarnation(self, node: Node, sender: Identity) -> None:
        self.checks[DURABLE] += 1
        if sender.incarnation > self._incarnations[node.number]:
            raise InvariantBroken(
                DURABLE,
                f'{node.name} shows incarnation {sender.incarnation} before it is on disk',
            )
        life = self._used.setdefault((sender.storage_id, sender.incarnation), node.life)
        if node.life > 1:
            self.checks['New life, new incarnation'] += 1
        if life != node.life and node.number not in self._lost:
            raise InvariantBroken(
                'New life, new incarnation',
                f'{node.name} uses incarnation {sender.incarnation} of a life before',
            )

    def _check_section(self, node: Node, section: ConsensusSection) -> None:
        self.checks[DURABLE] += 1
        held = self._states[node.number]
        if section.term > held.term or (
            section.term == held.term and section.vote != held.vote
        ):
            raise InvariantBroken(
                DURABLE,
                f'{node.name} shows term {section.term}, vote {section.vote}; on its disk: '
                f'{held.term}, {held.vote}',
            )
        if section.vote:
            self.checks['One vote per term'] += 1
            given = self._votes.setdefault((node.storage_id, section.term), section.vote)
            if given != section.vote and node.number not in self._lost:
                raise InvariantBroken(
                    'One vote per term', f'{node.name} votes twice in term {section.term}'
                )
        if section.role == Role.CANDIDATE and held.vote != node.storage_id:
            raise InvariantBroken(
                DURABLE,
                f'{node.name} stands for term {section.term} without its own vote on disk',
            )
        self._check_acknowledgement(node, section)

    def _check_acknowledgement(self, node: Node, section: ConsensusSection) -> None:
        """Check an acknowledgement to the leader of the term that is on disk."""
        index = section.match_index
        if not index or section.match_term != self._states[node.number].term:
            return
        disk = self._rules.disks[node.number]
        if index > len(disk):
            raise InvariantBroken(
                DURABLE,
                f'{node.name} acknowledges entry {index}; on its disk: {len(disk)}',
            )
        leader = self._rules.leader_of(section.match_term)
        if leader is None:
            return
        self.checks['Acknowledged is verified'] += 1
        if self._rules.logs[leader].at(index) != disk.at(index):
            raise InvariantBroken(
                'Acknowledged is verified',
                f'{node.name} acknowledges entry {index} to the leader of term '
                f'{section.match_term}, which holds another log',
            )
