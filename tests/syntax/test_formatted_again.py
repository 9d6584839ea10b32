"""What the formatter writes is read again, says the same, and is not changed a second time: texts for which this was once otherwise."""

from __future__ import annotations

import pytest

from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.tree_walk import all_comments, strip_parens
from tests.syntax.texts import in_model

DEEP = {
    "a chain's head in 64 brackets": ["y = " + "f(" * 63 + "a + b -> g" + ")" * 63],
    "a chain's head in as many lists": ["y = " + "[" * 63 + "not a -> g" + "]" * 63],
    "chains in chains": ["y = " + "f(a + b -> g(" * 31 + "[a + b -> g]" + "))" * 31],
    "an `if` as an operand": ["y = " + "f(" * 62 + "a + if c { a } else { b }" + ")" * 62],
    "a dict as an operand": ["y = " + "f(" * 61 + "a + {k: [b]}" + ")" * 61],
    "parentheses that are needed": ["y = " + "f(" * 62 + "(a + b) * (c + d) -> g" + ")" * 62],
}
"""Texts of 64 brackets inside one another (the body's is one), to which the formatter would add a pair in a shallower one."""
OTHER = {
    "a comment in a param's chain": ["param p: layer = f", "  -> g  # first", "  # second", "  -> h"],
    "a comment in the chain of a `for`": ["for i in f", "  -> g  # first", "  # second", "  -> h {", "  x = i", "}"],
    "a comment in the chain of a `repeat`": ["repeat f", "  -> g  # first", "  -> h as i {", "  x = i", "}"],
    "a name twice, once in a chain that gets parentheses": ["y = f(a + b -> g) + a -> h"],
    "a name twice in a chain that stays wrong": ["y = f(a + a -> g) + b -> h"],
}


@pytest.mark.parametrize("lines", [*DEEP.values(), *OTHER.values()], ids=[*DEEP, *OTHER])
def test_formatted_again(lines: list[str]) -> None:
    file, problems = parse(Source("m.net", in_model(*lines)))
    assert file is not None and not [p for p in problems if p.slug() != "residual-needs-parentheses"]
    text = print_file(file)
    again, worse = parse(Source("m.net", text))
    assert again is not None and len(worse) <= len(problems), [p.message() for p in worse]
    assert strip_parens(again) == strip_parens(file)
    assert all_comments(again) == all_comments(file)
    assert print_file(again) == text


def test_parentheses_are_spared_only_where_there_is_no_room() -> None:
    file, _ = parse(Source("m.net", in_model("y = f(a + b -> g)")))
    assert file is not None and "f((a + b) -> g)" in print_file(file)
