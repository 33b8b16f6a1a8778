# SPDX-License-Identifier: Apache-2.0
"""What every Cyclone DDS process has in common: log, signals, a clean end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging

from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.domain import domain_of


@contextmanager
def joined(domain: int | None) -> Iterator[CycloneLoop]:
    """Yield a loop in ``domain`` (None: ROS_DOMAIN_ID, or 0) that signals end."""
    logging.basicConfig(level=logging.INFO, format='[%(levelname)s] [%(name)s]: %(message)s')
    loop = CycloneLoop(domain_of(domain))
    try:
        loop.stop_on_signals()
        yield loop
    finally:
        loop.restore_signals()
        loop.close()


def run_on_dds(domain: int | None, begin: Callable[[CycloneLoop], Callable[[], None]]) -> None:
    """
    Join ``domain`` (None: ROS_DOMAIN_ID, or 0), ``begin``, and run until a signal or an error.

    ``begin`` returns what is called at the end. Raises SwarmError.
    """
    with joined(domain) as loop:
        end = begin(loop)
        try:
            logging.getLogger('dds').info('running in domain %d', loop.participant.domain)
            loop.run()
        finally:
            end()
