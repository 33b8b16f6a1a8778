# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/wire.md, read by a program: records of frame and disk, constants."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any, NamedTuple

PAGE = Path(__file__).resolve().parents[3] / 'docs' / 'wire.md'
REQUIRED = object()

_BOUNDS = re.compile(r'([-\d^]+)\.\.([-\d^]+)')
_MANY = re.compile(r'\[(\d+)\*(\d+) (\w+)\]')
_FIELD = re.compile(r'  (\w+): (.+?)(?: = ([^,]+))?,(?: +;.*)?')
_DEFAULTS = {'nil': None, 'false': False, '0': 0, '[]': [], "h''": b''}


class Kind(NamedTuple):
    """
    What a field may hold.

    ``shape``: 'number', 'text', 'bytes', 'bool', 'record' or 'many' records, with ``low`` and
    ``high`` as bounds of the number, the length or the count. ``record``: whose. ``nil``: or
    nothing.
    """

    shape: str
    low: int = 0
    high: int = 0
    record: str = ''
    nil: bool = False


class Field(NamedTuple):
    """One field of a record of the body; ``default`` is REQUIRED where it has none."""

    name: str
    kind: Kind
    default: Any


class Constant(NamedTuple):
    """One value of section 9, with its unit, and what it is called in the code."""

    value: float
    unit: str
    name: str


def section(number: int) -> str:
    """Return the text of a section of the page."""
    parts = re.split(r'^## (\d+)\. .*$', PAGE.read_text(encoding='utf-8'), flags=re.MULTILINE)
    return parts[parts.index(str(number)) + 1]


def whole(text: str) -> int:
    """Return a number such as 12, -10^9 or 2^62-1."""
    match = re.fullmatch(r'(-?)(\d+)(?:\^(\d+))?(?:-(\d+))?', text)
    if match is None:
        raise ValueError(f'{text!r} is no number of the page')
    sign, base, power, less = match.groups()
    value = int(base) ** int(power or 1) - int(less or 0)
    return -value if sign else value


def records() -> dict[str, tuple[Field, ...]]:
    """Return the records of the body (section 2), by name."""
    (block,) = re.findall(r'^```\n(.*?)^```$', section(2), re.MULTILINE | re.DOTALL)
    numbers: dict[str, Kind] = {}
    found: dict[str, tuple[Field, ...]] = {}
    fields: list[Field] = []
    name = ''
    for line in block.splitlines():
        named = re.fullmatch(r'(\w+) = (\S+)(?: +;.*)?', line)
        if named and named[2] == '[':
            name, fields = named[1], []
        elif named:
            numbers[named[1]] = _kind(named[2], {})
        elif line == ']':
            found[name] = tuple(fields)
        elif line:
            match = _FIELD.fullmatch(line)
            assert match is not None, f'not a field: {line!r}'
            default = REQUIRED if match[3] is None else _DEFAULTS[match[3]]
            fields.append(Field(match[1], _kind(match[2], numbers), default))
    return found


def _kind(text: str, numbers: dict[str, Kind]) -> Kind:
    if text.endswith(' / nil'):
        return _kind(text[:-6], numbers)._replace(nil=True)
    if text in numbers:
        return numbers[text]
    if text == 'bool':
        return Kind('bool')
    if bounds := _BOUNDS.fullmatch(text):
        return Kind('number', whole(bounds[1]), whole(bounds[2]))
    if many := _MANY.fullmatch(text):
        return Kind('many', int(many[1]), int(many[2]), many[3])
    shape, _, rest = text.partition(' ')
    if shape in ('text', 'bytes') and (bounds := _BOUNDS.fullmatch(rest)):
        return Kind(shape, whole(bounds[1]), whole(bounds[2]))
    assert text.isalnum() and text[0].isupper(), f'not a kind: {text!r}'
    return Kind('record', record=text)


def disk_records() -> dict[int, tuple[str, tuple[tuple[str, str], ...]]]:
    """Return the records of the disk (section 7) by kind: their names, and fields with forms."""
    found = {}
    for line in section(7).splitlines():
        row = re.fullmatch(r'\| (\d+) \| `(\w+)`[^|]* \| ([^|]+) \|', line)
        if row:
            words = [part.split() for part in row[3].split(', ')]
            fields = tuple((word[0], word[1] if len(word) > 1 else 'sized') for word in words)
            found[int(row[1])] = (row[2], fields)
    return found


def shared_settings() -> dict[str, dict[str, Any]]:
    """Return the shared settings of parameters.md with their defaults, by group."""
    types = {'number': float, 'whole number': int, 'text': str}
    found: dict[str, dict[str, Any]] = {}
    for line in (PAGE.parent / 'parameters.md').read_text(encoding='utf-8').splitlines():
        cells = [cell.strip().strip('`') for cell in line.split('|')]
        if len(cells) == 9 and cells[6] == 'shared':
            group, _, name = cells[1].partition('.')
            found.setdefault(group, {})[name] = types[cells[2]](cells[3])
    return found


def constants() -> list[Constant]:
    """Return the constants of section 9, in the order of the page."""
    found = []
    for line in section(9).splitlines():
        if not line.startswith('| ') or '`' not in line:
            continue
        _, _, values, names, _ = (cell.strip() for cell in line.split('|'))
        numbers, unit = re.fullmatch(r'(.+?)(?: ([a-z]+))?', values).groups(default='')
        called = re.findall(r'`([^`]+)`', names)
        given = [float(n) if '.' in n else whole(n) for n in numbers.split(', ')]
        # A unit stands for the whole row, but where one of the row is a bare count.
        assert len(given) == len(called), f'{len(given)} values of {len(called)} names: {line}'
        found += [Constant(value, unit, name) for value, name in zip(given, called)]
    return found
