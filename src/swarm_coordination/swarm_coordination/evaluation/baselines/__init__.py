# SPDX-License-Identifier: Apache-2.0
"""Other people's methods on the same starts and goals; nothing else of the project needs them."""
