# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Formation, radio contact and one mission log for a team of robots, whoever drops out."""

__version__ = '0.1.0'
