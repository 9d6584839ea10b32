"""Short ways to go from text to JSON and back in tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.twin import parse_json, to_json


def tree_of(text: str) -> tree.File | None:
    """The tree of a spec's text, None where it has problems."""
    file, problems = parse(Source("m.net", text))
    return None if problems else file


def json_of(text: str) -> str:
    """The JSON twin of a text without problems."""
    file = tree_of(text)
    assert file is not None
    written, problems = to_json(file)
    assert not problems
    return written


def read(text: str) -> tuple[tree.File | None, list[Diagnostic]]:
    return parse_json(Source("m.json", text))


def read_data(data: Any) -> tuple[tree.File | None, list[Diagnostic]]:
    return read(json.dumps(data))


def slugs(data: Any) -> list[str]:
    """The problems of plain data as a spec."""
    return [p.slug() for p in read_data(data)[1]]


def pointers(data: Any) -> list[str | None]:
    """Where they stand."""
    return [p.at.pointer for p in read_data(data)[1]]


def statement(**keys: Any) -> dict[str, Any]:
    """A spec whose model has one statement."""
    return {"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": [keys]}]}


def value(expression: Any) -> dict[str, Any]:
    """A spec whose model has one binding of this value."""
    return statement(kind="binding", targets=["y"], value=expression)


def comes_back(text: str) -> None:
    """text -> JSON -> text is what the formatter makes of it, and the JSON of that is the same."""
    file = tree_of(text)
    assert file is not None
    written = json_of(text)
    again, problems = read(written)
    assert not problems and again is not None, [(p.message(), str(p.at)) for p in problems]
    assert print_file(again) == print_file(file)
    assert to_json(again)[0] == written


def below(data: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield data
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for part in inside:
        yield from below(part)
