# SPDX-License-Identifier: Apache-2.0
"""
Scenarios: what happens to a swarm, what is recorded, what must hold; for every backend.

``schema`` reads the YAML file, ``director`` plays it against a ``backend.Backend``, ``recorder``
keeps what happened, ``expectations`` judges the record, ``report`` and ``pictures`` show it.
Nothing here knows whether the robots are objects in virtual time or processes over DDS.
"""
