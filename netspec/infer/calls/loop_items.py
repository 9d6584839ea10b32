"""Makes of the list of a loop what each of its passes names, and evaluates comprehensions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from netspec.diagnostics.base import Edit
from netspec.diagnostics.calls.loops import UnequalItems
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge
from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.infer import arithmetic, expressions
from netspec.infer.frame import Frame, Loop
from netspec.infer.values import UNKNOWN, Kinds, Tensor, Unknown, Value, describe, describe_short, is_number
from netspec.limits import LIMITS
from netspec.resolve.expressions import list_targets
from netspec.shape import Dim
from netspec.source import Span
from netspec.syntax import tree

Names = tuple[tree.LoopName, ...]
Pass = dict[str, Value]
"""What one pass of a loop names."""
_POSITIONS = {"i", "j", "k", "n", "t", "idx", "index", "pos", "position", "step", "stage", "layer", "level", "depth", "number", "_"}
"""Names that people give to the position in a loop."""


def read_passes(frame: Frame, names: Names, iterable: tree.Expr) -> list[Pass] | None:
    """What each pass names: one name is the item, several take it apart. None after a problem, which is reported."""
    items = expressions.make_item(expressions.evaluate(frame, iterable))
    if isinstance(items, Unknown):
        return None
    if not isinstance(items, tuple):
        frame.report(explain_no_list(names, iterable, items))
        return None
    passes = [name_item(names, item) for item in items]
    odd = next((place for place, named in enumerate(passes) if named is None), None)
    if odd is not None:
        frame.report(describe_odd(names, iterable, items, odd))
        return None
    return [named for named in passes if named is not None]


def name_item(names: Names, item: Value) -> Pass | None:
    """The names of one pass with their values; None where the item has another number of parts."""
    if len(names) == 1:
        return name_part(names[0], item)
    if not isinstance(item, tuple) or len(item) != len(names):
        return None
    found: Pass = {}
    for name, part in zip(names, item, strict=True):
        named = name_part(name, part)
        if named is None:
            return None
        found.update(named)
    return found


def name_part(name: tree.LoopName, part: Value) -> Pass | None:
    """A name with its value; names in brackets take the value apart once more."""
    return {name.name: part} if isinstance(name, tree.Target) else name_item(name.names, part)


# --- what is wrong with a list ------------------------------------------------------------------------------------------


def explain_no_list(names: Names, node: tree.Expr, found: Value) -> NotStatic:
    """Why a loop cannot run over a value."""
    text = node.span.text
    repair, how = "", ""
    if isinstance(found, int) and not isinstance(found, bool):
        repair = f"range({text})" if len(list_targets(names)) == 1 else f"enumerate(range({text}))"
    elif isinstance(found, Tensor):
        how = "a loop is written out before anything runs: take slices, `for t in range(8) { … x[:, t] … }`, or run a cell with `rnn`"
    elif isinstance(found, Dim):
        how = "a loop is written out before anything runs: give the size a number, or run a cell along the axis with `rnn`"
    elif isinstance(found, dict):
        pairs = ", ".join(f'["{name}", {describe_short(value)}]' for name, value in found.items() if is_number(value))
        how = "a record has fields, and no order: a loop runs over a list" + (f", `[{pairs}]`" if pairs else "")
    elif isinstance(found, str) and len(list_targets(names)) == 1:
        how = f"write the strings as a list: `[{text}]`"
    return NotStatic(
        at=node.span, what="what `for` runs over", found=describe(found), wanted="a list or `range(n)`", repair=repair, how=how
    )


def describe_odd(names: Names, node: tree.Expr, items: tuple, odd: int) -> UnequalItems:
    """The problem of a list whose items do not have the parts that the loop names."""
    if len(names) == 1 and isinstance(names[0], tree.LoopNames):
        names = names[0].names
    at, text = names[0].span.to(names[-1].span), node.span.text
    name_shape = draw_shape if len(list_targets(names)) > len(names) else name_kind
    shapes = Counter(name_shape(item) for item in items)
    help_, edits = suggest_names(names, node, items, at)
    return UnequalItems(
        at=at,
        names=" ".join(at.text.split()),
        count=len(names),
        position=odd,
        found=describe(items[odd]) if is_number(items[odd]) else name_shape(items[odd]),
        shapes=tuple(f"{count} × {shape}" if count > 1 else shape for shape, count in shapes.items()),
        iterable=text if len(text) <= LIMITS.quoted_characters else "",
        place=node.span,
        how=help_,
        changes=edits,
    )


def draw_shape(item: Value) -> str:
    """An item with its parts, and theirs: `[a number, [a number, a number]]`."""
    return f"[{', '.join(map(draw_shape, item))}]" if isinstance(item, tuple) else name_kind(item)


def name_kind(item: Value) -> str:
    """What an item is, and of how many parts."""
    if isinstance(item, tuple):
        return f"a list of {len(item)}"
    if is_number(item):
        return "a number"
    return f"a record of {', '.join(item)}" if isinstance(item, dict) else describe(item)


def suggest_names(names: Names, node: tree.Expr, items: tuple, at: Span) -> tuple[str, tuple[Edit, ...]]:
    """The head of the loop that was meant, with the edits that write it."""
    lengths = {len(item) if isinstance(item, tuple) else 0 for item in items}
    words = [t.name for t in list_targets(names)]
    counts = words[0] in _POSITIONS or words[0].endswith(("_index", "_idx"))
    fields = next((item for item in items if isinstance(item, dict)), None)
    if fields is not None and not counts:
        field = next((w for w in words if w in fields), next(iter(fields), "field"))
        return f"an item is one record: name it, `for s in …`, and read its fields, `s.{field}`", ()
    if len(lengths) > 1:
        return "give all items the same number of parts, as many as there are names", ()
    (length,) = lengths
    if length == len(names) != len(words):
        return "names in brackets take a part apart that is a list itself: leave the brackets out where it is none", ()
    if len(words) != len(names) or (length and length < len(names) - 1):
        return f"each has {length} parts: write {length} names", ()
    if length == 0 or (length > len(names) == 2 and counts):
        return _with_positions(at.text, node, at, () if len(names) == 2 else None)
    if length == len(names) - 1:
        inner = f"{words[0]}, ({', '.join(words[1:])})"
        return _with_positions(inner, node, at, (Edit(at, inner),))
    head = ", ".join([*words, *["_"] * (length - len(names))])
    return f"each has {length} parts: `for {head} in {node.span.text}` (`_` is a part that is not used)", (Edit(at, head),)


def _with_positions(names: str, node: tree.Expr, at: Span, edits: tuple[Edit, ...] | None) -> tuple[str, tuple[Edit, ...]]:
    """`for i, x in enumerate(xs)`, where two names are written."""
    if edits is None:
        return "an item that is not a list has one name: `for x in xs`, or `for i, x in enumerate(xs)`", ()
    text = node.span.text
    return f"positions come from `enumerate`: `for {names} in enumerate({text})`", (*edits, Edit(node.span, f"enumerate({text})"))


# --- how much a loop expands to ------------------------------------------------------------------------------------------


def fits(frame: Frame, at: Span, count: int) -> bool:
    """Whether so many nodes may stand in a model, and those that do; a loop that is too large is reported."""
    count = max(count, frame.world.nodes)
    if count <= LIMITS.nodes and count + frame.world.whole["nodes"] <= LIMITS.nodes * LIMITS.models:
        return True
    what = "this `for`" if count_outer_passes(frame) == 1 else "this `for` inside others"
    frame.report(ExpansionTooLarge(at=at, what=what, count=count, limit=LIMITS.nodes))
    return False


def count_outer_passes(frame: Frame) -> int:
    """How often the loops around will do the same again, as long as each is in its first pass."""
    around = [loop for loop in frame.loops if loop.index is not None]
    return math.prod(loop.count for loop in around) if all(loop.index == 0 for loop in around) else 1


# --- comprehensions ------------------------------------------------------------------------------------------------------


def evaluate_comprehension(frame: Frame, node: tree.Comprehension, want: Kinds) -> Value:
    """`[f(x) for x in xs if c]`: the list of the values of all passes."""
    values: list[Value] = []
    return arithmetic.bound_list(tuple(values)) if collect(frame, node, 0, want, values) else UNKNOWN


def collect(frame: Frame, node: tree.Comprehension, level: int, want: Kinds, values: list[Value]) -> bool:
    """Adds what the clauses from `level` on give; False after a problem."""
    if level == len(node.clauses):
        frame.world.ran.add(id(node.value))
        values.append(expressions.make_item(expressions.evaluate(frame, node.value, want)))
        return not isinstance(values[-1], Unknown)
    clause, world = node.clauses[level], frame.world
    passes = read_passes(frame, clause.names, clause.iterable)
    before = world.nodes
    if passes is None:
        make_pass(frame, node, level, want, values, Loop(0), {target.name: UNKNOWN for target in list_targets(clause.names)})
    for position, named in enumerate(passes or ()):
        if world.stopped or not make_pass(frame, node, level, want, values, Loop(position, len(passes or ())), named):
            return False
        expected = before + (world.nodes - before) * len(passes or ()) * count_outer_passes(frame) if position == 0 else 0
        if not fits(frame, clause.iterable.span, expected):
            return False
    return passes is not None


def make_pass(frame: Frame, node: tree.Comprehension, level: int, want: Kinds, values: list[Value], loop: Loop, named: Pass) -> bool:
    """One pass of a clause, whose names are seen inside of it only; False after a problem."""
    outer = {name: frame.env[name] for name in named if name in frame.env}
    frame.env.update(named)
    frame.loops.append(loop)
    chosen = all_hold(frame, node.clauses[level].conditions)
    fine = chosen is not None and (not chosen or collect(frame, node, level + 1, want, values))
    frame.loops.pop()
    for name in named:
        del frame.env[name]
    frame.env.update(outer)
    return fine


def all_hold(frame: Frame, conditions: Sequence[tree.Expr]) -> bool | None:
    """Whether the conditions of a clause hold; None after a problem."""
    for condition in conditions:
        holds = expressions.decide_condition(frame, condition)
        if not holds:
            return holds
    return True
