# SPDX-License-Identifier: Apache-2.0
"""
Recordings: every call into a robot's cores, fed back later to the same outputs; bags of topics.

``calls`` writes and reads the file, ``watched`` stands before a core and notes what it is asked,
``replay`` asks again; ``bag`` writes rosbag2 folders. Files are MCAP, readable by others' tools.
"""
