# SPDX-License-Identifier: Apache-2.0
"""A robot's disk: identity, durable log with chained checksums, and the thread that syncs it."""
