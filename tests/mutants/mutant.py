# SPDX-License-Identifier: Apache-2.0
"""
What a mutant is.

A mutant is a function that is handed ``put(owner, name, value)`` (monkeypatch's ``setattr``) and
replaces what keeps its rule. ``profile`` names the campaign that has to find it, and ``seed`` the
first seed of it that did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Put = Callable[[Any, str, Any], None]


class Mutant(NamedTuple):
    """``breaks``: the rule, for people."""

    breaks: str
    apply: Callable[[Put], None]
    seed: int
    profile: str = 'general'
