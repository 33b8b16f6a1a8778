# SPDX-License-Identifier: Apache-2.0
"""What a robot cannot do it refuses in its answer; the process goes on."""

from types import SimpleNamespace

from swarm_coordination.errors import ProposalRefused
from swarm_coordination.live.operator_services import OperatorServices
from swarm_coordination.transport.messages import messages


def test_a_stop_that_cannot_be_raised_is_refused_with_the_reason():
    served = {}
    bus = SimpleNamespace(
        types=messages(), active=True, clock=SimpleNamespace(now=lambda: 1),
        serve=lambda kind, name, call: served.update({name: call}),
    )

    def stop(level, now):
        raise ProposalRefused('no counter left')

    core = SimpleNamespace(storage_id=7, stop=stop)
    OperatorServices(bus, core, lambda now: None, (), lambda: 0)
    answers = []
    served['stop'](bus.types.services.SetStop.Request(level=2), answers.append)
    (answer,) = answers
    assert (answer.accepted, answer.message) == (False, 'no counter left')
    assert answer.error and answer.issuer == 7
