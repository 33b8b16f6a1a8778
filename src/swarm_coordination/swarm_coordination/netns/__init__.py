# SPDX-License-Identifier: Apache-2.0
"""
Real partitions: every robot in a network namespace of its own, packets dropped by the kernel.

``namespaces`` makes and removes them, ``rules`` turns the radio into packet-filter rules,
``network`` joins both to a run.
"""
