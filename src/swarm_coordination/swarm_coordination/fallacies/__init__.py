# SPDX-License-Identifier: Apache-2.0
"""
The eight fallacies of distributed computing (Deutsch, Gosling) as one suite.

``catalogue`` says what is done to the network for each, ``run`` plays them in virtual time or on
processes in network namespaces and makes one row of each.
"""
