# SPDX-License-Identifier: Apache-2.0
"""A bag says of itself what is in it, in rosbag2's words, with whole definitions."""

from mcap.reader import make_reader
import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.recording.bag import BagWriter, full_definition, offered_qos, Recorded
from swarm_coordination.transport import profiles
import yaml

TEXTS = {
    'a_msgs/msg/Path': 'std_msgs/Header header\nPoint[<=4] points  # of this one\nfloat64 x=1.0',
    'a_msgs/msg/Point': 'float64 x\nstring<=32 name\nuint8[16] hash\nuint8 KIND=3\n',
    'std_msgs/msg/Header': 'builtin_interfaces/Time stamp\nstring frame_id',
    'builtin_interfaces/msg/Time': 'int32 sec\nuint32 nanosec',
}
TOPICS = [
    Recorded('/path', 'a_msgs/msg/Path', profiles.LOG),
    Recorded('/point', 'a_msgs/msg/Point', profiles.STATE_OFFERED),
    Recorded('/silent', 'a_msgs/msg/Point', profiles.STATE),
]


@pytest.fixture
def bag(tmp_path):
    """Give the folder of a bag with three messages."""
    writer = BagWriter(tmp_path / 'flight', TOPICS, TEXTS.__getitem__)
    writer.add('/path', b'\x00\x01first', 1_000)
    writer.add('/point', b'\x00\x01second', 2_000)
    writer.add('/path', b'\x00\x01third', 4_500)
    writer.close()
    return tmp_path / 'flight'


def test_a_definition_brings_all_that_it_is_made_of_each_once():
    text = full_definition('a_msgs/msg/Path', TEXTS.__getitem__)
    parts = text.split('=' * 80 + '\n')
    assert [part.splitlines()[0] for part in parts[1:]] == [
        'MSG: std_msgs/Header', 'MSG: a_msgs/Point', 'MSG: builtin_interfaces/Time']
    assert parts[0].startswith('std_msgs/Header header')


def test_messages_stand_in_the_file_as_they_came(bag):
    with (bag / 'flight_0.mcap').open('rb') as file:
        reader = make_reader(file)
        assert reader.get_header().profile == 'ros2'
        found = [(channel.topic, schema.name, schema.encoding, channel.message_encoding,
                  message.data, message.log_time)
                 for schema, channel, message in reader.iter_messages()]
    assert found[0] == ('/path', 'a_msgs/msg/Path', 'ros2msg', 'cdr', b'\x00\x01first', 1_000)
    assert [one[4] for one in found] == [b'\x00\x01first', b'\x00\x01second', b'\x00\x01third']


def test_the_metadata_count_what_is_there(bag):
    told = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert told['version'] == 5
    assert told['storage_identifier'] == 'mcap'
    assert told['message_count'] == 3
    assert told['starting_time']['nanoseconds_since_epoch'] == 1_000
    assert told['duration']['nanoseconds'] == 3_500
    counts = {t['topic_metadata']['name']: t['message_count']
              for t in told['topics_with_message_count']}
    assert counts == {'/path': 2, '/point': 1, '/silent': 0}
    for path in told['relative_file_paths']:
        assert (bag / path).is_file()


@pytest.mark.parametrize(('profile', 'reliability', 'durability', 'deadline'), [
    (profiles.LOG, 1, 1, 9_223_372_036), (profiles.STATE, 2, 2, 9_223_372_036),
    (profiles.STATUS_OFFERED, 2, 2, 2)])
def test_the_offered_quality_is_that_of_the_topic(profile, reliability, durability, deadline):
    (told,) = yaml.safe_load(offered_qos(profile))
    assert (told['history'], told['depth']) == (1, profile.depth)
    assert (told['reliability'], told['durability']) == (reliability, durability)
    assert told['deadline']['sec'] == deadline


def test_a_folder_that_exists_is_not_written_over(bag):
    with pytest.raises(ConfigurationError, match='a new folder'):
        BagWriter(bag, TOPICS, TEXTS.__getitem__)
