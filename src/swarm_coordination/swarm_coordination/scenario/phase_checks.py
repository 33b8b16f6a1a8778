# SPDX-License-Identifier: Apache-2.0
"""
What a phase checks at its end.

Formation and radio graph are ground truth: one sample says how they are. Who leads is what each
robot says, and on a busy host whoever did not come to its turn for a moment knows no leader just
then. So where the last sample shows no agreement, one counts that lasted for some samples on end
just before, once nothing was done to the swarm any more, if it was on whom most know at last.
"""

from __future__ import annotations

import math

from swarm_coordination.scenario.record import PhaseSpan, Record, Sample

# The longest election of the default settings and the beacons that tell of it.
WINDOW_S = 2.0
# Samples on end: at 10 to 20 Hz a status or more of every robot between first and last.
ON_END = 5


def last_sample(record: Record, phase: PhaseSpan) -> Sample | None:
    """Return the sample at the end of a phase; None where it never began."""
    inside = [s for s in record.samples if phase.start_s <= s.time_s <= phase.end_s]
    return inside[-1] if inside and phase.end_s > phase.start_s else None


def leaders_known(record: Record, phase: PhaseSpan) -> int | None:
    """
    Return how many leaders robots knew at the end, or at most in ``ON_END`` samples on end.

    Looked at are the samples of the phase's last ``WINDOW_S`` after the last action in it that
    show the leader of the last one; where that leader does not run, nobody leads. None where
    nobody led in the last one nor that long, or the phase never began.
    """
    if last_sample(record, phase) is None:
        return None
    done = [a.time_s for a in record.actions if phase.start_s <= a.time_s <= phase.end_s]
    since = max([phase.start_s, phase.end_s - WINDOW_S, *done])
    samples = [s for s in record.samples if since <= s.time_s <= phase.end_s]
    if not samples:
        return None
    led = (samples[-1].leader, samples[-1].term)
    counts = [
        _leaders(record, s) if (s.leader, s.term) == led else math.inf for s in samples
    ]
    ends = range(ON_END, len(counts) + 1)
    best = min([counts[-1], *(max(counts[end - ON_END:end]) for end in ends)])
    return int(best) if best < math.inf else None


def _leaders(record: Record, sample: Sample) -> float:
    """Return how many leaders were known, infinity where nobody led."""
    running = {name for name, runs in zip(record.robots, sample.running) if runs}
    return sample.leaders if sample.leader in running else math.inf
