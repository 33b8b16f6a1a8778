# SPDX-License-Identifier: Apache-2.0
"""
Everything of a robot but its controller: mesh, election, log and mission, without I/O.

Theory of operation. Every call brings ``now``. ``receive`` merges a frame and feeds what is new
to Raft; ``tick`` lets time pass in every room, then composes frames. After either, ``_settle``
moves what came out of Raft: records to the outbox, committed entries into the mission state,
levels into the own row, entries that others lack into the mesh. ``poll`` hands over what has
gathered. Nothing here waits: what depends on the disk is released by ``persisted``.
"""

from __future__ import annotations

import random

from swarm_coordination.consensus.messages import Role, Standing
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.errors import FrameError
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.mesh.events import MeshEvent
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import Fragment, Identity, StopFlag
from swarm_coordination.mesh.stops import SKIPPED_MAX
from swarm_coordination.mission.commands import (
    Command,
    encode_command,
    LiftStop,
    RosterRemove,
    STOPS_MAX,
    TransferLeadership,
)
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import (
    Entry,
    EntryKind,
    ForfeitRecord,
    IncarnationRecord,
    Recovered,
    StopRecord,
)
from swarm_coordination.robot.durability import Outbox
from swarm_coordination.robot.joints import Joints
from swarm_coordination.robot.keeping import Kept
from swarm_coordination.robot.outputs import (
    CommittedEntry,
    NOTHING,
    RobotEvent,
    RobotOutput,
    RobotStatus,
)
from swarm_coordination.robot.own_pose import OwnPose
from swarm_coordination.robot.parting import Parting
from swarm_coordination.robot.planning import Planning
from swarm_coordination.robot.publishing import Publishing
from swarm_coordination.robot.refusals import Refusals
from swarm_coordination.robot.replication import Replication
from swarm_coordination.robot.reporting import Reporting
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.snapshots import Snapshots, start_from
from swarm_coordination.robot.submission import Submissions
from swarm_coordination.robot.surroundings import Surroundings
from swarm_coordination.robot.voters import Voters
from swarm_coordination.robot.watches import Watches
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import FormationTarget, NeighborTable, Pose


class Coordinator:
    """
    One robot's part in the swarm, up to its formation target.

    Parameters
    ----------
    recovered : what storage gave back.
    settings : of all rooms.
    codec : of frames, under the swarm's key.
    rng : source of every random choice; two robots never share one.
    now : ns of the caller's monotone clock, as everywhere here.

    """

    def __init__(
        self,
        recovered: Recovered,
        settings: RobotSettings,
        codec: FrameCodec,
        rng: random.Random,
        now: int,
    ) -> None:
        start = start_from(recovered)
        recovered, provision = start.recovered, recovered.provision
        self.storage_id = provision.storage_id
        self.name = provision.name
        self._settings = settings
        self._codec = codec
        self._voter_names = {voter.storage_id: voter.name for voter in provision.voters}
        self._incarnation = recovered.incarnation + 1
        for_mesh, for_raft, skips = (random.Random(rng.getrandbits(64)) for _ in range(3))
        self._mesh = Mesh(
            Identity(self.name, self.storage_id, self._incarnation),
            settings.mesh,
            provision.cluster_id,
            settings.config_hash,
            codec,
            for_mesh,
            now,
            stops=recovered.stops,
            stops_skipped=0 if recovered.may_vote else 1 + skips.randrange(SKIPPED_MAX),
        )
        self._mesh.set_roster(voter.storage_id for voter in provision.voters)
        self._state = MissionState()
        self._raft = Raft(
            self.storage_id,
            start.configuration,
            settings.consensus,
            for_raft,
            now,
            hard_state=recovered.hard_state,
            snapshot=recovered.snapshot,
            entries=recovered.entries,
            may_vote=recovered.may_vote,
        )
        self._replication = Replication(self._raft, self._mesh, self._state)
        kept, parting = Kept(settings.control), Parting(self.storage_id, self._raft, settings)
        self._executor = MissionExecutor(self.storage_id, settings.mission, kept, parting)
        self._planning = Planning(
            self.storage_id, self._state, self._mesh, self._executor, settings
        )
        self._voters = Voters(
            self._raft, self._mesh, self._state, self._replication, settings.membership,
            self._name_of, self._event, now,
        )
        self._outbox = Outbox()
        self._submissions = Submissions(
            recovered, self._raft, self._state, self._outbox, settings.mesh, now
        )
        self.tasks = self._submissions.tasks
        self._publishing = Publishing(
            self._mesh, self._state, self._executor, self._submissions, self._replication
        )
        self.watches = Watches(self._state)
        self._snapshots = Snapshots(
            self._raft, self._mesh, self._state, self._submissions, self.watches, self._event
        )
        self._frames: list[bytes] = []
        self._committed: list[CommittedEntry] = []
        self._events: list[RobotEvent] = []
        self._refusals = Refusals(self._event)
        self._reporting = Reporting(
            self._mesh, self._raft, self._state, self._executor, self._submissions,
            self._refusals, self._name_of,
        )
        self._speaks = False  # not before the incarnation is on disk
        self._pose = OwnPose(settings.control, settings.mesh.beacon_period_s)
        self._step_ns = seconds_to_ns(settings.mesh.beacon_period_s)
        self._next_step = now
        listening_until = now + seconds_to_ns(settings.mesh.link_timeout_s)
        self._surroundings = Surroundings(self._mesh, self.storage_id, listening_until)
        self._joints = Joints(self.storage_id, self.name)
        self._outbox.add(IncarnationRecord(self._incarnation), incarnation=self._incarnation)
        self._snapshots.begin(start, now)
        if start.forfeits:
            self._outbox.add(ForfeitRecord(recovered.reason))
        if not recovered.may_vote:
            self._event(now, 'held_back', f'takes part without a vote: {recovered.reason}')

    # ---------------------------------------------------------------- what goes in

    def receive(self, data: bytes, now: int) -> bool:
        """Take a frame from the air, whatever it is; return whether something may come of it."""
        try:
            frame = self._codec.decode(data)
        except FrameError as error:
            self._refusals.note(error, now)
            return True
        merged = self._mesh.merge(frame, len(data), now)
        if merged.rejected:
            self._refusals.dropped(merged.rejected, now)
        for stop in merged.stops:
            self._on_stop(stop, now)
        moved = False
        for owner, fragment, proved in merged.news:
            if fragment.consensus is not None or fragment.intents is not None:
                moved = self._on_news(owner, fragment, proved, now) or moved
        if merged.items:
            moved = self._replication.on_items(now) or moved
        if merged.want is not None:
            self._replication.serve(merged.want, now)
        if self._snapshots.install_arrived(now) or moved:
            self._settle(now)
            return True
        return self._mesh.is_urged or self._has_output()

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> None:
        """Take the own pose and velocity in ``map`` (m, m/s, rad) from localisation."""
        self._pose.observe(pose, velocity, now)

    def propose(self, command: str, now: int, request: str = '') -> int:
        """
        Accept an operator's command (JSON); return its serial in this robot's session.

        It is accepted once the event ``accepted`` with that serial has come, and applied once
        a committed entry with this session and serial has. What was asked under the name
        ``request`` before keeps its serial. Raises CommandError for a command
        that is malformed, a mission that the robots alive may not fly, slots for robots that
        nobody knows or the lifting of a stop that was not heard of here, with the reason, and
        ProposalRefused where the queue is full.
        """
        limits, members = self._settings.formation_limits, self._raft.membership.members
        return self._submissions.propose(command, limits, self._mesh, members, now, request)

    def read(self, now: int) -> int:
        """
        Ask for a linearizable read of the mission state; return its serial.

        Once the event ``read`` with that serial has come, the state here holds everything that
        was committed before this call. What is read without it is local: as old as this robot's
        log. Raises ProposalRefused while too many wait.
        """
        return self._raft.read(now)

    def battery(self, charge: float) -> None:
        """Take the own battery's charge, 0 to 1: a leader short of it hands leadership over."""
        self._voters.battery(charge)

    def stop(self, level: int, now: int) -> int:
        """Raise a safety stop, level 1 to 3; return its counter. ProposalRefused: none is left."""
        flag = self._mesh.raise_stop(level)
        self._on_stop(flag, now)
        return flag.counter

    @property
    def table(self) -> NeighborTable:
        """Return the table of neighbours for the controller, of the newest step."""
        return self._surroundings.handed

    @property
    def target(self) -> FormationTarget:
        """Return the formation target for the controller, as ``table``."""
        return self._surroundings.target

    @property
    def session(self) -> Submissions:
        """Return the own session, to ask what became of its serials."""
        return self._submissions

    def lift_command(self) -> str:
        """
        Return the command (JSON) that lifts exactly the stops in force here; '' for none.

        One command names at most 15 issuers: where more have raised stops, lift again.
        """
        active = self._mesh.active_stops()[:STOPS_MAX]
        if not active:
            return ''
        counters = tuple((flag.issuer, flag.counter) for flag in active)
        return encode_command(LiftStop(counters)).decode()

    def persisted(self, token: int, now: int) -> None:
        """Release what waited for the request ``token`` and those before it."""
        release = self._outbox.persisted(token)
        if release.mark:
            self._raft.persisted(release.mark, now)
            self._snapshots.persisted()
        if release.incarnation:
            self._speaks = True
            if release.incarnation > self._mesh.identity.incarnation:
                self._mesh.raise_incarnation(release.incarnation)
        if release.serial:
            for told in self._submissions.persisted(release.serial):
                self._event(now, *told)
        self._settle(now)

    def tick(self, now: int) -> None:
        """Let time pass: verdicts, elections, the mission, then frames that are due."""
        for stop in self._mesh.take_anew():  # before a new incarnation in what goes to the disk
            self._on_stop(stop, now)
        for event in self._mesh.tick(now):
            self._on_mesh_event(event, now)
        self._replication.tick(now)
        self._snapshots.tick(now)
        self._voters.watch_quorum(now)
        for told in self._submissions.tick(now):
            self._event(now, *told)
        for text in self.tasks.take_told():
            self._event(now, 'task', text, self._state.index)
        stepped = now >= self._next_step
        if stepped:
            self._step_mission(now)
            self._voters.step(now)
            missed = (now - self._next_step) // self._step_ns
            self._next_step += (missed + 1) * self._step_ns
        if self._is_unsettled:
            self._settle(now)
        self._publishing.mission(stepped=stepped)
        self._pose.follow(self._state.epoch, now)
        if self._mesh.beacon_due(now):
            self._pose.state(self._mesh, now)
        while self._speaks and (frame := self._mesh.compose(now)) is not None:
            self._frames.append(self._codec.encode(frame))

    # ---------------------------------------------------------------- what comes out

    def poll(self) -> RobotOutput:
        """Hand over everything gathered since the last call (``command`` is the controller's)."""
        if not self._has_output():
            return NOTHING
        persist, watched = self._outbox.take(), self.watches.take()
        frames, self._frames = tuple(self._frames), []
        committed, self._committed = tuple(self._committed), []
        events, self._events = tuple(self._events), []
        return RobotOutput(frames, persist, committed, events, None, watched)

    def _has_output(self) -> bool:
        told = self._frames or self._events or self._committed
        return bool(told) or self._outbox.waits or self.watches.told

    def next_deadline(self, now: int) -> int:
        """Time by which ``tick`` wants to be called."""
        due = min(self._next_step, self._replication.next_deadline())
        return min(due, self._mesh.next_deadline(now)) if self._speaks else due

    def status(self, now: int) -> RobotStatus:
        """Everything people and tests want to know, at this instant."""
        return self._reporting.status(self._surroundings.aim, self._joints.names, now)

    @property
    def term(self) -> int:
        """Return the term of the own Raft member, on disk or not yet."""
        return self._raft.term

    @property
    def role(self) -> Role:
        """Return what the own Raft member is in its term."""
        return self._raft.role

    @property
    def standing(self) -> Standing:
        """Return term, role and commit at once: the same object where nothing came to Raft."""
        return self._raft.standing

    @property
    def leader(self) -> int:
        """Storage id of the leader of the term; 0 while unknown."""
        return self._raft.leader

    @property
    def commit(self) -> int:
        """Return the greatest index known to be committed."""
        return self._raft.commit

    # ---------------------------------------------------------------- from the mesh

    def _on_news(self, owner: Identity, fragment: Fragment, proved: bool, now: int) -> bool:
        """Take what a row says anew; return whether something may have come of it."""
        moved = False
        if fragment.consensus is not None:
            moved = self._replication.on_section(
                owner, fragment.consensus, now, proved=proved
            )
        if fragment.intents is not None:
            leading = self._replication.leading
            if leading is not None:
                leading.propose_intents(owner.storage_id, fragment.intents.intents, now)
                moved = True
        return moved

    def _on_stop(self, flag: StopFlag, now: int) -> None:
        self._outbox.add(StopRecord(*flag))
        self._next_step = min(self._next_step, now)  # obeyed at the very next tick
        issuer = self._name_of(flag.issuer) or flag.issuer
        self._event(now, 'stop', f'safety stop {flag.counter} of {issuer}', flag.issuer)

    def _on_mesh_event(self, event: MeshEvent, now: int) -> None:
        if event.kind == 'accused':
            if event.incarnation >= self._incarnation:
                self._incarnation = event.incarnation + 1
                record = IncarnationRecord(self._incarnation)
                self._outbox.add(record, incarnation=self._incarnation)
            return
        if event.kind == 'duplicate_storage':
            self._forfeit('a copy of its disk was in use', now)
        text = f'{event.name or event.storage_id} {event.kind}'
        self._event(now, event.kind, f'{text}: {event.text}' if event.text else text,
                    event.storage_id)

    def _forfeit(self, reason: str, now: int) -> None:
        """Give up vote and serials for good: what a twin has promised is on another disk."""
        self._raft.forfeit_vote(now)
        self._submissions.forfeit()
        self._outbox.add(ForfeitRecord(reason))

    # ---------------------------------------------------------------- log and mission

    @property
    def _is_unsettled(self) -> bool:
        """Whether there may be something to move: at most ticks there is not."""
        waits = len(self._submissions) > 0 and self._replication.is_leading
        return waits or self._raft.stirred or self._publishing.is_behind

    def _settle(self, now: int) -> None:
        """Move what came out of Raft to where it belongs."""
        self._lead(now)
        ready = self._replication.collect(now)
        if ready.soft_state is not None:
            self._tell_role(now)
        if ready.records:
            self._outbox.add(*ready.records, mark=ready.mark)
        for entry in ready.committed:
            self._apply(entry, now)
            self._snapshots.applied(entry)
        self._snapshots.take_due(now)
        for serial in ready.reads:
            self._event(now, 'read', f'read {serial} sees log index {self._state.index}', serial)
        if ready.soft_state is not None and self._replication.leading is not None:
            self._settle(now)  # has just won: what waits here need not wait for the next tick
            return
        self._replication.publish()
        self._publishing.intents()

    def _tell_role(self, now: int) -> None:
        raft = self._raft
        name = self._name_of(raft.leader) or 'nobody'
        text = f'{raft.role.name.lower()} in term {raft.term}, leader {name}'
        self._event(now, 'leader' if raft.leader else 'role', text, raft.term)

    def _lead(self, now: int) -> None:
        """As leader: append the intents that wait here."""
        leading = self._replication.leading
        if leading is not None:
            own = leading.next_serial(self.storage_id) - 1
            leading.propose_intents(self.storage_id, self._submissions.durable_after(own), now)

    def _plan(self, now: int) -> None:
        """As leader: append intents that were refused before, and what the planner wants."""
        leading = self._replication.leading
        if leading is None:
            return
        for owner, intents in self._mesh.intents():
            leading.propose_intents(owner, intents.intents, now)
        position = self._pose.position(now)
        problem = self._planning.step(leading, position, self._surroundings.neighbors, now)
        if problem:
            self._event(now, 'refused', f'no slots: {problem}', self._state.epoch)

    def _apply(self, entry: Entry, now: int) -> None:
        command = entry.payload if entry.kind is EntryKind.COMMAND else b''
        applied = self._state.apply(entry.index, entry.term, command)
        self._voters.applied(entry, now)
        self._committed.append(CommittedEntry.of(applied))
        if applied.outcome is not None:
            for event in applied.outcome.events:
                self._event(now, *event)
            self.watches.changed(applied.outcome.changes)
            self._carry_out(applied.outcome.command, entry.term, now)
        for told in self._submissions.applied(applied):
            self._event(now, *told)
        self.tasks.settled()

    def _carry_out(self, command: Command, term: int, now: int) -> None:
        """Carry out what a command decides beyond the mission: stops, roster, who leads."""
        if isinstance(command, LiftStop):
            if not self._raft.is_void:  # joining lifts what the state then says
                self._mesh.lift(command.counters)
        elif isinstance(command, RosterRemove) and command.robot != self.storage_id:
            self._mesh.forget(command.robot, now)
        elif isinstance(command, TransferLeadership):
            self._voters.ask_for(command.robot, term)

    def _step_mission(self, now: int) -> None:
        """Refresh the table of neighbours and the target, once per beacon period."""
        self._surroundings.step(self._state.epoch, now)
        before, seeks = self._executor.lapsed, self._executor.seeks
        sought = seeks.text if seeks is not None else ''
        aim = self._executor.step(
            self._state, self._pose.position(now), self._surroundings.neighbors,
            self._raft.leader_evidence_ns, bool(self._mesh.active_stops()), now,
        )
        mission = self._state.mission
        keeping = mission is not None and mission.command.on_loss == 'keep_slots'
        self._surroundings.assigned(aim, self._executor.slots(self._state), keeping)
        if self._executor.lapsed is not before:
            kind = 'lease_renewed' if before else 'lease_expired'
            self._event(now, kind, f'mode {self._executor.mode.name.lower()}', self._state.index)
        if self._executor.seeks is not None and self._executor.seeks.text != sought:
            self._event(now, 'seek', f'hears nobody: to {self._executor.seeks.text}')
        self._plan(now)
        if mission is not None and self._joints.due(now):
            told = self._joints.look(self._surroundings.table, now)
            if told:
                self._event(now, 'articulation', told, len(self._joints.names))

    def _name_of(self, storage_id: int) -> str:
        name = self._mesh.name_of(storage_id) or self._voter_names.get(storage_id, '')
        return name or (str(storage_id) if storage_id else '')

    def _event(self, now: int, kind: str, text: str, value: int = 0) -> None:
        self._events.append(RobotEvent(now, kind, text, value))
