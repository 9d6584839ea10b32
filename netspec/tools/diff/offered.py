"""Compares what two files declare for others to import: no model of theirs shows it. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import ndiff

from netspec.ir import Typed, list_bodies
from netspec.syntax import tree
from netspec.syntax.printer import print_file
from netspec.syntax.tree_walk import strip_parens, strip_remarks
from netspec.tools.diff.difference import DefinitionChange


def compare_offered(before: tuple[tree.File, Typed], after: tuple[tree.File, Typed]) -> tuple[DefinitionChange, ...]:
    """Blocks that no model of either file uses and, where there is no model at all, functions and params, by what they say."""
    used = find_used(before[1]) | find_used(after[1])
    models = any(isinstance(s, tree.Model) for file, _ in (before, after) for s in file.sections)
    old, new = (dict(list_declared(file, used, whole=not models)) for file, _ in (before, after))
    names = dict.fromkeys((*new, *old))
    return tuple(describe(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def find_used(typed: Typed) -> set[str]:
    """The blocks that models are made of."""
    bodies = [*typed.models.values(), *(plan.model for plan in typed.trains)]
    return {inner.name for body in bodies for inner in list_bodies(body)[1:]}


def list_declared(file: tree.File, used: set[str], whole: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What it is called, and its lines in the one style, without comments."""
    for section in file.sections:
        if isinstance(section, tree.Block) and section.name not in used or whole and isinstance(section, tree.Function | tree.Param):
            lines = write_lines(section)
            yield f"{lines[0].split()[0]} {section.name}", lines


def write_lines(section: tree.Section) -> tuple[str, ...]:
    """A section in the one style, without comments and spare parentheses."""
    bare = strip_parens(strip_remarks(section))
    return tuple(print_file(tree.File(1, (bare,))).splitlines()[2:])


def describe(name: str, before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> DefinitionChange:
    """What became of one."""
    if before is None or after is None:
        return DefinitionChange(name, "added" if before is None else "removed")
    lines = [f"{line[:2]}{line[2:].strip()}" for line in ndiff(before, after) if line[:2] in ("- ", "+ ")]
    return DefinitionChange(name, "changed", tuple(lines))
