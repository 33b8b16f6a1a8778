# SPDX-License-Identifier: Apache-2.0
"""
The live view of a run: map, leader, log, formation and events, driven by the recorder's newest.

In a terminal it redraws in place; anywhere else it prints plain lines, one every few seconds and
one for each thing that happens. Views are called after each look of the director.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import time
from typing import TextIO

from rich.console import Console
from rich.live import Live
from swarm_coordination.scenario.backend import Backend
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.run import View
from swarm_coordination.station.screen import draw_screen

# Often enough to look alive, seldom enough to cost little: a redraw takes some 5 ms.
REDRAW_PERIOD_S = 0.2
PLAIN_PERIOD_S = 5.0


@contextmanager
def live_view(title: str, stream: TextIO) -> Iterator[View]:
    """Show a run on ``stream`` while the context lasts: redrawn in a terminal, else lines."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield PlainView(stream)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield ScreenView(title, live)


class ScreenView:
    """Redraws the screen, limited in rate by the wall clock."""

    def __init__(self, title: str, live: Live) -> None:
        self._title = title
        self._live = live
        self._next_s = 0.0

    def __call__(
        self, now_s: float, backend: Backend, recorder: Recorder, director: Director
    ) -> None:
        """Redraw if it is time to."""
        if time.monotonic() < self._next_s or recorder.latest is None:
            return
        self._next_s = time.monotonic() + REDRAW_PERIOD_S
        phase = director.phase.title if director.phase else 'done'
        size = self._live.console.size
        screen = draw_screen(f'{self._title}: {phase}', recorder, size.width, size.height)
        self._live.update(screen, refresh=True)


class PlainView:
    """Prints one line for each phase and action, and the state every few seconds of the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_s = PLAIN_PERIOD_S
        self._phase = ''
        self._actions = 0

    def __call__(
        self, now_s: float, backend: Backend, recorder: Recorder, director: Director
    ) -> None:
        """Print what is new."""
        phase = director.phase.title if director.phase else 'done'
        if phase != self._phase:
            self._phase = phase
            self._print(now_s, f'== {phase}')
        actions = recorder.record.actions
        seen = self._actions
        for action in actions[seen:]:
            via = f' ({", ".join(action.robots)})' if action.robots else ''
            self._print(action.time_s, f'-> {action.text}{via}')
        self._actions = len(actions)
        if now_s >= self._next_s:
            self._next_s += PLAIN_PERIOD_S
            self._print(now_s, state_line(recorder))

    def _print(self, now_s: float, text: str) -> None:
        print(f'{now_s:7.2f} s  {text}', file=self._stream, flush=True)


def state_line(recorder: Recorder) -> str:
    """Return leader, term, commit, formation error and connectivity in one line."""
    sample = recorder.latest
    if sample is None:
        return 'nobody has reported yet'
    error = f'{sample.formation.absolute_m:.2f} m' if sample.formation else '-'
    return (
        f'{sum(sample.running)} robots, leader {sample.leader or "-"}, term {sample.term}, '
        f'commit {sample.commit}, formation error {error}, lambda2 {sample.lambda2:.2f}, '
        f'nearest {sample.min_distance_m:.2f} m'
    )
