# SPDX-License-Identifier: Apache-2.0
"""Real processes for tests: started, logged, and all ended at the end of the test."""

import json
import os
import subprocess
import sys
import time

import psutil
from swarm_coordination.live.lifetime import bound_to_this_process
from swarm_coordination.live.starting import python


class Processes:
    """The processes of one test in one folder; all ended at its end."""

    def __init__(self, folder, environment=None):
        self.folder = folder
        self.environment = environment  # None: that of this process when one is started
        self.cwd = None  # where they begin; None: where this process is
        self.processes, self.left = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for process in self.left:  # a test that failed because they live on
            if process.is_running():
                process.kill()

    def start(self, name, *command):
        """
        Start a process of Python that ends with the test; its output goes to ``name.log``.

        As ``swarm`` itself, it finds no modules in the folder where it begins.
        """
        words = [str(word) for word in command]
        whole = python(*words[1:]) if words[0] == '-m' else [sys.executable, *words]
        base = os.environ if self.environment is None else self.environment
        with self.log(name).open('wb') as output:
            process = subprocess.Popen(
                whole, stdout=output, stderr=subprocess.STDOUT, cwd=self.cwd,
                env=bound_to_this_process(base),
            )
        self.processes.append(process)
        return process

    def log(self, name):
        """Return the file with the output of a process."""
        return self.folder / f'{name}.log'

    def play(self, name, scenario, *options, verb='demo'):
        """Start a demo by its command; return the process and the folder it writes to."""
        out = self.folder / name
        command = ('-m', 'swarm_coordination.cli.main', verb, scenario, '--out', out, *options)
        return self.start(name, *command), out

    def seconds_to_end(self, number, below, name, scenario, *options, settle_s=0.0):
        """
        Start a demo of ``below`` processes, send it a signal; return until when all were gone.

        In seconds from the signal, which comes ``settle_s`` after the last of them has begun.
        """
        process, _ = self.play(name, scenario, *options)
        assert wait_for(lambda: len(children(process.pid)) == below, 30.0)
        time.sleep(settle_s)
        self.left = children(process.pid)
        sent_s = time.monotonic()
        process.send_signal(number)
        assert wait_for(lambda: process.poll() is not None and gone(self.left), 30.0), self.left
        return time.monotonic() - sent_s

    def judged(self, process, out, seconds, backend='ros', entries=5):
        """
        Wait for a demo's end and return its report, every expectation of which held.

        ``entries``: as many as everybody has on its disk at least.
        """
        process.wait(seconds)
        said = self.log(out.name).read_text()
        assert (out / 'report.json').exists(), said
        report = json.loads((out / 'report.json').read_text())
        failed = [e for e in report['expectations'] if not e['ok']]
        assert (process.returncode, failed) == (0, []), said
        assert (report['ok'], report['backend']) == (True, backend)
        assert len(report['expectations']) > 10
        # On every robot's disk stands what it had applied.
        assert set(report['disk_entries']) == set(report['robots'])
        assert min(report['disk_entries'].values()) >= entries
        assert all(report['processes'][robot]['memory_mb'] > 10 for robot in report['robots'])
        assert (out / 'robot1.log').exists()
        assert (out / 'trajectories.png').stat().st_size > 1000
        return report


def trap(folder):
    """Fill a folder with modules that nobody shall run; return the file they write if one is."""
    ran = folder / 'ran'
    bite = f'open({str(ran)!r}, "a").write(__file__ + "\\n")\nraise SystemExit(99)\n'
    for name in ('numpy', 'runpy', 'psutil', 'rclpy', 'yaml'):
        (folder / f'{name}.py').write_text(bite)
    (folder / 'swarm_coordination').mkdir()
    (folder / 'swarm_coordination' / '__init__.py').write_text(bite)
    return ran


def wait_for(condition, seconds):
    """Wait until ``condition()`` holds; return whether it came to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def quickest(attempt, bound_s, attempts=3):
    """
    Return how long ``attempt(number)`` took: the first that kept to a bound, else the shortest.

    An attempt returns seconds. A busy host makes one of them late; what is slow itself, all.
    """
    took = []
    while len(took) < attempts and not (took and took[-1] <= bound_s):
        took.append(attempt(len(took)))
    return min(took)


def children(pid):
    """Return the processes below ``pid``."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(processes):
    """Whether every one of ``processes`` has ended (a zombie has)."""
    return all(
        not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        for process in processes
    )
