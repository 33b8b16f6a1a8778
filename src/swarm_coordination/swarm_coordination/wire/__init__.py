# SPDX-License-Identifier: Apache-2.0
"""Frames as authenticated bytes: msgpack under keyed BLAKE2b, schema taken from the core."""
