# SPDX-License-Identifier: Apache-2.0
"""Mission: commands, the state machine that the log drives, and how one robot flies it."""
