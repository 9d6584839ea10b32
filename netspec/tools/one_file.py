"""Writes a spec, the values that override it, and what it imports as the text of one file. Floor 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netspec.library.shelf.plugins import enable_plugins
from netspec.resolve import resolve
from netspec.resolve.imports import Project
from netspec.resolve.inlining import inline
from netspec.resolve.overrides import override
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.syntax.spec_file import parse_spec_as_meant


def write_one_file(source: Source, values: Mapping[str, str], train: str | None = None, plugins: Sequence[str] = ()) -> str:
    """The text, with one `train` section. Claims are of the spec as written: with values they are left out. The spec has no errors.

    Raises `Mistake` where two of its files give one name to different blocks.
    """
    with enable_plugins(plugins):
        file, _ = parse_spec_as_meant(source)
        assert file is not None  # it was checked
        file, _ = override(file, values, train)
        graph, _ = resolve(file, source, Project(source.path))
        return print_file(inline(graph, train, expects=not values))
