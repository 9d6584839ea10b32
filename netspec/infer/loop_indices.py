"""Tells where the index of a `repeat`, a number of the running program, stands where a number is wanted that is known before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.calls.loops import RepeatIndex
from netspec.diagnostics.shapes.operands import LiteralDoesNotFit, UnequalDtypes, WrongOperand
from netspec.diagnostics.shapes.proofs import BadOperands, NotStatic
from netspec.diagnostics.shapes.sizes import AxisOutOfRange
from netspec.record import replace
from netspec.source import Span
from netspec.syntax import tree

OF_NUMBERS = (BadArgument, BadOperands, LiteralDoesNotFit, NotStatic, WrongOperand)
"""What is said of a tensor where a number is wanted."""


def blame_index(repeats: Sequence[tree.Repeat], problem: Diagnostic) -> Diagnostic:
    """The problem as one of the index of a loop around it, where the guilty text is made of that; else as it is."""
    if isinstance(problem, AxisOutOfRange):
        return blame_compared(repeats, problem)
    if not isinstance(problem, (*OF_NUMBERS, UnequalDtypes)) or (isinstance(problem, WrongOperand) and problem.operand.rank):
        return problem
    if isinstance(problem, BadArgument) and not problem.value.startswith("a tensor"):
        return problem  # the number of one pass
    for node in reversed(repeats):
        name = node.index.name if node.index is not None else ""
        found = find_name(name, problem)
        if not name or found is None:
            continue
        way = unroll(node)
        if isinstance(problem, UnequalDtypes):
            cast = f"cast({name}, f32)"
            return replace(problem, ways=(Repair((Edit(found, cast),), cast), way))
        return RepeatIndex(at=problem.at, name=name, count=node.count.span.text, ways=(way,), trail=problem.trail)
    return problem


def blame_compared(repeats: Sequence[tree.Repeat], problem: AxisOutOfRange) -> Diagnostic:
    """`max(i, 2)`, which takes two numbers where both are known before, and an axis of a tensor."""
    text = problem.at.source.text[: problem.at.start]
    for node in reversed(repeats):
        name = node.index.name if node.index is not None else ""
        found = re.search(rf"\b{problem.op}\(\s*({re.escape(name)})\s*,\s*$", text) if name and not problem.input.rank else None
        if found is not None:
            at = Span(problem.at.source, *found.span(1))
            return RepeatIndex(at=at, name=name, count=node.count.span.text, ways=(unroll(node),), trail=problem.trail)
    return problem


def find_name(name: str, problem: Diagnostic) -> Span | None:
    """Where a name stands in the guilty text; of a number beside it, in its line."""
    at = problem.at
    if isinstance(problem, LiteralDoesNotFit | WrongOperand | UnequalDtypes):
        line = at.source.position(at.start)[0] - 1
        opened = max(at.source.starts[line], at.source.text.rfind("{", 0, at.start) + 1)
        at = Span(at.source, opened, at.end + len(at.source.text[at.end :].partition("\n")[0]))
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", at.text) if name else None
    return Span(at.source, at.start + found.start(), at.start + found.end()) if found else None


def unroll(node: tree.Repeat) -> Repair:
    """The head of a `for` with the same passes."""
    assert node.index is not None
    head = Span(node.span.source, node.span.start, node.index.span.end)
    words = f"for {node.index.name} in range({node.count.span.text})"
    return Repair((Edit(head, words),), words)
