# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/wire.md say what the code does: fields, order, bounds, constants."""

from __future__ import annotations

import importlib
import re
import types
import typing
from typing import Annotated, Any, get_args, get_origin, Union

from swarm_coordination import persistence
from swarm_coordination.bounds import Range, Size
from swarm_coordination.units import NS_PER_S
from swarm_coordination.wire.body import Body
from wire.by_the_page import frames, logs, tables
from wire.by_the_page.tables import Field, Kind

SHAPES = {int: 'number', str: 'text', bytes: 'bytes', bool: 'bool'}


def kind_of(hint: Any, bounds: Any = (0, 0)) -> Kind:
    """Return what the code's annotation of a field allows, as the page says it."""
    if get_origin(hint) is Annotated:
        inner, *annotated = get_args(hint)
        (bound,) = (part for part in annotated if isinstance(part, Range | Size))
        return kind_of(inner, bound)
    if get_origin(hint) in (Union, types.UnionType):
        (some,) = (part for part in get_args(hint) if part is not types.NoneType)
        return kind_of(some)._replace(nil=True)
    if get_origin(hint) is tuple:
        return Kind('many', *bounds, get_args(hint)[0].__name__)
    if hint in SHAPES:
        return Kind(SHAPES[hint], *bounds)
    return Kind('record', record=hint.__name__)


def records_of(core: Any, found: dict[str, tuple[Field, ...]]) -> None:
    """Collect a record of the code, and all that it is made of."""
    fields = []
    for name, hint in typing.get_type_hints(core, include_extras=True).items():
        default = core._field_defaults.get(name, tables.REQUIRED)
        fields.append(Field(name, kind_of(hint), [] if default == () else default))
        for part in parts_of(hint):
            records_of(part, found)
    found[core.__name__] = tuple(fields)


def parts_of(hint: Any) -> list[Any]:
    """Return the records in an annotation."""
    if isinstance(hint, type) and hasattr(hint, '_fields'):
        return [hint]
    return [part for inner in get_args(hint) for part in parts_of(inner)]


def test_the_records_of_the_page_are_those_of_the_code() -> None:
    found: dict[str, tuple[Field, ...]] = {}
    records_of(Body, found)
    page = tables.records()
    assert set(page) == set(found)
    for name, fields in found.items():
        assert page[name] == fields, name


def test_every_record_of_a_disk_stands_on_the_page() -> None:
    named = {name for name, _ in tables.disk_records().values()}
    assert named == {kind.__name__ for kind in typing.get_args(persistence.Record)}


def code(name: str) -> Any:
    """Return a constant of the code by its path."""
    module, _, attribute = name.rpartition('.')
    return getattr(importlib.import_module(f'swarm_coordination.{module}'), attribute)


def test_every_constant_of_the_page_is_that_of_the_code() -> None:
    constants = tables.constants()
    assert len({constant.name for constant in constants}) == len(constants) > 60
    for value, unit, name in constants:
        if name.endswith('_NS'):
            assert unit == 's', name
            value = value * NS_PER_S
        assert code(name) == value, name


def test_what_is_made_of_the_page_goes_by_its_constants() -> None:
    said = {constant.name: constant.value for constant in tables.constants()}
    assert said['wire.codec.MAJOR'] == frames.MAJOR
    assert said['wire.codec.MINOR'] == frames.MINOR
    assert said['wire.codec.FRAME_BYTES_MAX'] == frames.LONGEST
    assert said['mission.snapshot.SNAPSHOT_BYTES_MAX'] == logs.STATE_MAX
    assert said['bounds.ID_MAX'] == logs.ID_MAX
    assert said['bounds.COUNTER_MAX'] == logs.COUNTER_MAX


def test_sections_are_numbered_and_all_pages_lead_here() -> None:
    text = tables.PAGE.read_text(encoding='utf-8')
    numbers = re.findall(r'^## (\d+)\. ', text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    for other in ('docs/protocol.md', 'docs/storage.md', 'docs/mesh.md', 'README.md'):
        page = tables.PAGE.parent.parent / other
        assert 'wire.md' in page.read_text(encoding='utf-8'), other
