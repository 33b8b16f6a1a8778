# SPDX-License-Identifier: Apache-2.0
"""A process that keeps failing is started ever more seldom; one that ran well, soon again."""

from swarm_coordination.launching.backoff import Backoff, FIRST_S, HEALTHY_S, LONGEST_S


def test_waits_double_up_to_the_longest():
    backoff = Backoff()
    waits = [backoff.after(0.1) for _ in range(8)]
    assert waits[:5] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S, 16 * FIRST_S]
    assert waits[5:] == [LONGEST_S] * 3


def test_after_a_healthy_run_the_first_wait_is_short_again():
    backoff = Backoff()
    for _ in range(4):
        backoff.after(1.0)
    assert backoff.after(HEALTHY_S) == FIRST_S
    assert backoff.after(1.0) == 2 * FIRST_S
