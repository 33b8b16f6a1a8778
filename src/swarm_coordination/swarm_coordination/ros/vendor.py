# SPDX-License-Identifier: Apache-2.0
"""Makers' message packages, imported only by the adapter that runs; missed with a clear word."""

from __future__ import annotations

import importlib
from typing import Any

from swarm_coordination.errors import ConfigurationError


def load(package: str, part: str, where: str) -> Any:
    """Return ``<package>.<part>``; raises ConfigurationError, saying where it comes from."""
    try:
        return importlib.import_module(f'{package}.{part}')
    except ImportError as error:
        raise ConfigurationError(
            'environment', package, None, f'importable: build and source {where}'
        ) from error
