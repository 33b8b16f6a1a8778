# SPDX-License-Identifier: Apache-2.0
"""Somebody else reads our bags: the library rosbags where there is no rosbag2, else rosbag2."""

from geometry_msgs.msg import PoseStamped
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from swarm_coordination.live.recorded_topics import recorded_topics
from swarm_coordination.recording.bag import BagWriter
from swarm_coordination.ros.recorder import definition, is_known
from swarm_msgs.msg import NeighborState, NeighborTable, RobotStatus
import yaml

pytestmark = pytest.mark.ros
BEGAN_NS = 10**18
STATUS = [RobotStatus(name='robot1', term=k, voters=['robot1', 'robot2'], quorum=True)
          for k in range(5)]
# What BagMetadata of rosbag2 0.15 (Humble, metadata version 5) and 0.26 (Jazzy, version 9) read of
# a file of version 5: rosbag2_storage/src/rosbag2_storage/metadata_io.cpp and
# include/rosbag2_storage/yaml.hpp, `decode`. Jazzy asks for more from version 6 on only.
METADATA = {
    'version': int, 'storage_identifier': str, 'duration': dict, 'starting_time': dict,
    'message_count': int, 'topics_with_message_count': list, 'relative_file_paths': list,
    'compression_format': str, 'compression_mode': str, 'files': list,
}
TOPIC = {'name': str, 'type': str, 'serialization_format': str, 'offered_qos_profiles': str}
FILE = {'path': str, 'starting_time': dict, 'duration': dict, 'message_count': int}
# rosbag2_storage/src/rosbag2_storage/qos.cpp: numbers up to version 8.
QOS = {'history': int, 'depth': int, 'reliability': int, 'durability': int, 'deadline': dict,
       'lifespan': dict, 'liveliness': int, 'liveliness_lease_duration': dict,
       'avoid_ros_namespace_conventions': bool}


@pytest.fixture
def bag(tmp_path):
    """Give a bag of a robot: five states, a table of neighbours and a pose."""
    folder = tmp_path / 'flight'
    writer = BagWriter(folder, recorded_topics(['robot1'], is_known), definition)
    for k, status in enumerate(STATUS):
        writer.add('/robot1/status', serialize_message(status), BEGAN_NS + k * 10**8)
    neighbor = NeighborState(name='robot2', links=[3, 4], age_bound_s=0.25)
    table = NeighborTable(monotonic_ns=7, neighbors=[neighbor])
    writer.add('/robot1/neighbors', serialize_message(table), BEGAN_NS + 6 * 10**8)
    pose = PoseStamped()
    pose.header.frame_id, pose.pose.position.x = 'map', 1.5
    writer.add('/robot1/pose', serialize_message(pose), BEGAN_NS + 10**9)
    writer.close()
    return folder


def assert_fields(found, wanted):
    """Hold a mapping to have these fields of these types, and no other."""
    assert set(found) == set(wanted)
    for field, kind in wanted.items():
        assert type(found[field]) is kind, field


def test_the_metadata_has_the_fields_that_rosbag2_of_every_release_decodes(bag):
    text = (bag / 'metadata.yaml').read_text()
    assert '&id' not in text  # no aliases: other readers refuse them
    (told,) = yaml.safe_load(text).values()
    assert list(yaml.safe_load(text)) == ['rosbag2_bagfile_information']
    assert_fields(told, METADATA)
    assert (told['version'], told['storage_identifier']) == (5, 'mcap')
    for topic in told['topics_with_message_count']:
        assert_fields(topic, {'topic_metadata': dict, 'message_count': int})
        assert_fields(topic['topic_metadata'], TOPIC)
        (profile,) = yaml.safe_load(topic['topic_metadata']['offered_qos_profiles'])
        assert_fields(profile, QOS)
    for file in told['files']:
        assert_fields(file, FILE)
        assert (bag / file['path']).is_file()
    assert told['relative_file_paths'] == [file['path'] for file in told['files']]
    for times in (told, *told['files']):
        assert times['starting_time'] == {'nanoseconds_since_epoch': BEGAN_NS}
        assert times['duration'] == {'nanoseconds': 10**9}


def test_the_library_rosbags_reads_topics_qos_times_and_messages(bag):
    rosbag2 = pytest.importorskip('rosbags.rosbag2', reason='rosbags is missing: make setup')
    from rosbags.highlevel import AnyReader

    with rosbag2.Reader(bag) as reader:
        counts = {one.topic: one.msgcount for one in reader.connections if one.msgcount}
        assert counts == {'/robot1/status': 5, '/robot1/neighbors': 1, '/robot1/pose': 1}
        assert (reader.start_time, reader.message_count) == (BEGAN_NS, 7)
        (profile,) = next(one for one in reader.connections
                          if one.topic == '/robot1/log').ext.offered_qos_profiles
        assert (profile.depth, profile.reliability.name, profile.durability.name) == (
            1000, 'RELIABLE', 'TRANSIENT_LOCAL')
    # No type is known to it beforehand: all it decodes, it decodes by the bag's own definitions.
    with AnyReader([bag]) as reader:
        read = [(one.topic, at, reader.deserialize(data, one.msgtype))
                for one, at, data in reader.messages()]
    assert [at for _, at, _ in read] == [
        *(BEGAN_NS + k * 10**8 for k in (0, 1, 2, 3, 4, 6)), BEGAN_NS + 10**9]
    assert [(m.name, m.term, m.quorum, list(m.voters)) for _, _, m in read[:5]] == [
        ('robot1', k, True, ['robot1', 'robot2']) for k in range(5)]
    (neighbor,) = read[5][2].neighbors
    assert (neighbor.name, list(neighbor.links), neighbor.age_bound_s) == ('robot2', [3, 4], 0.25)
    assert (read[6][2].header.frame_id, read[6][2].pose.position.x) == ('map', 1.5)


def test_rosbag2_itself_reads_them(bag):
    rosbag2 = pytest.importorskip(
        'rosbag2_py', reason='rosbag2_py is missing: it has no wheel, source ROS 2')
    reader = rosbag2.SequentialReader()
    reader.open(rosbag2.StorageOptions(uri=str(bag), storage_id='mcap'),
                rosbag2.ConverterOptions('cdr', 'cdr'))
    assert {one.name for one in reader.get_all_topics_and_types()} == {
        one.topic for one in recorded_topics(['robot1'], is_known)}
    topic, data, at = reader.read_next()
    assert (topic, at) == ('/robot1/status', BEGAN_NS)
    assert deserialize_message(data, RobotStatus) == STATUS[0]
