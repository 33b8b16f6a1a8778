# SPDX-License-Identifier: Apache-2.0
"""Formation control: nominal law, certified link release, half-spaces, exact projection."""
