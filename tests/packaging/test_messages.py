# SPDX-License-Identifier: Apache-2.0
"""Every field of a message says its unit, and every bound stands where DDS can check it."""

from pathlib import Path
import re

import pytest

MESSAGES = Path(__file__).resolve().parent.parent.parent / 'src/swarm_msgs'
FILES = sorted([*MESSAGES.glob('msg/*.msg'), *MESSAGES.glob('srv/*.srv')])
FIELD = re.compile(r'^(?P<type>[A-Za-z][\w/<>=\[\]]*)\s+(?P<name>[a-z]\w*)\s*(#.*)?$')
CONSTANT = re.compile(r'^[a-z]\w*\s+[A-Z][A-Z0-9_]*=')
UNIT = re.compile(r'\[[^\]]+\]')
# Words that C++ keeps for itself: rosidl generates members of these names.
CPP_WORDS = frozenset({
    'and', 'auto', 'bool', 'case', 'catch', 'class', 'const', 'continue', 'default', 'delete',
    'do', 'double', 'else', 'enum', 'explicit', 'export', 'extern', 'final', 'float', 'for',
    'friend', 'goto', 'if', 'inline', 'int', 'long', 'mutable', 'namespace', 'new', 'not',
    'operator', 'or', 'override', 'private', 'protected', 'public', 'register', 'return', 'short',
    'signed', 'sizeof', 'static', 'struct', 'switch', 'template', 'this', 'throw', 'try',
    'typedef', 'typename', 'union', 'unsigned', 'using', 'virtual', 'void', 'volatile', 'while',
    'xor',
})


def fields(text):
    """Yield (type, name, comment) of each field; the comment is that above and beside it."""
    comment = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith('#'):
            comment.append(stripped)
            continue
        match = FIELD.match(stripped)
        if match and not CONSTANT.match(stripped):
            yield match['type'], match['name'], ' '.join([*comment, match[3] or ''])
        comment = []


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_field_has_a_comment_with_its_unit(path):
    found = list(fields(path.read_text()))
    assert found
    assert [name for _, name, comment in found
            if not UNIT.search(comment)] == []


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_line_is_a_field_a_constant_or_a_comment(path):
    for line in path.read_text().splitlines():
        stripped = line.strip()
        assert (not stripped or stripped.startswith('#') or stripped == '---'
                or CONSTANT.match(stripped) or FIELD.match(stripped)), line


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_sequence_is_bounded(path):
    assert [name for type_, name, _ in fields(path.read_text()) if type_.endswith('[]')] == []


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_no_field_has_the_name_of_a_cpp_keyword(path):
    assert [name for _, name, _ in fields(path.read_text()) if name in CPP_WORDS] == []


def test_the_build_file_lists_every_interface_and_no_other():
    listed = re.findall(r'"((?:msg|srv)/\w+\.(?:msg|srv))"',
                        (MESSAGES / 'CMakeLists.txt').read_text())
    assert listed == sorted(str(path.relative_to(MESSAGES)) for path in FILES)


def test_a_field_without_a_unit_is_found():
    found = list(fields('# How far.\nfloat32 distance\n'))
    assert [name for _, name, comment in found if not UNIT.search(comment)] == ['distance']
