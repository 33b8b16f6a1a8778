# SPDX-License-Identifier: Apache-2.0
"""
The ``swarm`` command.

Exit status: 0 where all went well and every expectation held, 1 where one failed or something
broke, 2 for a wrong command line or configuration, 130 after Ctrl-C. What a verb needs is
imported when it is called, so that ``swarm --help`` answers at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import os
import sys

from swarm_coordination.errors import SwarmError
from swarm_coordination.live.ending import STOPPED_BY_ERROR, told

# Verb: (module, one line of help). Each module has `add_arguments(parser)` and `run(options)`.
VERBS = {
    'simulate': ('simulate', 'play a scenario in virtual time'),
    'demo': ('demo', 'play a scenario on real processes over DDS on this host'),
    'fallacies': ('fallacies', 'play the eight fallacies of distributed computing'),
    'netns': ('netns', 'play a scenario on real processes in network namespaces (root)'),
    'robot': ('robot', 'run one robot as a plain DDS process, without ROS'),
    'evaluate': ('evaluate', 'fly a formation over many seeds and tell how it went'),
    'provision': ('provision', 'write the identities of new robots, before their first start'),
    'preflight': ('preflight', 'check a running swarm before its first motion'),
    'status': ('status', 'print what the robots of a running swarm say of themselves'),
    'propose': ('propose', 'hand a command or a mission to a robot of a running swarm'),
    'hold': ('hold', 'stop a running swarm, without leader or quorum'),
    'transfer': ('transfer', 'have leadership of a running swarm handed to a robot'),
    'snapshot': ('snapshot', 'draw a running swarm into a PNG'),
    'log': ('log', "print what is on a robot's disk, or the log of a running robot"),
    'force-new-cluster': (
        'force_new_cluster', 'make one robot the only voter where a majority is gone for good'
    ),
    'state': ('state', "print the mission state that a robot's disk leads to"),
    'record': ('record', 'record what a running swarm says into a bag (rosbag2, MCAP)'),
    'replay': ('replay', 'feed a recording of calls back into a core, and compare bit for bit'),
    'check': ('check', 'play seeds of faults against the coordination core'),
    'check-history': ('check_history', 'tell whether a recorded history is linearizable'),
    'bench': ('bench', 'measure, and compare with what has to be reached'),
}
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser(given).parse_args(given)
        verb = importlib.import_module(f'swarm_coordination.cli.{VERBS[options.verb][0]}')
        return int(verb.run(options))
    except KeyboardInterrupt:
        print('swarm: interrupted', file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`swarm log DIR | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED_BY_ERROR
    except (SwarmError, OSError) as error:
        return told('swarm', error)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; only the verb on the command line brings its arguments along."""
    parser = argparse.ArgumentParser(prog='swarm', description='A swarm that stays together.')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name, (module, text) in VERBS.items():
        sub = verbs.add_parser(name, help=text, description=text)
        if name in given:
            importlib.import_module(f'swarm_coordination.cli.{module}').add_arguments(sub)
    return parser


if __name__ == '__main__':
    sys.exit(main())
