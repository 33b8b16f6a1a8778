# SPDX-License-Identifier: Apache-2.0
"""
DDS without ROS: Cyclone DDS carries the very topics and types that ROS 2 nodes use.

``interfaces`` reads message definitions, ``cyclone_types`` makes DDS types of them, ``messages``
holds those of this project, ``profiles`` is the one table of QoS, ``cyclone`` a participant.
"""
