"""Proposes repairs of what names axes: shapes of a reshape, axes of a function, letters of an equation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.shapes.axes import AxisNotOne, NotAPermutation, ReshapeCount, ReshapeRemainder
from netspec.diagnostics.shapes.parts import UnequalSplit
from netspec.diagnostics.shapes.patterns import PatternSize
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.infer.repairs.arguments import change_arguments, with_argument
from netspec.infer.repairs.lineage import is_written, read_calls
from netspec.infer.repairs.own_arguments import accept_inputs, accepts, own_step
from netspec.infer.repairs.rewriting import take_out
from netspec.infer.repairs.scene import Scene
from netspec.shape import Dim
from netspec.shape.algebra import exact_quotient
from netspec.shape.types import elements
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def find_items(scene: Scene, span: Span) -> list[Span]:
    """The items of the list that stands there."""
    definition = scene.frame.world.graph.definitions.get(scene.frame.name)
    if definition is None:
        return []
    lists = (n for n in descendants(definition.node.body) if isinstance(n, tree.ListExpr) and n.span == span)
    return next(([item.span for item in node.items] for node in lists), [])


def keep_count(scene: Scene, problem: ReshapeCount) -> Iterator[Repair]:
    """A shape with another number of elements: the batch that was left out, the features before it, the factor that is wrong."""
    side, items = scene.sides[0], find_items(scene, scene.args["dims"].span) if "dims" in scene.args else []
    size, to = side.type.size, problem.to
    batch = side.type.shape[0] if side.type.rank else Dim.of(1)
    if items and size == elements(to) * batch:
        name = scene.name(batch, side.line)
        shown = f"[{', '.join([name, *(i.text for i in items)])}]"
        yield Repair((Edit(scene.args["dims"].span, shown),), f"the axis of examples stands in front: `reshape({shown})`")
    features = exact_quotient(elements(to) * side.type.shape[-1], size) if side.type.rank else None
    newest = next((step for step in side.line.steps if "features" in step.written), None)
    if newest is not None and not newest.written["features"].text.isdigit():
        yield from replace_item(scene, items, to, size)
    if features is not None:
        yield from change_arguments(scene.facts, side.line, lambda made: made.size == elements(to), [features], str)
    yield from replace_item(scene, items, to, size)


def replace_item(scene: Scene, items: list[Span], to: tuple[Dim, ...], size: Dim) -> Iterator[Repair]:
    """One of the numbers is another, from the last on; or is what is left over."""
    for place in reversed(range(len(items))):
        rest = exact_quotient(size, elements([d for i, d in enumerate(to) if i != place]))
        if rest is not None and to[place].is_constant and is_written(items[place]):
            text = str(rest) if rest.is_constant else "-1"
            shown = ", ".join(text if i == place else item.text for i, item in enumerate(items))
            yield Repair((Edit(items[place], text),), f"that keeps the number of elements: `reshape([{shown}])`", guess=True)


def leave_no_remainder(scene: Scene, problem: ReshapeRemainder) -> Iterator[Repair]:
    """A number beside -1 that divides what there is."""
    items = find_items(scene, scene.args["dims"].span) if "dims" in scene.args else []
    dims = getattr(scene.op, "dims", ())
    if len(items) != len(dims):
        return
    for place in reversed(range(len(items))):
        now = dims[place]
        if now == -1 or not isinstance(now, int):
            continue
        others = elements([Dim.of(d) for i, d in enumerate(dims) if i != place and d != -1])
        room = exact_quotient(problem.input.size, others)
        own = [d.value for d in problem.input.shape if d.is_constant]
        near = [n for n in sorted({*own, *range(2, 2 * now + 64)}, key=lambda n: (n not in own, abs(n - now)))]
        for n in (n for n in near if room is not None and exact_quotient(room, Dim.of(n)) is not None):
            shown = ", ".join(str(n) if i == place else item.text for i, item in enumerate(items))
            yield Repair((Edit(items[place], str(n)),), f"{n} divides what there is: `reshape([{shown}])`", guess=True)
            break


def take_one(scene: Scene, problem: AxisNotOne) -> Iterator[Repair]:
    """An axis of size 1 is another one, or the last layer makes one feature."""
    found = list(accept_inputs(scene, problem))
    yield from found[:1]
    side = scene.sides[0]

    def is_one(made) -> bool:
        return made.rank == side.type.rank and made.shape[problem.axis] == 1

    yield from change_arguments(scene.facts, side.line, is_one, [Dim.of(1)], str)


def other_axis(scene: Scene, problem: Diagnostic) -> Iterator[Repair]:
    """The nearest axis that is there."""
    yield from list(accept_inputs(scene, problem))[:2]
    own = own_step(scene)
    if own.is_plain and isinstance(getattr(scene.op, problem.blame or "", None), tuple):
        yield Repair(take_out(own), f"leave out `{own.span.text}`: {own.inputs[0]} has no such axes", guess=True)


def share_out(scene: Scene, problem: UnequalSplit) -> Iterator[Repair]:
    """Parts whose sizes differ by one at most."""
    if isinstance(problem.parts, int) and problem.size.is_constant and problem.blame in scene.args:
        least, more = divmod(problem.size.value, problem.parts)
        sizes = [least + (n < more) for n in range(problem.parts)]
        if least:
            yield Repair((Edit(scene.args[problem.blame].span, str(sizes)),), f"give the sizes of the parts: `{sizes}`", guess=True)
        side = scene.sides[0]
        whole = [Dim.of(n * problem.parts) for n in (least, least + 1) if n]
        yield from change_arguments(scene.facts, side.line, lambda made: made.shape[problem.axis] in whole, whole, str)
    yield from accept_inputs(scene, problem)


def share_axis(scene: Scene, problem: PatternSize) -> Iterator[Repair]:
    """Named sizes of a pattern that divide the axis."""
    call = read_calls(scene.frame).get((scene.span.start, scene.span.end))
    if call is None or not problem.divides or not problem.size.is_constant or not problem.wanted.is_constant:
        return
    now, size = problem.wanted.value, problem.size.value
    same = [a.value.span for a in call.args if a.name and a.value.span.text == str(now)]
    for n in sorted(divisors(size), key=lambda n: (abs(n - now), n))[:3]:
        if same and n > 1:
            yield Repair(tuple(Edit(span, str(n)) for span in same), f"write `{n}` for {now}: it divides {size}", guess=True)


def swap_two(scene: Scene, problem: NotAPermutation) -> Iterator[Repair]:
    """Two axes, as PyTorch swaps them."""
    rank = problem.input.rank
    axes = [a % rank for a in problem.axes] if rank else []
    if len(axes) != 2 or len(set(axes)) != 2 or problem.blame not in scene.args:
        return
    order = list(range(rank))
    order[axes[0]], order[axes[1]] = axes[1], axes[0]
    yield Repair((Edit(scene.args[problem.blame].span, str(order)),), f"name every axis in its new order: `{order}`")


def reorder_letters(scene: Scene, problem: Diagnostic) -> Iterator[Repair]:
    """One tensor's letters of an equation in another order."""
    equation = getattr(scene.op, "equation", "")
    left, arrow, right = equation.partition("->")
    groups = left.split(",")
    if "equation" not in scene.args or "." in equation or not is_written(scene.args["equation"].span):
        return
    for place in reversed(range(len(groups))):
        letters = groups[place].strip()
        if len(letters) > 5:
            continue
        for order in permutations(letters):
            meant = ",".join("".join(order) if i == place else g for i, g in enumerate(groups)) + arrow + right
            if meant != equation and scene.op is not None and accepts(scene, with_argument(scene.op, "equation", meant)):
                yield Repair((Edit(scene.args["equation"].span, f'"{meant}"'),), f'the axes stand in another order: `"{meant}"`')
                return
