# SPDX-License-Identifier: Apache-2.0
"""
``swarm check``: fault schedules from seeds, played in an arena under every invariant.

A seed gives a schedule (a value: printable, replayable, shrinkable), a run plays it, observers
check every event, and after the last fault the swarm has to heal within a bound.
"""
