# SPDX-License-Identifier: Apache-2.0
"""The ``swarm`` command: one module per verb, imported only when its verb is called."""
