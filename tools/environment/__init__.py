# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Parts of the set-up of the virtual environment; the standard library only."""
