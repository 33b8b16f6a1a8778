# SPDX-License-Identifier: Apache-2.0
"""Packages that a launch starts programs of, where there is no Gazebo and no rviz."""

import sys

PROGRAM = """#!{python}
import json, signal, subprocess, sys, time
with open({calls!r}, 'a') as calls:
    calls.write('- ' + json.dumps(sys.argv[1:]) + '\\n')
if {status!r} is not None:
    sys.exit({status!r})
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
# As Gazebo does: a process that no launch knows of, here one that heeds no request.
subprocess.Popen(
    ['sh', '-c', "trap '' INT TERM HUP; sleep 300 & wait"], start_new_session=True)
time.sleep(300.0)  # whatever becomes of the launch
"""
LAUNCH = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration

def start(context):
    words = LaunchConfiguration('gz_args').perform(context).split()
    assert LaunchConfiguration('on_exit_shutdown').perform(context) == 'true'
    return [ExecuteProcess(cmd=[{program!r}, *words], name='gazebo', on_exit=Shutdown())]

def generate_launch_description():
    return LaunchDescription([
        *(DeclareLaunchArgument(name) for name in ('gz_args', 'on_exit_shutdown')),
        OpaqueFunction(function=start),
    ])
"""


def packages(folder, programs):
    """
    Write packages, each with its programs and the status that they end with; return the prefix.

    None: it stays until it is told to end. Each writes its words to ``folder/<program>.calls``.
    """
    prefix = folder / 'stand_ins'
    for package, inside in programs.items():
        index = prefix / 'share/ament_index/resource_index/packages'
        index.mkdir(parents=True, exist_ok=True)
        (index / package).touch()
        library = prefix / 'lib' / package
        library.mkdir(parents=True)
        for name, status in inside.items():
            path = library / name
            calls = str(folder / f'{name}.calls')
            path.write_text(PROGRAM.format(python=sys.executable, calls=calls, status=status))
            path.chmod(0o755)
    return prefix


def ros_gz(folder, create=0):
    """
    Write ros_gz_sim and ros_gz_bridge; return the prefix.

    ``create`` ends with that status, the others stay until they are told to end.
    """
    prefix = packages(folder, {
        'ros_gz_sim': {'create': create, 'gazebo': None},
        'ros_gz_bridge': {'parameter_bridge': None},
    })
    launch = prefix / 'share/ros_gz_sim/launch'
    launch.mkdir(parents=True)
    gazebo = str(prefix / 'lib/ros_gz_sim/gazebo')
    (launch / 'gz_sim.launch.py').write_text(LAUNCH.format(program=gazebo))
    return prefix
