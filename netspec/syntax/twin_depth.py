"""Holds a spec in JSON to the limits of depth that hold for its text: objects inside one another are brackets inside one another there."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.text.characters import TooLarge
from netspec.json_text import Item
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Source
from netspec.syntax import tree


def find_too_deep(root: Item, file: tree.File) -> list[Diagnostic]:
    """The problem of the first section that no text could say within the limits."""
    if not may_be_deep(root):
        return []
    return [replace(problem, at=section.span) for section in file.sections for problem in section_problems(section)][:1]


def may_be_deep(root: Item) -> bool:
    """Whether objects, lists and the brackets of strings together could pass the limit; most specs are far from it."""
    stack = [(root, 0)]
    while stack:
        item, level = stack.pop()
        if isinstance(item.value, str):
            level += sum(item.value.count(sign) for sign in "([{")
        if level > LIMITS.brackets:
            return True
        stack += [(inner, level + 1) for inner in inner_items(item)]
    return False


def inner_items(item: Item) -> Iterator[Item]:
    """The values of a list or an object."""
    if isinstance(item.value, list):
        yield from item.value
    elif isinstance(item.value, dict):
        yield from (member.item for member in item.value.values())


def section_problems(section: tree.Section) -> Iterator[Diagnostic]:
    """What the reader of text would say of the depth of a section."""
    from netspec.syntax.lexer import lex
    from netspec.syntax.printer import print_file

    text = print_file(tree.File(1, (section,)))
    return (problem for problem in lex(Source("", text)).problems if isinstance(problem, TooLarge))
