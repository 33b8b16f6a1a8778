# SPDX-License-Identifier: Apache-2.0
"""Settings that contradict each other are refused, with field, value and bound."""

from __future__ import annotations

import pytest
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check


def test_the_defaults_are_within_their_bounds() -> None:
    check(RaftSettings(), 'defaults')


def test_an_election_timeout_must_outlast_three_heartbeats() -> None:
    with pytest.raises(ConfigurationError, match='three heartbeat periods'):
        RaftSettings(heartbeat_period_s=0.2)


def test_election_timeouts_must_leave_room_for_chance() -> None:
    with pytest.raises(ConfigurationError, match='election_timeout_max_s'):
        RaftSettings(election_timeout_min_s=0.4, election_timeout_max_s=0.4)
