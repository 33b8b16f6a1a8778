# SPDX-License-Identifier: Apache-2.0
"""One line on a terminal that tells how far a long command has come."""

from __future__ import annotations

import sys


def progress(text: str) -> None:
    """Show one line on a terminal, each over the last; an empty one clears it."""
    if sys.stderr.isatty():
        print(f'\r{text:78}', end='' if text else '\r', file=sys.stderr, flush=True)
