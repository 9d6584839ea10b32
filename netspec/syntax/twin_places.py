"""Reads pieces of the language inside the strings of a JSON text, and moves their trees and problems to where they stand there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from netspec.diagnostics.base import Diagnostic, Place
from netspec.diagnostics.text.json_twin import BadJsonText
from netspec.json_text import Item
from netspec.source import NO_SOURCE, Meant, Source, Span
from netspec.syntax import tree
from netspec.syntax.fragments import parse_expression, parse_function_param, parse_param_type, parse_tensor_type
from netspec.syntax.lexer import lex
from netspec.syntax.tree_walk import children

Parse = Callable[[str, str], tuple[Any, list[Diagnostic]]]
PARSERS: dict[str, Parse] = {
    "expr": parse_expression,
    "tensor": parse_tensor_type,
    "param_type": parse_param_type,
    "function_param": parse_function_param,
}


def parse_string(item: Item, form: str, start: int = 0) -> tuple[Any, list[Diagnostic]]:
    """The node that a string means from its character `start` on, or None and its problems; all spans are of the JSON text."""
    assert isinstance(item.value, str)
    text = item.value[start:]
    node, found = _parse_piece(PARSERS[form], text)

    def place(span: Span) -> Span:
        return span if span.source is NO_SOURCE else span_inside(item, start + span.start, start + span.end)

    return move_spans(node, place), [move_spans(problem, place) for problem in found]


def _parse_piece(parse: Parse, text: str) -> tuple[Any, list[Diagnostic]]:
    """A comment in an expression would be lost: comments belong to statements and stages."""
    node, found = parse("", text)
    if found or "#" not in text:
        return node, found
    lexed = lex(Source("", text), fragment=True)
    comments = [*(said for _, said in lexed.remarks.inner), *lexed.remarks.after.values()]
    if not comments:
        return node, []
    start = text.rindex(comments[-1])
    at = Span(lexed.source, start, start + len(comments[-1]))
    return None, [BadJsonText(at=at, wanted="a part of an expression", found=at.text, why="comments stand under the key `comments`")]


def span_inside(item: Item, start: int, end: int) -> Span:
    """The characters [start, end) of a string."""
    assert isinstance(item.value, str)
    first, last = item.offset(start), item.offset(end)
    span = Span(item.source, first, last)
    said = item.value[start:end]
    return span if span.text == said else Meant(item.source, first, last, meaning=said)


def move_spans(value: Any, place: Callable[[Span], Span]) -> Any:
    """A node, problem or tuple of them with every span moved."""
    if isinstance(value, Span):
        return place(value)
    if isinstance(value, tuple):
        return tuple(move_spans(v, place) for v in value)
    if not isinstance(value, tree.Node | Diagnostic | Place):
        return value
    changed = {f.name: move_spans(getattr(value, f.name), place) for f in dataclasses.fields(value)}
    return dataclasses.replace(value, **changed)


def depth(node: tree.Node) -> int:
    """How many nodes stand inside one another. Does not recurse."""
    deepest, stack = 0, [(node, 1)]
    while stack:
        top, level = stack.pop()
        deepest = max(deepest, level)
        stack += [(child, level + 1) for child in children(top)]
    return deepest
