# SPDX-License-Identifier: Apache-2.0
"""
What of the map robots may not enter: obstacles, a zone to stay in, altitude limits.

Plain values (``shapes``), how far away each is (``nearest``), and short ways around (``ways``).
"""
