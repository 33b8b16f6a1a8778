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
"""

from __future__ import annotations

import numba

compiled = numba.njit(cache=True, error_model='numpy', _nrt=False)
# For what stands at one place or is a few operations: arrays in named tuples are dear to pass.
inlined = numba.njit(cache=True, error_model='numpy', _nrt=False, inline='always')
allocating = numba.njit(cache=True, error_model='numpy', _nrt=True)
