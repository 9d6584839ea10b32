"""Checks what must hold of an optimizer beside the parameters that it moves, and the order in which its parts stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Mistake
from netspec.diagnostics.training.optimizers import ChangesTheStep, StandsTooEarly
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.values import Composed, Given, OpValue, Value
from netspec.library.base import Optimizer
from netspec.library.base.path_patterns import select
from netspec.library.optimizers.chain import inner_optimizers
from netspec.record import replace
from netspec.source import Span
from netspec.syntax import tree


def check_order(frame: Frame, value: Value, optimizer: Optimizer) -> None:
    """What changes gradients stands before the optimizer that steps along them."""
    ops = optimizer.in_order()
    spans = [part.span for part in (value.parts if isinstance(value, Composed) else (value,)) if isinstance(part, OpValue)]
    step = next((place for place, op in enumerate(ops) if op.steps()), None)
    if step is None or len(spans) != len(ops):
        return
    apart = len({(span.start, span.end) for span in spans}) == len(spans)  # what `--set` gives has one place as a whole
    texts = [span.text for span in spans] if apart else describe_parts(ops)
    early = next((place for place in range(step) if ops[place].behind), None)
    if early is not None:
        moved = move(spans, early, step) if apart else ()
        frame.report(StandsTooEarly(at=spans[early], part=texts[early], step=texts[step], moved=moved))
    after = next((place for place in range(step + 1, len(ops)) if not ops[place].behind), None)
    if after is not None:
        moved = move(spans, after, step) if apart else ()
        frame.report(ChangesTheStep(at=spans[after], part=texts[after], step=texts[step], moved=moved))


def describe_parts(ops: Sequence[Optimizer]) -> list[str]:
    """The parts of an optimizer as specs write them."""
    from netspec.library.shelf.op_text import to_text  # few specs are wrong here

    return [to_text(op) for op in ops]


def move(spans: Sequence[Span], place: int, to: int) -> tuple[Edit, ...]:
    """The parts of a chain with one of them at another place: each stands where its neighbour stood."""
    low, high = min(place, to), max(place, to)
    order = [*range(low, place), *range(place + 1, high + 1)]
    order = [*order, place] if to > place else [place, *order]
    return tuple(Edit(spans[here], spans[there].text) for here, there in zip(range(low, high + 1), order, strict=True) if here != there)


def patterns_match(frame: Frame, item: tree.Setting, optimizer: Optimizer, paths: Callable[[], Collection[str]]) -> bool:
    """Every pattern over parameter paths in an optimizer matches one of those it trains, and every parameter is in one group.

    A problem is laid at the argument. `paths` is asked when there is a pattern: a model may have a million of them.
    """
    value = expressions.evaluate(frame, item.value, ("optimizer",))
    problem = next(find_problems(optimizer, value, paths, item.value.span), None)
    if problem is not None:
        frame.report(problem)
    return problem is None


def find_problems(optimizer: Optimizer, value: Any, paths: Callable[[], Collection[str]], at: Span) -> Iterator[Diagnostic]:
    """What does not hold of an optimizer and of those in its arguments, each laid at its argument."""
    ops = optimizer.in_order()
    values = value.parts if isinstance(value, Composed) else (value,)
    for op, given in zip(ops, values, strict=True):
        args = given.args if isinstance(given, OpValue) else {}
        for argument, pattern in op.patterns().items():
            try:
                select(pattern, paths(), argument)
            except Mistake as mistake:
                yield replace(mistake.diagnostic, at=span_of_argument(args, argument, at))
        if next(inner_optimizers(op), None) is not None:
            yield from find_inner_problems(op, args, paths, at)


def find_inner_problems(op: Optimizer, args: Mapping[str, Given], paths: Callable[[], Collection[str]], at: Span) -> Iterator[Diagnostic]:
    """Those of optimizers in arguments, each beside its own parameters."""
    try:
        for (argument, *keys), inner, own in op.parts_on(paths()):
            found: Any = args[argument].value if argument in args else None
            for key in keys:
                found = found.get(key) if isinstance(found, Mapping) else None
            yield from find_problems(inner, found, lambda own=own: own, span_of_argument(args, argument, at))
    except Mistake as mistake:
        blame = mistake.diagnostic.blame
        yield replace(mistake.diagnostic, at=span_of_argument(args, blame, at) if blame else at)


def span_of_argument(args: Mapping[str, Given], argument: str, at: Span) -> Span:
    return args[argument].span if argument in args else at
