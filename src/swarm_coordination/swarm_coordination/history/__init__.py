# SPDX-License-Identifier: Apache-2.0
"""Histories of a shared register: recorded, read, and checked for linearizability."""
