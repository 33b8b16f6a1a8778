# SPDX-License-Identifier: Apache-2.0
"""
A Crazyflie under Crazyswarm2, flown by full-state set-points (``cmd_full_state``).

A full state wants a position as well: the place of the commanded velocity, carried along with it.
It never runs ahead of the robot by more than ``LEAD_MAX_M``: a robot held by the wind is not
called back with a jump. Before the high-level commander may land, the firmware has to be told that
low-level set-points end (``notify_setpoints_stop``), in every backend alike.

A Crazyflie whose set-points end levels itself after half a second and cuts its motors after
two. So ``Flight`` keeps them up by a timer of its own: where commands or poses stop coming, it
first holds the place, then has the robot land; where nobody is there to land it, it comes down on
its set-points.
"""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

from swarm_coordination.units import NS_PER_MS, NS_PER_S, ns_to_seconds
from swarm_coordination.views import Pose, VelocityCommand

LEAD_MAX_M = 0.2
# A gap in the commands: the place begins anew at the robot.
GAP_NS = 200 * NS_PER_MS
LANDING_HEIGHT_M, LANDING_S, REMAIN_VALID_MS = 0.03, 3.0, 100
# As fast as Crazyswarm2's own landing comes down from a metre.
DESCENT_MPS = 0.3
# A robot is behind its set-point; one that still hangs there when they end falls.
SETTLE_NS = NS_PER_S
# A tenth of the time after which the firmware levels a robot without set-points.
PERIOD_NS = 50 * NS_PER_MS
# As long as a base keeps a command (control.command_timeout_s), then the place is held; a robot
# whose controller or localisation is away for longer comes down.
STAND_AFTER_NS, LAND_AFTER_NS = NS_PER_S // 2, 3 * NS_PER_S
# A request is repeated after 0.5, 1, 2, 4, 4, ... s. Its answer says that the server has it.
# A landing helps without the first one, too: the firmware notices the silence by itself.
AGAIN_NS, AGAIN_MAX_NS = NS_PER_S // 2, 4 * NS_PER_S
NOTIFY_TRIES, LAND_TRIES = 3, 10
# A server that starts anew is back by then; the robot is held as long.
SERVICES_WAIT_NS = 10 * NS_PER_S


class FullState(NamedTuple):
    """A FullState message: position (m), velocity (m/s), yaw (rad), yaw rate (rad/s), in map."""

    position: tuple[float, float, float]
    velocity: tuple[float, float, float]
    yaw: float
    yaw_rate: float


class Reference:
    """The place that goes with the commands; one for each flight."""

    def __init__(self) -> None:
        self._at: Pose | None = None
        self._ns = 0

    def step(self, command: VelocityCommand, pose: Pose, now: int) -> FullState:
        """Return the full state for a command at ``now`` (ns), the robot being at ``pose``."""
        if self._at is None or not 0 <= now - self._ns <= GAP_NS:
            self._at, self._ns = pose, now
        took_s = ns_to_seconds(now - self._ns)
        self._ns = now
        lead = [
            self._at.x + command.vx * took_s - pose.x,
            self._at.y + command.vy * took_s - pose.y,
            self._at.z + command.vz * took_s - pose.z,
        ]
        length = math.hypot(*lead)
        share = min(1.0, LEAD_MAX_M / length) if length > 0.0 else 1.0
        yaw = math.remainder(self._at.yaw + command.yaw_rate * took_s, math.tau)
        self._at = Pose(
            pose.x + share * lead[0], pose.y + share * lead[1], pose.z + share * lead[2], yaw
        )
        return FullState(
            self._at[:3], (command.vx, command.vy, command.vz), yaw, command.yaw_rate
        )

    def held(self) -> FullState | None:
        """Return the full state that stands at the newest place; None where there was none."""
        if self._at is None:
            return None
        return FullState(self._at[:3], (0.0, 0.0, 0.0), self._at.yaw, 0.0)

    def lowered(self, took_ns: int) -> FullState | None:
        """Return the full state ``took_ns`` further down, still at the bottom; as ``held``."""
        if self._at is None or self._at.z <= LANDING_HEIGHT_M:
            return self.held()
        z = max(LANDING_HEIGHT_M, self._at.z - DESCENT_MPS * ns_to_seconds(took_ns))
        self._at = self._at._replace(z=z)
        return FullState(self._at[:3], (0.0, 0.0, -DESCENT_MPS), self._at.yaw, 0.0)


class Phase(enum.Enum):
    """Where a flight by set-points stands."""

    WAITING = 'waits for fly'
    FLYING = 'flying'
    HOLDING = 'holds: no fresh command or pose'
    DESCENDING = 'comes down on set-points: no service to land by'
    NOTIFYING = 'ends set-points'
    LANDING = 'asks to land'
    LANDED = 'landed'
    FAILED = 'cannot land: nobody answers'


class Ask(enum.Enum):
    """What to ask Crazyswarm2 for, now."""

    NOTHING = enum.auto()
    NOTIFY_SETPOINTS_STOP = enum.auto()
    LAND = enum.auto()


class Step(NamedTuple):
    """What to send now."""

    setpoint: FullState | None
    ask: Ask


_ASKS = {Phase.NOTIFYING: Ask.NOTIFY_SETPOINTS_STOP, Phase.LANDING: Ask.LAND}
_SILENT = Step(None, Ask.NOTHING)


class Flight:
    """
    Decides what Crazyswarm2 is sent; call ``step`` at least every ``PERIOD_NS``.

    ::

        WAITING --fly, fresh command and pose--> FLYING <--fresh again--> HOLDING
        FLYING, HOLDING --fly withdrawn--> NOTIFYING      HOLDING --LAND_AFTER_NS--> NOTIFYING
        any --land--> NOTIFYING --answered, or asked often enough--> LANDING
        LANDING --answered--> LANDED      LANDING --asked LAND_TRIES times--> FAILED
        NOTIFYING --no service for SERVICES_WAIT_NS--> DESCENDING --down--> NOTIFYING
        DESCENDING, FAILED --services come--> NOTIFYING
        LANDED --fly withdrawn, no land--> WAITING <--fly withdrawn and given, no land-- FAILED

    Set-points pre-empt Crazyswarm2's own take-off: none go out before ``fly``, an operator's word.
    What has landed by itself does not fly on when commands return: ``fly`` has to be withdrawn and
    given again. The first request ends the set-points; until then the robot is held by them. Once
    it has come down on them both requests go out whether a service is seen or not.
    """

    def __init__(self) -> None:
        self.phase = Phase.WAITING
        self.tries = 0  # of the request in hand
        self._reference = Reference()
        self._since_ns = 0  # of the phase
        self._again_ns = 0  # when the request in hand is repeated
        self._ready = False
        self._lowered_ns = 0  # when the newest set-point downwards went out
        self._down = False  # came down on set-points
        self._withdrawn = False  # ``fly``, in this phase

    def step(
        self,
        now: int,
        command: tuple[VelocityCommand, int] | None,
        pose: tuple[Pose, int] | None,
        *,
        fly: bool,
        land: bool = False,
        ready: bool = True,
    ) -> Step:
        """
        Return what to send at ``now`` (ns).

        ``command``, ``pose``: the newest and when it came; ``ready``: both services are there.
        """
        came, self._ready = ready and not self._ready, ready
        self._move(now, fresh(command, now) and fresh(pose, now), fly, land, came)
        if self.phase is Phase.FLYING:
            assert command is not None
            assert pose is not None
            return Step(self._reference.step(command[0], pose[0], now), Ask.NOTHING)
        if self.phase is Phase.HOLDING:
            return Step(self._reference.held(), Ask.NOTHING)
        if self.phase is Phase.DESCENDING:
            return self._descend(now)
        if self.phase in _ASKS:
            return self._request(now)
        return _SILENT

    def answered(self, ask: Ask, now: int) -> None:
        """Take note that a request was answered; one that came too late changes nothing."""
        if _ASKS.get(self.phase) is ask:
            follows = Phase.LANDING if ask is Ask.NOTIFY_SETPOINTS_STOP else Phase.LANDED
            self._enter(follows, now)

    @property
    def in_the_air(self) -> bool:
        """Whether the robot hangs on our set-points."""
        return self.phase in (Phase.FLYING, Phase.HOLDING, Phase.DESCENDING)

    @property
    def to_be_landed(self) -> bool:
        """Whether the robot was in the air by us and its landing was never answered."""
        return self.in_the_air or self.phase in _ASKS or self.phase is Phase.FAILED

    def _move(self, now: int, input_fresh: bool, fly: bool, land: bool, came: bool) -> None:
        """Enter the phase that follows from what has come."""
        phase = self.phase
        if came and phase in (Phase.DESCENDING, Phase.FAILED):
            self._enter(Phase.NOTIFYING, now)
        elif phase in (Phase.LANDED, Phase.FAILED):
            self._withdrawn = self._withdrawn or not fly
            if not land and self._withdrawn and (fly or phase is Phase.LANDED):
                self._enter(Phase.WAITING, now)
        elif phase is Phase.DESCENDING or phase in _ASKS:
            return
        elif land or (self.in_the_air and not fly):
            self._enter(Phase.NOTIFYING, now)
        elif fly and input_fresh:
            if phase is not Phase.FLYING:
                self._down = False
                self._enter(Phase.FLYING, now)
        elif phase is Phase.FLYING:
            self._enter(Phase.HOLDING, now)
        elif phase is Phase.HOLDING and now - self._since_ns > LAND_AFTER_NS:
            self._enter(Phase.NOTIFYING, now)

    def _enter(self, phase: Phase, now: int) -> None:
        self.phase, self._since_ns, self.tries, self._again_ns = phase, now, 0, now
        self._withdrawn = False

    def _descend(self, now: int) -> Step:
        """Return the next set-point downwards; down, the requests follow."""
        took_ns, self._lowered_ns = min(now - self._lowered_ns, GAP_NS), now
        lower = self._reference.lowered(took_ns)
        if lower is not None and lower.velocity[2]:
            self._since_ns = now
        if lower is not None and now - self._since_ns <= SETTLE_NS:
            return Step(lower, Ask.NOTHING)
        self._down = True
        self._enter(Phase.NOTIFYING, now)
        return self._request(now)

    def _request(self, now: int) -> Step:
        """Return the request of this phase when it is due, and what follows where none helps."""
        if not (self._ready or self._down or self.tries) and self.phase is Phase.NOTIFYING:
            if now - self._since_ns <= SERVICES_WAIT_NS:
                return Step(self._reference.held(), Ask.NOTHING)
            self._lowered_ns = now
            self._enter(Phase.DESCENDING, now)
            return self._descend(now)
        if now < self._again_ns:
            return _SILENT
        if self.phase is Phase.NOTIFYING and self.tries == NOTIFY_TRIES:
            self._enter(Phase.LANDING, now)
        if self.tries == LAND_TRIES:
            self._enter(Phase.FAILED, now)
            return _SILENT
        self._again_ns = now + min(AGAIN_NS << self.tries, AGAIN_MAX_NS)
        self.tries += 1
        return Step(None, _ASKS[self.phase])


def not_ready(now: int, pose: tuple[object, int] | None, services: bool) -> str:
    """Return why a robot cannot be flown by set-points now; empty: it can."""
    if not services:
        return 'no service to land by: is crazyflie_server running?'
    return '' if fresh(pose, now) else 'no fresh pose'


def fresh(seen: tuple[object, int] | None, now: int) -> bool:
    """Whether what came with its time (ns) is there and no older than ``STAND_AFTER_NS``."""
    return seen is not None and now - seen[1] <= STAND_AFTER_NS
