"""What is left of a loss in an evaluation, where some of its terms read outputs of `when train`."""

from __future__ import annotations

from netspec.infer import expressions
from netspec.infer.sections.objective import ObjectiveFrame
from netspec.infer.values import Unknown, Value
from netspec.syntax import tree

SIGNS = ("+", "-")


def evaluate_rest(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Value:
    """The sum of those terms that exist in the evaluation; unknown where none does.

    A term is left out as a whole. Inside a product, a quotient or a function nothing is: half of a mean of two losses is neither of them.
    """
    runs: list[tree.Binary] = []
    first = node
    while isinstance(first, tree.Binary) and first.op in SIGNS:
        runs.append(first)
        first = first.left
    value = evaluate_term(frame, first, kinds)
    for step in reversed(runs):
        right = evaluate_term(frame, step.right, kinds)
        if isinstance(value, Unknown) and not isinstance(right, Unknown):
            value = right if step.op == "+" else expressions.combine_sides(frame, step, 0.0, right, step.left.span)
        elif not isinstance(right, Unknown):
            value = expressions.combine_sides(frame, step, value, right, step.left.span)
    return value


def evaluate_term(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Value:
    """A term, or what is left of the sum that stands in parentheses or behind a name."""
    while isinstance(node, tree.Paren):
        node = node.inner
    if isinstance(node, tree.Name) and node.text in frame.rests:
        return frame.rests[node.text]
    if isinstance(node, tree.Binary) and node.op in SIGNS:
        return evaluate_rest(frame, node, kinds)
    return expressions.evaluate(frame, node, kinds)
