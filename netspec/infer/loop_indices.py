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
from netspec.syntax.tree_walk import descendants

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
        inside = find_inside(node, problem.at)
        ways = (*keep_loop(node, inside, problem.at), way)
        return RepeatIndex(at=problem.at, name=name, count=node.count.span.text, ways=ways, trail=problem.trail)
    return problem


def find_inside(node: tree.Repeat, at: Span) -> list[tree.Expr]:
    """The expressions of a loop's body that hold the guilty text, the outermost first."""
    return [
        e for e in descendants(node.body) if isinstance(e, tree.Call | tree.Index) and e.span.start <= at.start and at.end <= e.span.end
    ]


def keep_loop(node: tree.Repeat, inside: Sequence[tree.Expr], at: Span) -> list[Repair]:
    """What the running program can do with the index: a scalar is broadcast, and a list of numbers is read as a table."""
    if at.source.pointers is not None:
        return []
    for found in reversed(inside):
        if isinstance(found, tree.Call) and found.callee.text == "full" and len(found.args) == 2:
            shape, value = (arg.value.span.text for arg in found.args)
            text = f"broadcast_to({value}, {shape})"
            return [Repair((Edit(found.span, text),), text)]
        if isinstance(found, tree.Index) and isinstance(found.value, tree.Name) and len(found.items) == 1:
            return [make_table(node, found, node.count.span.text)]
    return []


def make_table(node: tree.Repeat, found: tree.Index, count: str) -> Repair:
    """A buffer of a list's numbers, declared before the loop, which is read by the index."""
    source, name = found.span.source, found.value.span.text
    start = Span(source, node.span.start, node.span.start)
    line = source.text.rfind("\n", 0, start.start) + 1
    indent = source.text[line : start.start] if not source.text[line : start.start].strip() else ""
    table = next(n for n in ("table", f"{name}_table", f"{name}_numbers") if not re.search(rf"\b{n}\b", source.text))
    buffer = f"buffer {table}: f32[len({name})] = from_values({name})"
    read = f"{table}[{found.items[0].span.text}]"
    edits = (Edit(start, f"{buffer}\n{indent}" if indent else f"{buffer}; "), Edit(found.span, read))
    return Repair(edits, f"`{buffer}` before the loop, and `{read}` in it")


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
