# SPDX-License-Identifier: Apache-2.0
"""
Coordinators alone in virtual time: links, disks and clocks that can be broken at will.

Lean where ``simulation/`` is complete: no plants, no controllers, no scenario. What runs is the
``Coordinator`` that flies elsewhere, so elections, commits and membership are the real ones, at
many times real time.
"""
