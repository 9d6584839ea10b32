"""Writes calls of other libraries' functions in our words: sums of two tensors, axes one by one, layers in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.suggestions.nearest import squash
from netspec.resolve.foreign.calls import Written
from netspec.syntax import tree

_SIGNS = {"add": "+", "subtract": "-", "sub": "-", "multiply": "*", "mul": "*", "divide": "/", "div": "/"}


def propose_functions(call: Written, name: str) -> Iterator[Repair]:
    """Ways to write the call of a function that the shelf has not under this name."""
    word, texts = squash(name.rpartition(".")[2]), [arg.value.span.text for arg in call.args]
    for text in _write(word, call, texts):
        yield Repair((Edit(call.span, text),), text)


def _write(word: str, call: Written, texts: list[str]) -> Iterator[str]:
    if word in _SIGNS and not call.staged:
        items = call.args[0].value.items if len(call.args) == 1 and isinstance(call.args[0].value, tree.ListExpr | tree.TupleExpr) else ()
        parts = [item.span.text for item in items] or texts
        if len(parts) > 1:
            joined = f" {_SIGNS[word]} ".join(
                part if re.fullmatch(r"[\w.\[\]:, -]+|\w+\([^()]*\)", part) else f"({part})" for part in parts
            )
            whole = re.match(r"\s*(\n|$|#|,|\))", call.span.source.text[call.span.end :]) is not None
            yield joined if whole and re.search(r"[=(,]\s*$|output\s+$", call.span.source.text[: call.span.start][-80:]) else f"({joined})"
    tensors = [] if call.staged else texts[:1]
    rest = texts[len(tensors) :]
    if word in ("permute", "permutedims") and rest:
        axes = ", ".join(rest).strip("()[]").rstrip(", ")
        yield f"transpose({', '.join([*tensors, f'[{axes}]'])})"
    if word == "unsqueeze" and len(rest) == 1:
        yield f"expand_dims({', '.join([*tensors, f'axis={rest[0]}'])})"
    if word in ("timedistributed", "lambda") and call.staged and len(call.args) == 1:
        yield texts[0]  # a layer works along all axes but the last, and a function is a stage by its name
    if word == "sequential" and call.staged and texts:
        items = call.args[0].value.items if len(call.args) == 1 and isinstance(call.args[0].value, tree.ListExpr) else ()
        yield " -> ".join([item.span.text for item in items] or texts)
