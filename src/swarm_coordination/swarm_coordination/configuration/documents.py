# SPDX-License-Identifier: Apache-2.0
"""YAML documents, read strictly: bounded size, text keys, and no key twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from swarm_coordination.errors import ConfigurationError
import yaml

# Our largest file has a few hundred lines; anything larger is another file by mistake.
FILE_BYTES_MAX = 200_000


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML values only; refuses what a reader would overlook."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node; an alias is an error: nested ones grow without bound."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, 'aliases are not read', mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of ``node``; a repeated or non-text key is an error."""
        seen: dict[str, yaml.Mark | None] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int):
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {key!r} is neither text nor a number', key_node.start_mark
                )
            if str(key) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {key!r} stands there twice', key_node.start_mark
                )
            seen[str(key)] = key_node.start_mark
        return super().construct_mapping(node, deep)


def load_document(path: Path) -> Any:
    """Return the only document in the YAML file; raises ConfigurationError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            str(path), 'file', error.strerror or 'unreadable', 'a file that can be read'
        ) from error
    if len(data) > FILE_BYTES_MAX:
        raise ConfigurationError(
            str(path), 'file', f'{len(data)} bytes', f'at most {FILE_BYTES_MAX} bytes'
        )
    return parse_document(data, str(path))


def parse_document(data: bytes, source: str) -> Any:
    """Return the document in ``data``; raises ConfigurationError with line and column."""
    try:
        # A subclass of SafeLoader: it makes plain values only.
        return yaml.load(data, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f'line {mark.line + 1}, column {mark.column + 1}' if mark else 'file'
        raise ConfigurationError(source, where, error.problem, 'valid YAML') from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            source, 'file', ' '.join(str(error).split())[:200], 'valid YAML in UTF-8'
        ) from error
