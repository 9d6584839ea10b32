"""Short ways to write specs in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.net"))


def read(text: str) -> tuple[tree.File, list[Diagnostic]]:
    file, problems = parse(Source("m.net", text))
    assert file is not None
    return file, problems


def clean(text: str) -> tree.File:
    """The tree of a text without problems."""
    file, problems = read(text)
    assert not problems, [(p.slug(), str(p.at), p.message()) for p in problems]
    return file


def in_model(*lines: str) -> str:
    return "netspec 1\n\nmodel M {\n" + "".join(f"  {line}\n" if line else "\n" for line in lines) + "}\n"


def statements(*lines: str) -> tuple[Any, ...]:
    """The statements that lines of a model give."""
    section = clean(in_model(*lines)).sections[0]
    assert isinstance(section, tree.Model)
    return section.body.statements


def value(text: str) -> Any:
    """The expression of a text."""
    (statement,) = statements(f"y = {text}")
    return statement.value


def slugs(text: str) -> list[str]:
    return [p.slug() for p in read(text)[1]]


def formatted(text: str) -> str:
    return print_file(clean(text))
