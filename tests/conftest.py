# SPDX-License-Identifier: Apache-2.0
"""What every test run starts with."""

import signal


def pytest_configure():
    """
    Let Ctrl-C reach the processes that tests start.

    A runner that was itself started in the background of a script ignores SIGINT, and so would
    they.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
