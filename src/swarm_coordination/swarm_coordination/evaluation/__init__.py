# SPDX-License-Identifier: Apache-2.0
"""
Evaluation of the controller over many seeds: every robot on its own table, one compiled step.

``kernels/`` holds the mathematics of ``control/`` and of the mesh's tables once more, over arrays;
tests hold both equal. Nothing a robot runs imports this package.
"""
