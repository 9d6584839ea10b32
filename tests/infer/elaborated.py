"""Small specs and what the elaborator makes of them."""

from __future__ import annotations

from typing import Any

from netspec.ir import Apply
from tests.infer.specs import body, op, problems


def of_image(expression: str) -> str:
    return f"model M {{\n  input x: f32[B, 6, 8, 5]\n  output y = {expression}\n}}\n"


def said(text: str) -> list[tuple[str, str]]:
    """Slug and blamed words of every problem."""
    return [(p.slug(), p.at.text) for p in problems(text)]


def wires(statements: str) -> list[tuple[Any, ...]]:
    return [n.inputs for n in body(statements).nodes if isinstance(n, Apply)]


def size(expression: str) -> int:
    """A static value, as the width of a dense layer."""
    return op(body(f"  n = {expression}\n  output y = x -> dense(n)")).features
