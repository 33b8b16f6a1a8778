# SPDX-License-Identifier: Apache-2.0
"""
The swarm in virtual time: plants, radio, disks and robots in one deterministic event queue.

The robots are the very objects that fly elsewhere. ``radio`` and ``world`` serve the process
backend of the demo, too.
"""
