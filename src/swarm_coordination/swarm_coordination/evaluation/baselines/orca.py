# SPDX-License-Identifier: Apache-2.0
"""ORCA (van den Berg, Guy, Lin, Manocha 2011) by pyrvo, the bindings of its authors' RVO2."""

from __future__ import annotations

from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.baselines.plain import fly_plain, Steer
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.state import Floats
from swarm_coordination.evaluation.result import Result

# What RVO2's own example (Circle.cpp) uses, in s and neighbours; distances are ours.
_HORIZON_S, _NEIGHBORS = 10.0, 10


def available() -> bool:
    """Return whether pyrvo is installed (``make compare``)."""
    try:
        import pyrvo  # noqa: F401
    except ImportError:
        return False
    return True


def fly_orca(case: Case, seed: int) -> Result:
    """Fly one run with ORCA; raises UsageError where pyrvo is not installed."""
    if not available():
        raise UsageError("method 'orca' needs pyrvo: make compare")
    return fly_plain(case, seed, _steer)


def _steer(places: Floats, case: Case) -> Steer:
    import pyrvo

    limits = case.settings
    world = pyrvo.RVOSimulator(
        limits.period_s,
        limits.range_m,
        _NEIGHBORS,
        _HORIZON_S,
        _HORIZON_S,
        limits.safety_distance_m / 2.0,
        limits.speed_max_mps,
    )
    robots = range(len(places))
    for x, y in places.tolist():
        world.add_agent([x, y])

    def steer(wish: Floats, now: Floats) -> Floats:
        velocities = now.copy()
        for k in robots:
            world.set_agent_position(k, now[k].tolist())
            world.set_agent_pref_velocity(k, wish[k].tolist())
        world.do_step()
        for k in robots:
            velocity = world.get_agent_velocity(k)
            velocities[k] = velocity.x, velocity.y
        return velocities

    return steer
