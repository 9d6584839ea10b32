"""Answers small questions about trees, and makes trees without what does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from netspec.record import fields, replace
from netspec.syntax import tree


def drop_parens(node: Any) -> Any:
    """An expression without the parentheses around it."""
    while isinstance(node, tree.Paren):
        node = node.inner
    return node


def strip_parens(node: Any) -> Any:
    """A node without any `Paren` inside: two specs that mean the same but for redundant parentheses give equal nodes."""
    node = drop_parens(node)
    if isinstance(node, tuple):
        return tuple(strip_parens(n) for n in node)
    if not isinstance(node, tree.Node | tree.Comments):
        return node
    changed = {f.name: strip_parens(getattr(node, f.name)) for f in fields(node) if f.compare}
    return replace(node, **changed)


def strip_remarks(node: Any) -> Any:
    """A node without its comments and line breaks, nor those of anything inside."""
    if isinstance(node, tuple):
        return tuple(strip_remarks(n) for n in node)
    if not isinstance(node, tree.Node):
        return node
    silent = {"comments": tree.NO_COMMENTS, "trailing": (), "blank_before": False, "newline_before": False}
    changed = {f.name: silent[f.name] if f.name in silent else strip_remarks(getattr(node, f.name)) for f in fields(node)}
    return replace(node, **changed)


def children(node: Any) -> Iterator[tree.Node]:
    """The nodes right below a node."""
    for f in fields(node):
        value = getattr(node, f.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, tree.Node):
                yield child


def descendants(node: tree.Node) -> Iterator[tree.Node]:
    """A node and all below it, parents first. Does not recurse."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack += reversed(list(children(top)))


def residual_name(head: tree.Expr) -> str | None:
    """A name that occurs twice in an operator expression, outside of its parentheses: `x` in `x + x -> norm`.

    What the formatter puts in parentheses, an `if`, a dict or the head of a chain inside, counts as standing in them.
    """
    stack: list[tree.Node] = [head]
    names = Counter()
    while stack:
        node = stack.pop()
        if isinstance(node, tree.Name):
            names[node.text] += 1
        elif isinstance(node, tree.Chain) and parenthesised_head(node.head):
            stack += node.stages
        elif not isinstance(node, tree.Paren | tree.If | tree.DictExpr):
            stack += [c for c in children(node) if not isinstance(node, tree.Call) or c is not node.callee]  # type: ignore[misc]
    return next((name for name, count in names.items() if count > 1), None)


def parenthesised_head(head: tree.Expr) -> bool:
    """Whether the formatter puts a chain's head in parentheses: every operator expression but the residual typo, which stays a problem."""
    return isinstance(head, tree.Unary) or (isinstance(head, tree.Binary) and residual_name(head) is None)


def all_comments(file: tree.File) -> Counter[str]:
    """Every comment of a file and how often it occurs."""
    found: Counter[str] = Counter()
    for node in descendants(file):
        comments = getattr(node, "comments", tree.NO_COMMENTS)
        found.update([*comments.before, comments.after, *getattr(node, "trailing", ())])
    del found[""]
    return found
