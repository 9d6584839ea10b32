"""What a problem proposes instead of a call that does not fit: pieces of the language made of what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.calls.arguments import TooManyArguments
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.values import Given, OpValue
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.binding import Call, Signature


def unknown_input(use: Call, signature: Signature, name: str, at: Span) -> UnknownArgument:
    """An input that is given before the arrow by a name which the callee's inputs do not have."""
    near = tuple(nearest(name, (*signature.required, *signature.optional)))
    return UnknownArgument(at=at, op=use.name, name=name, near=near, options=signature.required)


def too_many(use: Call, signature: Signature, extra: Given | tree.Arg, free: list[str]) -> TooManyArguments:
    """More positional arguments than params."""
    at = extra.span if isinstance(extra, Given) else extra.value.span
    return TooManyArguments(at=at, op=use.name, signature=signature.text(), listed=listed(use, free))


def listed(use: Call, free: list[str]) -> str:
    """`reshape(x, B, 64)` with its numbers in a list, where that is what the op takes; else nothing."""
    if not isinstance(use.value, OpValue) or not free or any(a.name for a in use.args):
        return ""
    wanted = next((a.type for a in use.value.entry.signature if a.name == free[0]), "")
    if not wanted.startswith("list[int]"):
        return ""
    texts = [a.value.span.text for a in use.args]
    inputs = [] if use.chained else texts[: len(use.value.entry.inputs)]
    numbers = ", ".join(texts[len(inputs) :])
    return f"{use.name}({', '.join([*inputs, f'[{numbers}]'])})"
