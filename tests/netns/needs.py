# SPDX-License-Identifier: Apache-2.0
"""What a test in network namespaces needs, and what it says where that is missing."""

import os
import shutil
import subprocess

import pytest


def missing():
    """Return what is missing here; '' where nothing is."""
    if os.geteuid() != 0:
        return 'needs root'
    for program, package in (('ip', 'iproute2'), ('nft', 'nftables')):
        if shutil.which(program) is None:
            return f'{program} is missing: apt-get install {package}'
    tried = subprocess.run(['unshare', '--net', 'nft', 'add', 'table', 'bridge', 'swarm'],
                           capture_output=True, text=True, check=False)
    return f'not allowed in this container: {tried.stderr}' if tried.returncode else ''


MISSING = missing()
MARKS = (pytest.mark.root, pytest.mark.skipif(bool(MISSING), reason=MISSING or 'all is there'))
