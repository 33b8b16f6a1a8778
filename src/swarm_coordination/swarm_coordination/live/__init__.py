# SPDX-License-Identifier: Apache-2.0
"""
A swarm of real processes on this host, whatever carries its messages.

Written once for rclpy and for plain Cyclone DDS: ``bus`` is what either offers, ``world``,
``observer``, ``operator_services`` and ``localisation`` are written against it, ``backend`` and
``demo`` play a scenario on processes. Nothing here imports a middleware.
"""
