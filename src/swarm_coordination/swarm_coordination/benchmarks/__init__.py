# SPDX-License-Identifier: Apache-2.0
"""What ``swarm bench`` measures: one module per kind of figure, each row with its bounds."""
