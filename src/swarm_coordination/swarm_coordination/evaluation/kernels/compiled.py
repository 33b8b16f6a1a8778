# SPDX-License-Identifier: Apache-2.0
"""
How kernels are compiled.

Results are kept on disk (see the package). Divisions follow IEEE 754 like NumPy's: a check for
zero before each of them costs branches, and keeps loops from being vectorised. No fast-math: the
same operations in the same order as in ``control``.

Kernels work on arrays that their callers own, and neither make nor return any. So nothing in them
counts references: an atomic operation at every view of a row took two thirds of their time. numba
has this as an option of the compiler (``_nrt``, its run time for memory); a kernel that would make
an array after all does not compile. The few that do make some say ``allocating``.

That option is numba's own, not of its documented interface: requirements/runtime.in bounds the
version that has been tried. Without it kernels count again: the same results, at half the speed.
"""

from __future__ import annotations

import numba


def counting(target: object, on: bool) -> dict[str, bool]:
    """Return the option that says whether to count where ``target``, of all options, has it."""
    return {'_nrt': on} if hasattr(target, '_nrt') else {}


# What numba knows for its usual target; asked for as it may move, like the option itself.
_TARGET = getattr(getattr(getattr(numba, 'core', None), 'cpu', None), 'CPUTargetOptions', None)
_UNCOUNTED = counting(_TARGET, False)

compiled = numba.njit(cache=True, error_model='numpy', **_UNCOUNTED)
# For what stands at one place or is a few operations: arrays in named tuples are dear to pass.
inlined = numba.njit(cache=True, error_model='numpy', inline='always', **_UNCOUNTED)
# Said of them, for a kernel is compiled by the options of who calls it otherwise.
allocating = numba.njit(cache=True, error_model='numpy', **counting(_TARGET, True))
