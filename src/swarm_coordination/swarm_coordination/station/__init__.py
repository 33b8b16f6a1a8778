# SPDX-License-Identifier: Apache-2.0
"""The operator's view of a swarm in a terminal."""
