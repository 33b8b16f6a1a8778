# SPDX-License-Identifier: Apache-2.0
"""
Between the stack and a maker's autopilot: pure functions of values, tested without its messages.

What a maker's messages hold is a NamedTuple here; the nodes that fill the real ones import them
only when they run. ``safety`` holds what every robot watches of itself: fence and battery.
"""
