# SPDX-License-Identifier: Apache-2.0
"""
What the core raised, as a failure of its own: whatever it is, the seed is worth a line.

What a bug may raise is not to be listed (a dictionary that changes while it is read is a
``RuntimeError``, a damaged frame a ``zlib.error``), so every ``Exception`` counts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import traceback

RULE = 'No error inside'
# Innermost calls told: from the event down to the line that raised.
CALLS_TOLD = 8


def told(error: Exception, say: Callable[[str], None] | None) -> str:
    """Return the error and the place that raised it in one line; ``say`` takes the calls."""
    calls = traceback.extract_tb(error.__traceback__)
    if say is not None:
        for call in traceback.format_list(calls[-CALLS_TOLD:]):
            say(call.rstrip('\n'))
    text = traceback.format_exception_only(error)[0].strip().replace('\n', ' ')
    return f'{text}, raised in {calls[-1].name} ({Path(calls[-1].filename).name})'
