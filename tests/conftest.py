# SPDX-License-Identifier: Apache-2.0
"""What every test run starts with."""

import signal

from hypothesis import settings

# The same examples in every run, and no time limit for any: a busy machine fails nothing.
# `pytest --hypothesis-profile searching` draws others each time.
settings.register_profile('repeatable', deadline=None, derandomize=True)
settings.register_profile('searching', deadline=None)
settings.load_profile('repeatable')


def pytest_configure():
    """
    Let Ctrl-C reach the processes that tests start.

    A runner that was itself started in the background of a script ignores SIGINT, and so would
    they.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
