# SPDX-License-Identifier: Apache-2.0
"""A figure says honestly whether it reached its bounds."""

from __future__ import annotations

import pytest
from swarm_coordination.benchmarks.figures import Bound, Figure, percentile, table


@pytest.mark.parametrize(('values', 'verdict'), [
    ((0.2, 0.5), 'aim'), ((0.25, 0.6), 'aim'), ((0.3, 0.5), 'must'), ((0.2, 1.6), 'MISSED'),
])
def test_a_row_passes_where_every_value_keeps_its_bound(values, verdict):
    bound = Bound((0.5, 1.5), (0.25, 0.6), 's')

    assert Figure('leader', 'title', values, bound, '').verdict == verdict


@pytest.mark.parametrize(('rate', 'verdict'), [(900, 'MISSED'), (1000, 'must'), (5000, 'aim')])
def test_of_a_rate_more_is_better(rate, verdict):
    bound = Bound((1000,), (4000,), '1/s', higher=True)

    assert Figure('pipelined', 'title', (rate,), bound, '').verdict == verdict


@pytest.mark.parametrize(('hours', 'rate', 'verdict'), [
    (0.1, 0.0, 'unproved'), (3.9, 0.0, 'unproved'), (4.0, 0.0, 'must'), (20.0, 0.0, 'aim'),
    (20.0, 0.5, 'must'), (0.1, 2.0, 'MISSED'),
])
def test_a_rate_is_shown_only_by_as_many_hours_as_its_bound_takes(hours, rate, verdict):
    bound = Bound((1.0,), (0.05,), '1/h', hours=(4.0, 20.0))

    assert Figure('false', 'title', (rate,), bound, '', hours).verdict == verdict


def test_a_row_without_bounds_is_only_stated():
    figure = Figure('radio', 'title', (12.0,), None, 'a note')

    assert figure.verdict == ''
    assert table([figure]).splitlines()[1].split()[:2] == ['radio', '12']


def test_percentiles_are_samples_and_the_99th_of_few_is_the_longest():
    samples = [5.0, 1.0, 3.0, 2.0, 4.0]

    assert percentile(samples, 0.5) == 3.0
    assert percentile(samples, 0.99) == 5.0
    assert percentile([7.0], 0.5) == 7.0
