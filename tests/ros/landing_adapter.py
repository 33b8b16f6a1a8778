# SPDX-License-Identifier: Apache-2.0
"""
A Crazyflie's adapter with its robot in the air: ``python -m ros.landing_adapter FILE``.

It writes to the file what it asks Crazyswarm2 for, which is left out.
"""

from pathlib import Path
import sys
from types import SimpleNamespace

from ros.test_adapter_wiring import CRAZYFLIE, Crazyflie
from swarm_coordination.ros import crazyflie_main, crazyflie_node

FILE = Path(sys.argv.pop(1))


class Flying(Crazyflie):
    """One that flies by its set-points."""

    def __init__(self, runner, **_):
        super().__init__(runner)
        self.core_clock.due_ns = lambda _: 2**62
        assert self.say_fly(True).success is False  # no pose yet
        self.run(0.1)
        assert self.say_fly(True).success
        self.run(1.0)
        FILE.write_text('flies\n')

    def _call(self, ask):
        with FILE.open('a') as said:
            said.write(f'{ask.name}\n')
        return super()._call(ask)


if __name__ == '__main__':
    crazyflie_node.load = lambda *_: SimpleNamespace(**CRAZYFLIE)
    crazyflie_main.CrazyflieNode = Flying
    sys.exit(crazyflie_main.main())
