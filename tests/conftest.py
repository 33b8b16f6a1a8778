# SPDX-License-Identifier: Apache-2.0
"""What every test run starts with."""

import signal

import pytest


def pytest_configure():
    """
    Let Ctrl-C reach the processes that tests start.

    A runner that was itself started in the background of a script ignores SIGINT, and so would
    they.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """
    Part what waits for processes into two lanes (``--dist loadgroup``).

    Tests in network namespaces meet nobody outside; all others share this host's network and run
    one by one, for their timing.
    """
    for item in items:
        lane = 'namespaces' if item.get_closest_marker('root') else 'host'
        item.add_marker(pytest.mark.xdist_group(lane))
