# SPDX-License-Identifier: Apache-2.0
"""
The radio as rules of nftables: which share of the packets between two bridge ports is dropped.

The bridge hands a multicast packet to each port apart, so that a rule for a pair of ports holds
for unicast and multicast alike. Discovery is lost as frames are: it is all the same air.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TABLE = 'swarm'
CHAIN = 'forward'
# Shares are told in thousandths: finer than any radio model is right.
PARTS = 1000


def create() -> str:
    """Return the commands that make the table, with nothing dropped yet."""
    return (
        f'add table bridge {TABLE}\n'
        f'add chain bridge {TABLE} {CHAIN} '
        '{ type filter hook forward priority 0; policy accept; }\n'
    )


def losses(matrix: Sequence[Sequence[float]]) -> dict[tuple[int, int], int]:
    """Return the thousandths lost from sender to receiver, where there are any."""
    found = {}
    for sender, row in enumerate(matrix):
        for receiver, chance in enumerate(row):
            lost = round((1.0 - chance) * PARTS)
            if sender != receiver and lost > 0:
                found[(sender, receiver)] = min(PARTS, lost)
    return found


def update(lost: Mapping[tuple[int, int], int], ports: Sequence[str]) -> str:
    """Return the commands that put these losses in force, all at once."""
    lines = [f'flush chain bridge {TABLE} {CHAIN}']
    for (sender, receiver), share in sorted(lost.items()):
        pair = f'iifname "{ports[sender]}" oifname "{ports[receiver]}"'
        draw = '' if share == PARTS else f' numgen random mod {PARTS} < {share}'
        lines.append(f'add rule bridge {TABLE} {CHAIN} {pair}{draw} drop')
    return '\n'.join(lines) + '\n'
