# SPDX-License-Identifier: Apache-2.0
"""
``swarm bench cluster``: five real processes with durable storage, and others' five beside them.

A member process, ours or another system's, takes orders as JSON lines on its standard input and
tells what happens as JSON lines on its standard output: who leads since when (by the host's steady
clock, which all processes share), and what a load came to.
"""
