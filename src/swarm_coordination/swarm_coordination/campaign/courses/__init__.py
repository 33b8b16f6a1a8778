# SPDX-License-Identifier: Apache-2.0
"""
Courses that no random schedule meets within a reasonable time, led by hand; the seed varies them.

One module is one course; ``courses.py`` names them. Each provokes one rule on purpose, so the
unbroken core passes it, and a core with that rule broken does not.
"""
