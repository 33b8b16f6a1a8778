# SPDX-License-Identifier: Apache-2.0
"""The mesh: a table of rows broadcast in frames; relay, membership and transport in one."""
