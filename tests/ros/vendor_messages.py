# SPDX-License-Identifier: Apache-2.0
"""
Stand-ins for the makers' message packages, generated and built for a test, never installed.

They have the names, types and constants that the adapters use, of px4_msgs (PX4 1.16) and of
Crazyswarm2's crazyflie_interfaces; the real packages have more fields.
"""

import os
from pathlib import Path
import subprocess
import sys

PX4 = {
    'msg/BatteryStatus.msg': (
        'uint64 timestamp\nbool connected\nfloat32 voltage_v\nfloat32 current_a\n'
        'float32 remaining\n'),
    'msg/OffboardControlMode.msg': 'uint64 timestamp\nbool position\nbool velocity\n',
    'msg/TrajectorySetpoint.msg': (
        'uint64 timestamp\nfloat32[3] position\nfloat32[3] velocity\nfloat32[3] acceleration\n'
        'float32 yaw\nfloat32 yawspeed\n'),
    'msg/VehicleCommand.msg': (
        'uint64 timestamp\nfloat32 param1\nfloat32 param2\nuint32 command\nuint8 target_system\n'
        'uint8 target_component\nuint8 source_system\nuint16 source_component\n'
        'bool from_external\n'),
    'msg/VehicleLocalPosition.msg': (
        'uint64 timestamp\nbool xy_valid\nbool z_valid\nfloat32 x\nfloat32 y\nfloat32 z\n'
        'float32 vx\nfloat32 vy\nfloat32 vz\nfloat32 heading\nbool heading_good_for_control\n'
        'bool xy_global\nfloat64 ref_lat\nfloat64 ref_lon\nfloat32 ref_alt\n'),
    'msg/VehicleStatus.msg': (
        'uint64 timestamp\nuint8 ARMING_STATE_ARMED=2\nuint8 arming_state\nuint8 nav_state\n'),
}
CRAZYFLIE = {
    'msg/FullState.msg': (
        'std_msgs/Header header\ngeometry_msgs/Pose pose\ngeometry_msgs/Twist twist\n'
        'geometry_msgs/Vector3 acc\n'),
    'srv/NotifySetpointsStop.srv': 'uint8 group_mask\nuint32 remain_valid_millisecs\n---\n',
    'srv/Land.srv': (
        'uint8 group_mask\nfloat32 height\nbuiltin_interfaces/Duration duration\n---\n'),
}
PACKAGES = {'px4_msgs': PX4, 'crazyflie_interfaces': CRAZYFLIE}
NEEDS = ('builtin_interfaces', 'std_msgs', 'geometry_msgs')
CMAKE = """cmake_minimum_required(VERSION 3.16)
project({name})
find_package(ament_cmake REQUIRED)
{find}
find_package(rosidl_default_generators REQUIRED)
rosidl_generate_interfaces({name} {files} DEPENDENCIES {needs})
ament_package()
"""
PACKAGE = """<package format="3">
  <name>{name}</name><version>0.0.0</version><description>Stand-in.</description>
  <maintainer email="nobody@example.org">Nobody</maintainer><license>Apache-2.0</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  {needs}
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
"""


def write(folder, names):
    """Write the packages."""
    for name in names:
        files = PACKAGES[name]
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
        (folder / name / 'CMakeLists.txt').write_text(CMAKE.format(
            name=name, files=' '.join(f'"{path}"' for path in files), needs=' '.join(NEEDS),
            find='\n'.join(f'find_package({one} REQUIRED)' for one in NEEDS)))
        (folder / name / 'package.xml').write_text(PACKAGE.format(
            name=name, needs=''.join(f'<depend>{one}</depend>' for one in NEEDS)))


def build(folder, names):
    """Build them with colcon; return the environment in which processes find them."""
    write(folder / 'src', names)
    prefix = folder / 'prefix'
    env = dict(os.environ)
    if 'ROS_DISTRO' not in env:
        env['AMENT_PREFIX_PATH'] = env['CMAKE_PREFIX_PATH'] = sys.prefix
    env['PATH'] = f'{Path(sys.prefix) / "bin"}{os.pathsep}{env["PATH"]}'
    done = subprocess.run(
        ['colcon', '--log-base', str(folder / 'log'), 'build', '--base-paths',
         str(folder / 'src'), '--build-base', str(folder / 'build'), '--install-base',
         str(prefix), '--merge-install', '--cmake-args', '-DBUILD_TESTING=OFF',
         '-DCMAKE_CXX_FLAGS=-O0', '-DCMAKE_C_FLAGS=-O0',
         f'-DPython3_EXECUTABLE={sys.executable}', '-Wno-dev'],
        env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    python = prefix / f'lib/python3.{sys.version_info[1]}/site-packages'

    def with_first(name, path):
        return f'{path}{os.pathsep}{os.environ.get(name, "")}'.rstrip(os.pathsep)

    return {
        **os.environ,
        'AMENT_PREFIX_PATH': with_first('AMENT_PREFIX_PATH', prefix),
        'PYTHONPATH': with_first('PYTHONPATH', python),
        'LD_LIBRARY_PATH': with_first('LD_LIBRARY_PATH', prefix / 'lib'),
    }
