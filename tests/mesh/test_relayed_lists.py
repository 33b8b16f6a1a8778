# SPDX-License-Identifier: Apache-2.0
"""Relayed lists are read once and passed on as they came; nobody can tell the difference."""

from mesh.radio import Air, line
import pytest
from swarm_coordination.mesh.echoes import EchoBook
from swarm_coordination.mesh.merge import Merger
from swarm_coordination.mesh.settings import MeshSettings


def ring(sender, receiver):
    """Each of ten hears two on either side: what is beyond comes by several ways."""
    return (sender - receiver) % 10 in (1, 2, 8, 9)


def flown(hears, seed):
    """Return every frame of ten robots in four seconds, of which one joins late."""
    # Lists of three: an older one may echo whom the newer leaves out.
    air = Air(9, hears, seed=seed, loss=0.2, duplication=0.1, delay_ms=(1.0, 60.0),
              settings=MeshSettings(heard_max=3))
    frames = []
    air.taps.append(lambda number, data, _frame: frames.append((air.now, number, data)))
    air.run(2.0)
    air.start(9)
    air.run(2.0)
    return frames


@pytest.mark.parametrize('seed', [1, 2, 3])
@pytest.mark.parametrize('hears', [ring, line])
def test_every_frame_is_the_same_as_if_each_list_were_read_and_packed_anew(
    hears, seed, monkeypatch
):
    saved = {'read': 0, 'packed': 0}
    has_read, as_it_came = Merger.has_read, EchoBook.as_it_came

    def noted_read(*args):
        saved['read'] += (known := has_read(*args))
        return known

    def noted_packed(*args):
        packed = as_it_came(*args)
        saved['packed'] += packed is not None
        return packed

    monkeypatch.setattr(Merger, 'has_read', noted_read)
    monkeypatch.setattr(EchoBook, 'as_it_came', noted_packed)
    frames = flown(hears, seed)
    assert saved['packed'] > 100
    assert saved['read'] > 100 or hears is line

    monkeypatch.setattr(Merger, 'has_read', lambda *_: False)
    monkeypatch.setattr(EchoBook, 'as_it_came', lambda *_: None)
    assert flown(hears, seed) == frames
