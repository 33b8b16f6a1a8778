# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Run every check of the project and end with one summary; the exit status says whether all held.

Steps: ruff, mypy, the fast tests (in parallel), the tests that start ROS nodes or need root
(one by one, for their timing), the campaign of faults, the colcon builds. Tests of nodes wait more
than they compute: those in network namespaces, which meet nobody outside, and those marked
``beside`` run beside the others. Campaign and builds run from the beginning, on the processor time
that all of them leave. The output of what ran beside follows. A failed step does not stop the next
ones. The output of pytest goes through; that of ruff and mypy is shown where they complain.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
# Not under build/: colcon test-result counts every result file that it finds there.
REPORTS = ROOT / 'out' / 'test-reports'
# pytest's status when no test was selected.
NO_TESTS = 5
# Where tests with the marks of the slower steps stand: to look for them elsewhere would take each
# of these steps ten seconds of a core (tests/packaging/test_lanes.py: there are none elsewhere).
NODES = ('tests/dds', 'tests/fallacies', 'tests/launching', 'tests/netns', 'tests/packaging',
         'tests/ros')
BUILDS = ('tests/packaging',)
# With a sourced ROS 2 the pytest plugins of its own packages stand in sys.path, written for
# another pytest: ours are named one by one, in either case, so that both run the same.
PLUGINS = ('xdist', 'xdist.looponfail', 'pytest_timeout', '_hypothesis_pytestplugin')


class Step(NamedTuple):
    """One command of the run."""

    name: str
    group: str  # what --only selects
    command: tuple[str, ...]
    report: Path | None = None  # JUnit file of a pytest step
    # 'idle': from the beginning, on the processor time that the others leave; 'low': likewise, but
    # with a little of its own, for what has a time limit; 'equal': beside the last of the others,
    # the tests of nodes, which wait more than they compute.
    beside: str = ''


class Outcome(NamedTuple):
    """What became of one step."""

    step: Step
    code: int
    seconds: float
    passed: int
    failed: int
    skipped: int


def main() -> int:
    """Run the selected steps and print the summary; return the exit status."""
    options = _options()
    REPORTS.mkdir(parents=True, exist_ok=True)
    selected = [step for step in steps(options) if options.only in (None, step.group)]
    outcomes = _run_beside(selected) if options.only is None else [_run(s) for s in selected]
    _summarise(outcomes)
    return 0 if all(outcome.code == 0 for outcome in outcomes) else 1


def _run_beside(selected: list[Step]) -> list[Outcome]:
    """Run the steps in turn, but some beside the others."""
    *first, last = [step for step in selected if not step.beside]
    equals = [step for step in selected if step.beside == 'equal']
    yielding = [step for step in selected if step.beside in ('low', 'idle')]
    # A thread for each: none waits for another, so Ctrl-C, which ends what runs, begins nothing.
    with ThreadPoolExecutor(len(equals) + len(yielding)) as pool:
        left = [pool.submit(_run, step, _output(step)) for step in yielding]
        outcomes = [_run(step) for step in first]
        waiting = [pool.submit(_run, step, _output(step)) for step in equals]
        outcomes.append(_run(last))
        for step, future in zip(equals + yielding, waiting + left):
            outcomes.append(future.result())
            print(f'\n=== {step.name} ===')
            sys.stdout.write(_output(step).read_text(errors='replace'))
    return outcomes


def _output(step: Step) -> Path:
    return REPORTS / f'{step.name.replace(" ", "-")}.txt'


def steps(options: argparse.Namespace) -> list[Step]:
    """Return all steps in the order in which they run."""
    python = sys.executable
    slow = '' if options.slow else ' and not slow'
    return [
        Step('ruff', 'lint', (python, '-m', 'ruff', 'check', '--quiet',
                              '--output-format', 'concise')),
        Step('mypy', 'lint', (python, '-m', 'mypy')),
        _pytest('ament rules', 'lint', '', 'tests/packaging/test_style.py'),
        _pytest('fast tests', 'fast', f'not ros and not dds and not root and not colcon{slow}',
                '-n', str(options.jobs), '--ignore=tests/packaging/test_style.py'),
        _pytest('DDS and ROS tests', 'ros',
                f'(ros or dds) and not root and not beside and not colcon{slow}', *NODES),
        _pytest('namespaces', 'ros', f'(root or beside){slow}', *NODES)._replace(beside='equal'),
        _pytest('colcon builds', 'colcon', f'colcon{slow}', *BUILDS)._replace(beside='low'),
        Step('campaign', 'check', (python, '-m', 'swarm_coordination.cli.main', 'check',
                                   '--profile', 'small', '--seeds', '0..199',
                                   '--jobs', str(options.jobs)), beside='idle'),
    ]


def _pytest(name: str, group: str, marks: str, *extra: str) -> Step:
    report = REPORTS / (name.replace(' ', '-') + '.xml')
    plugins = [word for plugin in PLUGINS for word in ('-p', plugin)]
    return Step(name, group, (sys.executable, '-m', 'pytest', *plugins, '-m', marks, '--quiet',
                              f'--junit-xml={report}', *extra), report)


def _run(step: Step, output: Path | None = None) -> Outcome:
    """Run a step; what it prints goes to ``output`` where that is given."""
    if step.report is not None:
        step.report.unlink(missing_ok=True)
    started = time.monotonic()
    if output is None:
        print(f'\n=== {step.name} ===', flush=True)
        code = subprocess.run(step.command, cwd=ROOT, env=_environment(), check=False).returncode
    else:
        # The interpreter yields before it becomes the command: all that this starts inherits it.
        first = (sys.executable, __file__, '--yielding', step.beside)
        command = step.command if step.beside == 'equal' else (*first, *step.command)
        with output.open('wb') as file:
            code = subprocess.run(command, cwd=ROOT, env=_environment(), check=False,
                                  stdout=file, stderr=subprocess.STDOUT).returncode
    seconds = time.monotonic() - started
    if code == NO_TESTS:
        print(f'{step.name}: no test was found')
    return Outcome(step, code, seconds, *_counts(step.report))


def _become(how: str, command: list[str]) -> None:
    """Replace this process by a command that yields to the others."""
    if how == 'low':
        os.nice(10)  # a tenth of what others get
    elif hasattr(os, 'SCHED_IDLE'):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)
    os.execv(command[0], command)


def _environment() -> dict[str, str]:
    """Return the environment of the checks: this host only, whatever the shell says."""
    env = dict(os.environ)
    env['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'
    env['ROS_LOG_DIR'] = str(ROOT / 'build' / 'ros-logs')
    env['FASTDDS_BUILTIN_TRANSPORTS'] = 'UDPv4'
    if env.get('ROS_DISTRO') == 'humble':
        env['ROS_LOCALHOST_ONLY'] = '1'
    else:
        env['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    # What an activated environment would set: colcon and the ament tools stand in its bin.
    env['PATH'] = f'{Path(sys.executable).parent}{os.pathsep}{env.get("PATH", os.defpath)}'
    return env


def _counts(report: Path | None) -> tuple[int, int, int]:
    """Return (passed, failed, skipped) of a JUnit file."""
    if report is None or not report.exists():
        return 0, 0, 0
    total = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter('testsuite'):
        total += int(suite.get('tests', 0))
        failed += int(suite.get('failures', 0)) + int(suite.get('errors', 0))
        skipped += int(suite.get('skipped', 0))
    return total - failed - skipped, failed, skipped


def _summarise(outcomes: list[Outcome]) -> None:
    print('\n=== summary ===')
    for outcome in outcomes:
        verdict = 'ok' if outcome.code == 0 else 'FAILED'
        tests = (f'{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped'
                 if outcome.step.report else '')
        if outcome.code < 0:  # then there is no report, and the counts are no news
            tests = f'ended by {signal.Signals(-outcome.code).name}'
        print(f'{verdict:7} {outcome.step.name:20} {outcome.seconds:6.1f} s  {tests}'.rstrip())
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    broken = [outcome.step.name for outcome in outcomes if outcome.code != 0]
    if broken:
        print('not all held: ' + ', '.join(broken))
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='run every check of the project')
    parser.add_argument('--only', choices=('lint', 'fast', 'ros', 'check', 'colcon'),
                        help='run one group of steps')
    parser.add_argument('--slow', action='store_true', help='the tests marked slow too')
    parser.add_argument('--jobs', type=int, default=min(4, os.cpu_count() or 1),
                        help='processes of the fast tests (default: one per core, at most 4)')
    return parser.parse_args()


if __name__ == '__main__':
    if sys.argv[1:2] == ['--yielding']:
        _become(sys.argv[2], sys.argv[3:])
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
