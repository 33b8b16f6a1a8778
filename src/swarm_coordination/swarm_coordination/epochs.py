# SPDX-License-Identifier: Apache-2.0
"""
Terms tell clusters apart: one that an operator has forced begins far above all terms before it.

What a lost majority had committed and the forced cluster's first robot lacks is void, but disks
that hold it may come back. So the upper bits of a term name the cluster that it belongs to, its
*epoch*, and everything that carries a term carries it too: rows, log entries, items, snapshots
(*Generation Clock*). A log whose last entry is of an earlier epoch than its member's term has
not been joined to that cluster's log yet: it may hold what is void, and is not vouched for.
"""

from __future__ import annotations

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.errors import StorageError

# Elections between two forced clusters: at one a second four thousand million take 136 years.
TERM_BITS = 32
# Two clusters forced from one, by different robots, are not the same one: the robot's id is in
# it. With 65,536 values they differ all the same once in as many times.
_ROBOT_BITS = 16


def epoch_of(term: int) -> int:
    """Return the cluster that a term belongs to; 0 for the provisioned one."""
    return term >> TERM_BITS


def entry_number(term: int, index: int) -> int:
    """
    Return the number that an entry gives to what it makes: a task's fence, a client's session.

    It rises with the log, and over a forcing: nothing of a void history has the same or a higher
    one. In the provisioned cluster it is the log index.
    """
    return (epoch_of(term) << TERM_BITS) + index


def forced_term(term: int, robot: int) -> int:
    """
    Return the first term of the cluster that ``robot``, in ``term``, is made to begin.

    Raises StorageError after 31 such clusters.
    """
    count = (epoch_of(term) >> _ROBOT_BITS) + 1
    forced = (count << _ROBOT_BITS | robot % (1 << _ROBOT_BITS)) << TERM_BITS
    if forced > COUNTER_MAX:
        raise StorageError('no further cluster can be forced from this one: provision it anew')
    return forced
