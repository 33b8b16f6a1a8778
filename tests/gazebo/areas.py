# SPDX-License-Identifier: Apache-2.0
"""A swarm file with everything that an area may hold, and worlds built as launch builds them."""

import json
from pathlib import Path
import tempfile

from swarm_coordination.gazebo.built import world_sdf
from swarm_coordination.gazebo.worlds import load_world, solid_and_marked, swarm_file_in

SWARM = {
    'all': {},
    'robot_types': {'holonomic': {'kind': 'holonomic'}},
    'robots': {
        'robot1': {'type': 'holonomic', 'start': {'x_m': 0.0, 'y_m': 0.0}},
        'robot2': {'type': 'holonomic', 'start': {'x_m': 2.0, 'y_m': -3.0}},
    },
}
EVERYTHING = {
    'obstacles': [
        {'name': 'shed', 'shape': 'box', 'x_m': 4.0, 'y_m': 1.0, 'size_x_m': 2.0,
         'size_y_m': 3.0, 'yaw_rad': 0.3, 'high_m': 3.0, 'low_m': 0.0},
        {'name': 'mast', 'shape': 'cylinder', 'x_m': -3.0, 'y_m': 0.0, 'radius_m': 0.4,
         'high_m': 8.0},
        {'name': 'lake <side>', 'shape': 'polygon', 'corners': [[8, -9], [12, -9], [9, -6]]},
        {'name': 'beam', 'shape': 'box', 'x_m': 0.0, 'y_m': -12.0, 'size_x_m': 6.0,
         'size_y_m': 0.4, 'low_m': 2.0, 'high_m': 3.0},
        {'name': 'cellar', 'shape': 'cylinder', 'x_m': 9.0, 'y_m': 9.0, 'radius_m': 1.0,
         'low_m': -3.0, 'high_m': -1.0},
    ],
    'keep_out': [{'name': 'crowd', 'corners': [[0, 9], [6, 9], [3, 12]]}],
    'stay_in': [[-20, -20], [20, -20], [20, 20], [-20, 20]],
}


def written(folder, area=None, **more):
    """Return a swarm file with that area."""
    path = Path(folder) / 'given.yaml'
    path.write_text(json.dumps({**SWARM, **({'area': area} if area else {}), **more}))
    return str(path)


def built(name, area=None):
    """Return the SDF text of a world with the area of a swarm file in it."""
    world = load_world(name)
    with tempfile.TemporaryDirectory() as folder:
        source = swarm_file_in(written(folder, area), {}, world)
        return world_sdf(name, world.ground_m, *solid_and_marked(source))
