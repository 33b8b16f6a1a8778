# SPDX-License-Identifier: Apache-2.0
"""
A scenario as frozen values: robots, radio, world, and the phases that make up the run.

A scenario is a list of *phases*, played in order. A phase performs its *actions* one after the
other, then ends as soon as every condition of ``until`` holds, or at its time-out, which is a
failed expectation but does not stop the run: a slow machine still shows what it can do, and a
fast one does not wait. ``loading`` reads the YAML form; docs/scenarios.md is the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import enum
from typing import Any

from swarm_coordination.settings import setting

# A scenario is a script that people read: more is a mistake, not a scenario.
PHASES_MAX = 50
ACTIONS_MAX = 100
# As many robots as one report and one picture can show.
ROBOTS_MAX = 50


class ConditionKind(str, enum.Enum):
    """What a phase or an action can wait for; each is said of a group of robots."""

    LEADER = 'leader'  # all know the same leader, which is one of them and runs
    SLOTS = 'slots'  # the newest assignment is theirs alone, and every one knows its slot
    FORMATION = 'formation'  # true absolute error to the committed places under ``bound`` metres
    ARRIVED = 'arrived'  # every reference stands at the end of the mission's path
    CAUGHT_UP = 'caught_up'  # commit and applied reach the highest commit of any robot
    ONE_LOG = 'one_log'  # same applied index and state hash, and no intent waits
    COMMITTED = 'committed'  # everything accepted from them so far has been applied by them
    HOLDING = 'holding'  # every one brakes or stands because its mission lease has expired
    SEEKING = 'seeking'  # every one hears nobody and looks for the others
    FLYING = 'flying'  # every one flies the mission
    STANDING = 'standing'  # every one is slower than ``bound`` m/s
    APART = 'apart'  # every one has declared all robots outside the group silent
    VOTERS = 'voters'  # every one votes: none has been evicted and not been promoted again
    TOGETHER = 'together'  # every one lists every running robot as alive


class ActionKind(str, enum.Enum):
    """What the director can do."""

    SUBMIT = 'submit'  # a mission, via a robot
    PUT = 'put'  # a value on the blackboard, via a robot
    HOLD = 'hold'
    RESUME = 'resume'
    ABORT = 'abort'
    LIFT = 'lift'  # lift the safety stops that stand
    KILL = 'kill'
    RESTART = 'restart'
    SPLIT = 'split'
    MUTE = 'mute'  # one way: others no longer hear a robot, which goes on hearing them
    HEAL = 'heal'
    STOP = 'stop'  # raise a safety stop
    ATTACK = 'attack'  # somebody without the key sends hostile frames
    NOTE = 'note'  # write a line into the record


# Checks that a phase may ask for at its end, beside those that hold for the whole run.
CHECKS = ('formation', 'leader', 'connected')
# Groups that a condition can speak of; a robot's name is one too.
GROUPS = ('running', 'majority', 'minority', 'revived', 'leader')
# Robots that an action can be done to or through; a robot's name is one too.
TARGETS = ('any', 'leader', 'minority', 'majority', 'random', 'killed', 'articulation')


@dataclass(frozen=True, slots=True)
class Condition:
    """Something to wait for: ``kind`` said of ``group``, true for ``for_s`` seconds on end."""

    kind: ConditionKind
    group: str = 'running'
    bound: float = 0.0
    for_s: float = 0.0

    def text(self) -> str:
        """Return the condition in words, for messages."""
        words = [self.kind.value, f'({self.group})']
        if self.bound:
            words.append(f'< {self.bound:g}')
        if self.for_s:
            words.append(f'for {self.for_s:g} s')
        return ' '.join(words)


@dataclass(frozen=True, slots=True)
class Action:
    """
    One step of a phase.

    It is performed ``after_s`` seconds after the step before it (or the start of the phase), as
    soon as ``when`` holds; after ``timeout_s`` of waiting for ``when`` or for a robot that fits
    ``target`` it is given up, which is a failed expectation.
    """

    do: ActionKind
    target: str = ''
    after_s: float = 0.0
    when: Condition | None = None
    timeout_s: float = 10.0
    mission: Mapping[str, Any] | str = ''  # submit: file or name, or the mission itself
    around: str = ''  # submit: the group whose centroid the way-points are relative to
    key: str = ''  # put
    value: str = ''  # put
    times: int = 1  # put: as many, key and value numbered
    every_s: float = 0.0  # put: time between them
    groups: tuple[tuple[str, ...], ...] = ()  # split: explicit; empty: minority | majority
    to: tuple[str, ...] = ()  # mute: who no longer hears it; empty: everybody
    keep_disk: bool = True  # restart
    level: int = 1  # stop
    text: str = ''  # note
    rate_hz: float = 0.0  # attack: hostile frames per second
    for_s: float = 0.0  # attack: for so long


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of the run, with its own end and its own checks."""

    name: str
    title: str
    actions: tuple[Action, ...] = ()
    until: tuple[Condition, ...] = ()
    timeout_s: float = 30.0
    duration_s: float = 0.0  # lasts at least this long
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """Who hears whom; see ``simulation/radio.py`` for the formulas."""

    model: str = setting(
        'disc', '', None, None, 'radio model', choices=('disc', 'log_distance')
    )
    range_m: float = setting(
        0.0, 'm', 0.0, 10_000.0, 'disc: range; 0 takes the radio range of the swarm file'
    )
    loss: float = setting(0.02, '', 0.0, 0.95, 'probability that a frame is lost at any distance')
    edge_m: float = setting(
        2.0, 'm', 0.0, 1_000.0, 'disc: over this last stretch of the range loss rises'
    )
    edge_loss: float = setting(0.3, '', 0.0, 1.0, 'disc: loss at the very edge of the range')
    latency_ms: float = setting(5.0, 'ms', 0.0, 1_000.0, 'delay of a frame, least')
    jitter_ms: float = setting(5.0, 'ms', 0.0, 1_000.0, 'further delay, uniform')
    bandwidth_kbps: float = setting(
        2_000.0, 'kbit/s', 10.0, 1e6, "rate at which a sender's frames leave, one after another"
    )
    tx_power_dbm: float = setting(27.0, 'dBm', -30.0, 60.0, 'log_distance: transmit power')
    l0_db: float = setting(40.0, 'dB', 0.0, 120.0, 'log_distance: loss at 1 m')
    fading_exponent: float = setting(2.5, '', 1.0, 6.0, 'log_distance: path-loss exponent')
    sigma_db: float = setting(10.0, 'dB', 0.0, 30.0, 'log_distance: shadowing, per packet')
    noise_floor_dbm: float = setting(-90.0, 'dBm', -150.0, 0.0, 'log_distance: noise floor')


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """The plants and what their localisation reports."""

    step_ms: int = setting(20, 'ms', 1, 100, 'integration step of the plants')
    speed_max_mps: float = setting(3.0, 'm/s', 0.05, 50.0, 'speed at which a plant saturates')
    brake_mps2: float = setting(
        3.0, 'm/s^2', 0.1, 50.0, 'deceleration of a plant whose command is stale'
    )
    command_timeout_s: float = setting(0.5, 's', 0.05, 5.0, 'age at which a command is stale')
    pose_noise_m: float = setting(0.0, 'm', 0.0, 0.5, 'localisation noise, standard deviation')


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """Virtual disks; real backends have real ones."""

    sync_ms: float = setting(2.0, 'ms', 0.0, 1_000.0, 'time of one sync, least')
    jitter_ms: float = setting(2.0, 'ms', 0.0, 1_000.0, 'further time of a sync, uniform')


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the expectations hold the run to."""

    new_leader_s: float = setting(
        1.5, 's', 0.1, 60.0, 'leader killed until all survivors know the next one'
    )
    caught_up_s: float = setting(
        5.0, 's', 0.1, 60.0, "restarted process's first report until log and slot are back"
    )
    one_log_s: float = setting(5.0, 's', 0.1, 60.0, 'heal until one log everywhere')
    formation_rmse_m: float = setting(0.3, 'm', 0.01, 10.0, 'shape error at the end of a phase')
    formation_max_m: float = setting(0.5, 'm', 0.01, 10.0, 'greatest shape error of one robot')
    formation_absolute_m: float = setting(
        0.6, 'm', 0.01, 10.0, 'greatest distance of a robot from its own committed place'
    )
    obstacle_gap_m: float = setting(
        0.3, 'm', 0.0, 10.0, 'least distance to an obstacle, where there are any'
    )
    parted_s: float = setting(
        0.0, 's', 0.0, 600.0, 'time out of radio range, where robots are parted on purpose'
    )
    majority_commits: int = setting(3, '', 0, 1_000, 'commits of the majority during a split')


@dataclass(frozen=True, slots=True)
class Sweep:
    """
    An area to be seen: each square metre within ``within_m`` of a robot at some time.

    ``x_m`` and ``y_m``: from, to, in ``map``. ``share``: the part of it that must be seen.
    """

    x_m: tuple[float, float]
    y_m: tuple[float, float]
    within_m: float
    share: float


@dataclass(frozen=True, slots=True)
class RobotCount:
    """How many robots a scenario is meant for."""

    default: int = 5
    low: int = 5
    high: int = 12


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, as read from its file."""

    name: str
    description: str
    source: str
    phases: tuple[Phase, ...]
    seed: int = 1
    duration_s: float = 180.0  # hard end: whatever has not happened by then has failed
    robots: RobotCount = field(default_factory=RobotCount)
    radio: RadioSettings = field(default_factory=RadioSettings)
    world: WorldSettings = field(default_factory=WorldSettings)
    disk: DiskSettings = field(default_factory=DiskSettings)
    bounds: Bounds = field(default_factory=Bounds)
    sweep: Sweep | None = None  # an area that the robots are to see
    # What of the swarm file the scenario sets, section by section: ``all`` and ``area``.
    swarm: Mapping[str, Any] = field(default_factory=dict)
