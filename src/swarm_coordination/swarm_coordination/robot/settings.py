# SPDX-License-Identifier: Apache-2.0
"""The settings of one robot: one group per room, and the hash that all robots must share."""

from __future__ import annotations

from dataclasses import dataclass, field

from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.formations import FormationLimits
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.robot.membership_settings import MembershipSettings


@dataclass(frozen=True, slots=True)
class RobotSettings:
    """
    Settings of the four rooms, and of who votes.

    ``config_hash`` covers the area and every field declared ``shared``: a robot with another hash
    is heard for collision avoidance only.
    """

    mesh: MeshSettings = field(default_factory=MeshSettings)
    consensus: RaftSettings = field(default_factory=RaftSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    mission: MissionSettings = field(default_factory=MissionSettings)
    membership: MembershipSettings = field(default_factory=MembershipSettings)
    area: Area = NOWHERE_CLOSED  # obstacles, zones, altitude limits
    config_hash: int = 0

    @property
    def formation_limits(self) -> FormationLimits:
        """Return what every formation and mission of this swarm has to respect."""
        return FormationLimits(
            kept_range_m=self.control.kept_range_m,
            safety_distance_m=self.control.safety_distance_m,
            mission_speed_max_mps=self.mission.speed_fraction_max * self.control.speed_max_mps,
            margin_m=self.mission.spacing_margin_m,
            stopping_distance_m=self.control.stopping_distance_m,
            range_m=self.control.range_m,
            silent_radius_m=self.control.silent_radius_m,
            resilience=self.control.resilience,
            area=self.area,
            obstacle_clear_m=self.control.obstacle_clear_m,
            dimensions=self.control.dimensions,
            downwash_factor=self.control.downwash_factor,
        )
