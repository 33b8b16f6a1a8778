# SPDX-License-Identifier: Apache-2.0
"""No node of ours puts something of its own where rclpy keeps its own."""

import ast
from pathlib import Path

import pytest
from rclpy.lifecycle import LifecycleNode
from swarm_coordination import ros

pytestmark = pytest.mark.ros
BASES = {'Node', 'LifecycleNode', 'ManagedNode', 'Adapter'}


def assigned(tree):
    """Return {class: names that it assigns to self} of the nodes in a module."""
    found = {}
    for one in ast.walk(tree):
        if isinstance(one, ast.ClassDef) and BASES & {getattr(b, 'id', '') for b in one.bases}:
            found[one.name] = {
                node.attr for node in ast.walk(one)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name) and node.value.id == 'self'}
    return found


def test_no_attribute_of_a_node_hides_one_of_rclpys(run):
    runner = run.runner()
    node = LifecycleNode('plain', context=runner.context)
    runner.add(node)
    theirs, seen = set(vars(node)) | set(dir(LifecycleNode)), set()
    for path in Path(ros.__path__[0]).glob('*.py'):
        for name, ours in assigned(ast.parse(path.read_text(encoding='utf-8'))).items():
            assert not ours & theirs, f'{name} of {path.name}'
            seen.add(name)
    assert {'CoordinatorNode', 'GazeboNode', 'Px4Node', 'CrazyflieNode', 'Adapter'} <= seen
