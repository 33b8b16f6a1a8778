# SPDX-License-Identifier: Apache-2.0
"""
Acts on what a robot watches of itself: leaving the fence stops the swarm, a low battery its part.

Beyond the fence the robot raises the safety stop, once for each time it leaves; as any stop it is
lifted by a committed command. An outlier of localisation is no leaving: poses that the robot does
not believe count only once they have been beyond the fence, and nothing else, for half a second.
So a robot that is carried off faster than it can fly, whose poses are never believed, stops the
swarm all the same.

A low battery is told to the core, which hands leadership over; then the robot asks to be taken off
the roster, again where that is refused, ever more seldom, until it holds; and at last it says on
``land`` (std_msgs/Bool) that it has to land, which its autopilot's adapter obeys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_coordination.errors import CommandError, ProposalRefused, TakenOffRoster
from swarm_coordination.live.bus import Bus, Turns
from swarm_coordination.mission.commands import encode_command, RosterRemove
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_S
from swarm_coordination.vehicles.safety import BatteryWatch, Charge, outside, SafetyOptions
from swarm_coordination.views import Pose

STOP = 2  # swarm_msgs/SetStop LEVEL_STOP
# The first wait after a refusal, doubled up to the last: a queue that is full empties within
# seconds once there is a quorum, and half a minute is short against a battery's last tenth.
AGAIN_NS, AGAIN_MAX_NS = NS_PER_S, 32 * NS_PER_S
# Poses that are not believed are beyond the fence for so long before they count: several of them,
# at 5 Hz and above; as long as a base goes on with its last command.
DOUBT_NS = NS_PER_S // 2
_NEVER = 2**62


class SafetyGuard:
    """Guards the robot of ``core``; ``pump(now)`` is called after each call into it."""

    def __init__(
        self,
        bus: Bus,
        loop: Turns,
        core: Coordinator,
        pump: Callable[[int], None],
        options: SafetyOptions,
    ) -> None:
        self._bus, self._core, self._pump, self._options = bus, core, pump, options
        self._battery = BatteryWatch(options)
        self._acted = Charge.FLY
        self._beyond_since: int | None = None  # None: the newest pose is within
        self._stopped = False  # since it left
        self._serial = 0  # of the request to be taken off the roster; 0: none in hand
        self._again_ns, self._wait_ns = _NEVER, AGAIN_NS
        self._land = bus.publisher(bus.types.Bool, 'land', profiles.DESCRIPTION)
        bus.subscribe(
            bus.types.BatteryState, 'battery_state', profiles.STATE, self._on_battery
        )
        loop.at(lambda: bus.clock.due_ns(self._again_ns), self._leave)

    def observe(self, pose: Pose, now: int, *, believed: bool) -> None:
        """Look whether the robot is within its fence, by a pose that has come now."""
        text = outside(pose, self._options)
        if not text:
            self._beyond_since = None
            self._stopped = self._stopped and not believed
            return
        if self._beyond_since is None:
            self._beyond_since = now
        if self._stopped or not (believed or now - self._beyond_since >= DOUBT_NS):
            return
        self._stopped = True
        try:
            self._bus.say(f'{text}: safety stop {self._core.stop(STOP, now)}', 'error')
        except ProposalRefused as error:
            self._bus.say(f'{text}: {error}', 'error')
        self._pump(now)

    def _on_battery(self, message: Any) -> None:
        charge = float(message.percentage)
        if not 0.0 <= charge <= 1.0:
            return  # NaN: not measured
        self._core.battery(charge)
        verdict, now = self._battery.take(charge), self._bus.clock.now()
        if verdict is self._acted:
            return
        self._bus.say(f'battery at {100.0 * charge:.0f} %: {verdict.name.lower()}', 'error')
        if self._acted is Charge.FLY:
            self._again_ns = now
        if verdict is Charge.LAND:
            self._land(self._bus.types.Bool(data=True))
        self._acted = verdict
        if self._again_ns <= now:
            self._leave()

    def look(self, now: int) -> None:
        """See what has become of the request; called whenever something has happened."""
        if not self._serial or self._core.session.settled_serial < self._serial:
            return
        self._serial = 0
        if self._core.session.on_roster:
            self._later('the swarm has refused it', now)

    def _leave(self) -> None:
        """Ask to be taken off the roster."""
        now = self._bus.clock.now()
        self._again_ns = _NEVER
        command = encode_command(RosterRemove(self._core.storage_id)).decode()
        try:
            self._serial = self._core.propose(command, now)
        except TakenOffRoster:
            pass  # it holds
        except (CommandError, ProposalRefused) as error:
            self._later(str(error), now)
        self._pump(now)

    def _later(self, why: str, now: int) -> None:
        """Ask again after a while."""
        self._bus.say(
            f'cannot leave the formation: {why}; again in {self._wait_ns // NS_PER_S} s', 'error'
        )
        self._again_ns = now + self._wait_ns
        self._wait_ns = min(2 * self._wait_ns, AGAIN_MAX_NS)
