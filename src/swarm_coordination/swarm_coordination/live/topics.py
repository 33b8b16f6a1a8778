# SPDX-License-Identifier: Apache-2.0
"""Names of topics and services that belong to no robot alone."""

from __future__ import annotations

MESH = '/swarm/mesh'
# Simulation only: who may hear whom, where everybody is, and the service that cuts the radio.
RADIO = '/swarm/radio'
WORLD = '/swarm/world'
PARTITION_SERVICE = '/swarm/set_partition'
