# SPDX-License-Identifier: Apache-2.0
"""One robot: mesh, consensus, mission and control composed into one object without I/O."""
