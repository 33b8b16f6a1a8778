# SPDX-License-Identifier: Apache-2.0
"""Leader election and the replicated log: Raft (Ongaro 2014) without I/O, clock or network."""
