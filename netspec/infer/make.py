"""Arguments made into ops: values of the language checked by the op's own fields, mistakes laid at the guilty argument."""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from functools import cache
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.calls.arguments import BadArgument, MissingArgument, SwappedArguments
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, OpValue, Unknown, Value, describe, plain, truth
from netspec.library.base import BadArguments, Callable, Fault, Op
from netspec.library.base.value_faults import describe_expected
from netspec.library.layers.cells import Wanted
from netspec.library.shelf import index
from netspec.source import Span

DICT = 60
"""The longest text of a dict that a problem shows as it is written."""


@cache
def kinds_wanted(entry: index.Entry, name: str) -> tuple[str, ...]:
    """The kinds of op that a parameter of an op accepts: ("initializer",), ("schedule",), or none."""
    field = index.load(entry).arguments().get(name)
    found: list[str] = []

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, Op):
            found.extend(("layer", "function") if issubclass(annotation, Callable) else (annotation.kind,))
        for part in typing.get_args(annotation):
            visit(part)

    if field is not None:
        visit(field.annotation)
        found.extend(kind for part in field.metadata if isinstance(part, Wanted) for kind in part.kinds)
    return tuple(found)


def make(frame: Frame, value: OpValue) -> Op | Unknown:
    """The op with its arguments; problems are reported."""
    cls = index.load(value.entry)
    missing = tuple(a[0] for a in value.entry.signature if a[1] and a[0] not in value.args)
    if missing:
        signature = ", ".join(a[0] for a in value.entry.signature)
        frame.world.report(MissingArgument(at=value.span, op=value.name, names=missing, signature=signature))
        return UNKNOWN
    args = {name: inner(frame, given) for name, given in value.args.items()}
    if any(isinstance(a, Unknown) for a in args.values()):
        return UNKNOWN
    try:
        return cls(**args)
    except BadArguments as error:
        for problem in swapped(value, cls, args, error) or problems_of(value, error):
            frame.world.report(problem)
        return UNKNOWN


def inner(frame: Frame, given: Given) -> Any:
    """An argument as Python: ops made, lists of the language as lists."""
    return as_python(frame, given.value)


def as_python(frame: Frame, value: Value) -> Any:
    value = plain(value)
    if isinstance(value, OpValue):
        return make(frame, value)
    if isinstance(value, Composed):
        return composed(frame, value)
    if isinstance(value, tuple):
        items = [as_python(frame, v) for v in value]
        return UNKNOWN if any(isinstance(i, Unknown) for i in items) else items
    if isinstance(value, dict):
        made = {k: as_python(frame, v) for k, v in value.items()}
        return UNKNOWN if any(isinstance(i, Unknown) for i in made.values()) else made
    return value


def composed(frame: Frame, value: Composed) -> Any:
    """Ops joined by `->`, as the one op that the family defines for it."""
    made = [make(frame, p) if isinstance(p, OpValue) else UNKNOWN for p in value.parts]
    ops = [m for m in made if isinstance(m, Op)]
    if len(ops) < len(made):
        return UNKNOWN
    odd = next((op for op in ops if op.kind != ops[-1].kind or index.lookup("chain", op.kind) is None), None)
    if odd is not None:
        at = value.parts[ops.index(odd)].span
        frame.world.report(WrongKind(at=at, name=odd.op_name(), is_a=odd.kind, wanted="a value that can be composed with the others"))
        return UNKNOWN
    return index.compose(ops)


def swapped(value: OpValue, cls: type[Op], args: dict[str, Any], error: BadArguments) -> list[SwappedArguments]:
    """One problem for two arguments that are fine the other way round."""
    wrong = [name for name in value.args if name in error.faults]
    if len(wrong) != 2 or len(error.faults) != 2:
        return []
    a, b = wrong
    try:
        cls(**{**args, a: args[b], b: args[a]})
    except BadArguments:
        return []
    at, behind = value.args[a].span, value.args[b].span
    edits = (Edit(at, behind.text), Edit(behind, at.text))
    return [SwappedArguments(at=at.to(behind), op=value.name, first=a, second=b, swapped=edits)]


def problems_of(value: OpValue, error: BadArguments) -> list[Diagnostic]:
    """One problem per argument."""
    from netspec.infer.scheduling import negative_rate  # only specs with a problem need it

    climbs = {name: negative_rate(value, name, value.args[name]) for name in error.faults if name in value.args}
    return [climbs.get(name) or problem_of(value, name, faults) for name, faults in error.faults.items()]


def problem_of(value: OpValue, name: str, faults: Sequence[Fault]) -> BadArgument:
    given = value.args.get(name)
    span: Span = given.span if given else value.span
    found = describe(given.value) if given else "what is given"
    if given is not None and isinstance(given.value, dict) and len(given.span.text) <= DICT:
        found = f"the dict `{' '.join(given.span.text.split())}`"
    if given is not None and isinstance(given.value, BlockValue):
        found = f"the block `{given.value.name}`"
    if not name:
        together = "arguments that fit together"
        return BadArgument(at=span, op=value.name, name=", ".join(value.args), value=faults[0].words, expected=together)
    wanted = describe_expected(faults, kinds_wanted(value.entry, name))
    return BadArgument(at=span, op=value.name, name=name, value=found, expected=wanted, repair=repair(given, faults))


def repair(given: Given | None, faults: Sequence[Fault]) -> str:
    """The text that was meant: the nearest word, a number that stands in quotes, or `true` for 1."""
    if given is None:
        return ""
    if any(fault.words == "true or false" for fault in faults):
        return truth(given.value)
    if not isinstance(given.value, str):
        return ""
    near = nearest(given.value, [fault.words for fault in faults if fault.sort == "choice"])
    number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", given.value) and any(fault.words in ("a whole number", "a number") for fault in faults)
    return f'"{near[0]}"' if near else given.value if number else ""
