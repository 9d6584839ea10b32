"""Elaborates `require` and `dim`, which say what must hold: in a model it becomes a fact, in a block an obligation of the call."""

from __future__ import annotations

import re

from netspec.diagnostics.calls.conditions import RequireFailed
from netspec.diagnostics.shapes.proofs import CannotDecide, CannotProve, NotStatic
from netspec.infer import expressions
from netspec.infer.arithmetic import COMPARISONS
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, Unknown, describe, describe_short, is_size
from netspec.resolve.expressions import plain_names
from netspec.shape import Dim, Verdict
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def require(frame: Frame, node: tree.Require) -> None:
    """`require a == b and c`: each part must hold."""
    for part in split_conjuncts(node.condition):
        require_part(frame, node, part)


def assume(frame: Frame, node: tree.Assume) -> None:
    """`assume T == S`: taken as a fact, and checked on the sizes that the program is given when it runs. A block's is its model's too."""
    required = tree.Require(node.condition, span=node.span)
    for part in split_conjuncts(node.condition):
        relation = compare_sizes(frame, part)
        if relation is None:
            require_static(frame, required, part)
        elif not isinstance(relation, Unknown):
            record_relation(frame, required, *relation)


def split_conjuncts(node: tree.Expr) -> list[tree.Expr]:
    """The parts of `a and b and c`."""
    if isinstance(node, tree.Paren):
        return split_conjuncts(node.inner)
    if isinstance(node, tree.Binary) and node.op == "and":
        return [*split_conjuncts(node.left), *split_conjuncts(node.right)]
    return [node]


def require_part(frame: Frame, node: tree.Require, part: tree.Expr) -> None:
    """Hold one comparison of sizes, or one static condition."""
    relation = compare_sizes(frame, part)
    if relation is None:
        require_static(frame, node, part)
    elif not isinstance(relation, Unknown):
        require_sizes(frame, node, *relation)


def require_static(frame: Frame, node: tree.Require, part: tree.Expr) -> None:
    """What is true or false before anything runs."""
    value = expressions.evaluate(frame, part)
    if isinstance(value, Unknown):
        return
    if not isinstance(value, bool):
        frame.report(NotStatic(at=part.span, what="what `require` demands", found=describe(value), wanted="true or false"))
        return
    if not value:
        report_failure(frame, node, part)


def compare_sizes(frame: Frame, part: tree.Expr) -> tuple[tree.Binary, Dim, Dim] | Unknown | None:
    """A comparison of sizes with its sides, unknown where a side has a problem, None for any other condition."""
    if not (isinstance(part, tree.Binary) and part.op in COMPARISONS):
        return None
    left, right = expressions.evaluate(frame, part.left), expressions.evaluate(frame, part.right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    return (part, Dim.of(left), Dim.of(right)) if is_size(left) and is_size(right) else None


def require_sizes(frame: Frame, node: tree.Require, part: tree.Binary, left: Dim, right: Dim) -> None:
    """A relation of sizes: a fact of a model, an obligation of a block's caller."""
    verdict = frame.facts.compare(part.op, left, right)
    if verdict is Verdict.REFUTED:
        report_failure(frame, node, part)
    elif verdict is Verdict.UNKNOWN and len(frame.world.stack) > 1:
        frame.report(CannotProve(at=part.span, condition=part.span.text, missing=frame.facts.missing(left, right, part.op)))
        frame.facts = frame.facts.require(part.op, left, right, part.span, part.span.text).facts  # what follows from it stays silent
    elif verdict is Verdict.UNKNOWN:
        record_relation(frame, node, part, left, right)


def record_relation(frame: Frame, node: tree.Require, part: tree.Binary, left: Dim, right: Dim) -> None:
    """Take a relation as a fact of this body; its callers have it from there."""
    found = frame.facts.require(part.op, left, right, part.span, part.span.text)
    if found.verdict is Verdict.REFUTED:
        report_failure(frame, node, part)
        return
    if found.verdict is Verdict.UNKNOWN:
        frame.facts = found.facts
        frame.assumed.append((part.op, left, right, part.span, part.span.text))
    if found.left is not None:
        frame.report(CannotDecide(at=part.span, condition=part.span.text))


def report_failure(frame: Frame, node: tree.Require, part: tree.Expr) -> None:
    """Report a condition that does not hold, in the words that the spec has for it."""
    from netspec.infer.calls.condition_repairs import propose_values  # only specs with a problem need it

    words = fill_message(frame, node.message.value) if node.message else ""
    names = [n.text for n in descendants(part) if isinstance(n, tree.Name)]
    places = {name: at for name in names if (at := frame.find_declared(name)) is not None}
    ways = propose_values(frame, part, places)
    frame.report(RequireFailed(at=part.span, condition=part.span.text, words=words, values=describe_values(frame, part), ways=ways))


def fill_message(frame: Frame, message: str) -> str:
    """The message with `{name}` replaced by values."""

    def value(match: re.Match[str]) -> str:
        found = frame.env.get(match[1], frame.world.global_named(match[1]))
        return match[0] if found is None else describe_short(found)

    return re.sub(r"\{([A-Za-z_]\w*)\}", value, message)


def describe_values(frame: Frame, part: tree.Expr) -> str:
    """`heads=3, D=8`: the values of the names in a condition."""
    names = dict.fromkeys(n.text for n in plain_names(part))
    known = [(n, frame.env.get(n, frame.world.global_named(n))) for n in names]
    return ", ".join(f"{n}={describe_short(v)}" for n, v in known if v is not None and str(v) != n)


def bound_dim(frame: Frame, node: tree.DimBound) -> None:
    """`dim T <= 1024`."""
    limit = expressions.evaluate(frame, node.bound)
    if isinstance(limit, Unknown):
        return
    if not is_size(limit):
        frame.report(NotStatic(at=node.bound.span, what="the bound of a dim", found=describe(limit), wanted="a whole number"))
        return
    size = frame.env.get(node.name)
    if not is_size(size):
        return
    if len(frame.world.stack) > 1:
        return oblige_caller(frame, node, Dim.of(size), Dim.of(limit))
    recorded = frame.facts.require(node.op, Dim.of(size), Dim.of(limit), node.span, f"dim {node.name} {node.op} {limit}")
    if recorded.verdict is Verdict.REFUTED:
        frame.report(
            RequireFailed(
                at=node.span,
                condition=f"{node.name} {node.op} {limit}",
                words=f"`{node.name} {node.op} {limit}` leaves no size: every dim is at least 1",
            )
        )
        return
    frame.facts = recorded.facts


def oblige_caller(frame: Frame, node: tree.DimBound, size: Dim, limit: Dim) -> None:
    """A bound in a block holds for the size that the caller's dim has."""
    verdict = frame.facts.compare(node.op, size, limit)
    condition = f"{node.name} {node.op} {limit}"
    if verdict is Verdict.REFUTED:
        frame.report(RequireFailed(at=node.span, condition=condition, values=f"{node.name}={size}"))
        return
    if verdict is Verdict.UNKNOWN:
        frame.report(CannotProve(at=node.span, condition=condition, missing=f"{size} {node.op} {limit}"))
        return
