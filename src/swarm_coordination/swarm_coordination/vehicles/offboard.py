# SPDX-License-Identifier: Apache-2.0
"""
When PX4 is sent what: heartbeat and velocity set-points of offboard mode, mode, arming, landing.

PX4 wants a heartbeat of OffboardControlMode at more than 2 Hz, already for a second before the
mode is switched; where it ends, PX4's own loss-of-set-point action follows (COM_OF_LOSS_T,
COM_OBL_RC_ACT). So a robot without commands first stands on zero velocity, then falls silent and
leaves itself to PX4. A robot that is to come down stands until PX4 has taken it over in its own
Land mode (NAV_LAND: "Landing at current position").
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.vehicles.px4 import Setpoint, setpoint
from swarm_coordination.views import VelocityCommand

HEARTBEAT_NS = 50 * NS_PER_MS
# PX4 wants the heartbeat for so long before the switch.
WARM_UP_NS = NS_PER_S
# As long as a base keeps a command (control.command_timeout_s), then zero; later silence.
STAND_AFTER_NS, SILENT_AFTER_NS = NS_PER_S // 2, 3 * NS_PER_S
# PX4 sends its status at 2 Hz at least, and whenever it changes.
STATUS_MAX_NS = 4 * STAND_AFTER_NS
# A request that PX4 has not followed is repeated after 0.5 s, that to land after 0.5, 1, 2, 4, 4,
# ... s. Where LAND_TRIES are not followed (15 s) they do not reach PX4, or it cannot land there:
# then the heartbeat ends as well, and PX4's own action follows.
AGAIN_NS, AGAIN_MAX_NS = NS_PER_S // 2, 4 * NS_PER_S
LAND_TRIES = 6
# vehicle_status of px4_msgs.
NAVIGATION_OFFBOARD = 14
STILL = VelocityCommand(0.0, 0.0, 0.0, 0.0)


class Ask(enum.Enum):
    """What to ask PX4 for, now."""

    NOTHING = enum.auto()
    OFFBOARD = enum.auto()
    ARM = enum.auto()
    LAND = enum.auto()


class Step(NamedTuple):
    """What to send now."""

    heartbeat: bool
    setpoint: Setpoint | None
    ask: Ask


_SILENT = Step(False, None, Ask.NOTHING)


class Offboard:
    """
    Decides what PX4 is sent; call ``step`` every ``HEARTBEAT_NS``.

    It asks for offboard mode and arming, and passes commands on, only while ``fly`` holds, an
    operator's word. It never asks against PX4: a vehicle that left offboard mode or was disarmed
    by itself (a pilot's stick or switch, a failsafe) is not called back until ``fly`` was
    withdrawn and given again.

    In offboard mode ``land``, and ``fly`` withdrawn from a vehicle that flew by it, bring the
    vehicle down where it is: it stands under the heartbeat and is asked to land until it has left
    offboard mode; nothing else is asked for then.
    """

    def __init__(self) -> None:
        self.given_up = ''  # why, in words; empty: it is not
        self.tries = 0  # to have it land, since it was to come down
        self._since_ns: int | None = None  # of the heartbeat
        self._was_offboard = self._was_armed = False
        self._ours = False  # in offboard mode by ``fly``, or asked to be
        self._asked, self._asked_ns = Ask.NOTHING, 0  # the newest request

    def step(
        self,
        now: int,
        command: tuple[VelocityCommand, int] | None,
        navigation: int,
        armed: bool,
        fly: bool,
        land: bool = False,
    ) -> Step:
        """
        Return what to send at ``now`` (ns).

        ``command``: the newest and when it came; ``navigation`` and ``armed``: PX4's own state.
        """
        offboard = navigation == NAVIGATION_OFFBOARD
        self._note(now, offboard, armed, fly, land)
        if offboard and (land or (self._ours and armed and not fly)):
            return self._bring_down(now)
        self.tries = 0
        age = now - command[1] if command is not None else SILENT_AFTER_NS + 1
        if command is None or age > SILENT_AFTER_NS:
            self._since_ns = None
            return _SILENT
        if self._since_ns is None:
            self._since_ns = now
        sent = command[0] if fly and age <= STAND_AFTER_NS else STILL
        wanted = self._wanted(now, offboard, armed) if fly and not land else Ask.NOTHING
        return Step(True, setpoint(sent), self._again(now, wanted, AGAIN_NS))

    def _note(self, now: int, offboard: bool, armed: bool, fly: bool, land: bool) -> None:
        """Take note of what PX4 and the operator have done since the last step."""
        if not fly:
            self._was_offboard = self._was_armed = False
            self.given_up = ''
        if not land and not self.tries:  # what follows from our own request is nobody else's word
            if self._was_offboard and not offboard:
                self.given_up = self.given_up or 'left offboard mode by itself'
            if self._was_armed and not armed:
                self.given_up = self.given_up or 'was disarmed by another'
        self._was_offboard, self._was_armed = offboard, armed
        if offboard:
            self._ours = self._ours or fly
        elif not fly and now - self._asked_ns > STATUS_MAX_NS:  # no switch is on its way
            self._ours = False

    def _bring_down(self, now: int) -> Step:
        """Have the vehicle stand and land; where that does not help, fall silent."""
        wait = min(AGAIN_NS << max(0, self.tries - 1), AGAIN_MAX_NS)
        ask = self._again(now, Ask.LAND, wait)
        if ask is Ask.LAND:
            self.tries = min(self.tries + 1, LAND_TRIES + 1)
        if self.tries > LAND_TRIES:
            self._since_ns = None
            return Step(False, None, ask)
        return Step(True, setpoint(STILL), ask)

    def _wanted(self, now: int, offboard: bool, armed: bool) -> Ask:
        """Return what a vehicle lacks that is to fly."""
        assert self._since_ns is not None
        if self.given_up or now - self._since_ns < WARM_UP_NS:
            return Ask.NOTHING
        if not offboard:
            self._ours = True
            return Ask.OFFBOARD
        return Ask.NOTHING if armed else Ask.ARM

    def _again(self, now: int, ask: Ask, wait_ns: int) -> Ask:
        """Return the request where it is new, or its last one is ``wait_ns`` old."""
        if ask is Ask.NOTHING or (ask is self._asked and now - self._asked_ns < wait_ns):
            return Ask.NOTHING
        self._asked, self._asked_ns = ask, now
        return ask


def not_ready(
    now: int, status_ns: int | None, pose_ns: int | None, refusal: str, senders: int
) -> str:
    """
    Return why a vehicle cannot be flown by set-points now; empty: it can.

    ``status_ns`` and ``pose_ns``: when the newest came; ``refusal``: why the newest position was
    refused; ``senders``: how many send positions on this vehicle's topic.
    """
    if senders > 1:
        return f'{senders} vehicles send on the same topics: give each an fmu of its own'
    if status_ns is None:
        return 'no vehicle_status has come'
    if now - status_ns > STATUS_MAX_NS:
        return 'vehicle_status is too old'
    if pose_ns is None or now - pose_ns > STAND_AFTER_NS:
        return f'no fresh vehicle_local_position{refusal and f" ({refusal})"}'
    return ''
