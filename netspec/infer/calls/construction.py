"""Makes ops of arguments: the op's own fields check the values, and a mistake is laid at the guilty argument."""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from functools import cache
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.diagnostics.calls.arguments import ArgumentOfFreeSize, BadArgument, MissingArgument, SwappedArguments
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.frame import Frame
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Given,
    Initial,
    OpValue,
    Record,
    Tensor,
    Unknown,
    Value,
    describe,
    guess_truth,
    to_plain,
)
from netspec.library.base import BadArguments, Callable, Fault, Op, Wanted
from netspec.library.base.value_faults import describe_expected
from netspec.library.shelf import index
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.shape import Dim
from netspec.source import Span


@cache
def kinds_of_argument(entry: index.Entry, name: str) -> tuple[str, ...]:
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


def construct(frame: Frame, value: OpValue) -> Op | Unknown:
    """The op with its arguments; problems are reported."""
    cls = index.load(value.entry)
    missing = tuple(a[0] for a in value.entry.signature if a[1] and a[0] not in value.args)
    if missing:
        return frame.report(describe_missing(value, cls, missing))
    args = {name: to_python(frame, given.value) for name, given in value.args.items()}
    if any(isinstance(a, Unknown) for a in args.values()):
        return judge_known(frame, value, cls, args)
    try:
        return cls(**args)
    except BadArguments as error:
        reread = {} if "" in error.faults else read_formulas(frame, value, error)
        if reread:
            return construct(frame, replace(value, args={**value.args, **reread}))
        for problem in find_swap(value, cls, args, error) or find_free_sizes(value, cls, args, error) or list_problems(frame, value, error):
            frame.report(problem)
        return UNKNOWN


def describe_missing(value: OpValue, cls: type[Op], missing: tuple[str, ...]) -> MissingArgument:
    """The problem of arguments without a value, with those of the op's examples as repairs."""
    from netspec.infer.calls.example_values import list_examples  # only specs with a problem need it
    from netspec.infer.calls.value_repairs import propose_missing

    signature = ", ".join(a[0] for a in value.entry.signature)
    types = {a.name: a.type for a in value.entry.signature}
    ways = propose_missing(value, missing, list_examples(cls, [types[name] for name in missing], missing))
    return MissingArgument(at=value.span, op=value.name, names=missing, signature=signature, ways=tuple(ways))


def judge_given(frame: Frame, value: OpValue) -> Unknown:
    """The arguments that are there, whatever is missing."""
    args = {name: to_python(frame, given.value) for name, given in value.args.items()}
    return judge_known(frame, value, index.load(value.entry), args)


def judge_known(frame: Frame, value: OpValue, cls: type[Op], args: dict[str, Any]) -> Unknown:
    """Where some arguments are unknown the others can still be wrong."""
    try:
        cls(**{name: None if isinstance(given, Unknown) else given for name, given in args.items()})
    except BadArguments as error:
        known = {name: faults for name, faults in error.faults.items() if name in args and not isinstance(args[name], Unknown)}
        for name, faults in known.items():
            frame.report(describe_problem(frame, value, name, faults))
    return UNKNOWN


def construct_use(frame: Frame, value: OpValue) -> Op | Unknown:
    """The op of a use, without the arguments that are made of tensors."""
    return construct(frame, replace(value, args={n: g for n, g in value.args.items() if not holds_tensors(g.value)}))


def holds_tensors(value: Value) -> bool:
    """An argument that is made of tensors (a recurrence's first states), which an op cannot keep."""
    if isinstance(value, dict):
        return any(isinstance(v, Tensor | Unknown) or holds_tensors(v) for v in value.values())
    return isinstance(value, Record)


def to_python(frame: Frame, value: Value) -> Any:
    """A value as Python: ops made, lists of the language as lists."""
    value = to_plain(value)
    if isinstance(value, OpValue):
        return construct(frame, value)
    if isinstance(value, Composed):
        return compose_ops(frame, value)
    if isinstance(value, Initial):
        return compute_initial(frame, value)
    if isinstance(value, tuple):
        items = [to_python(frame, v) for v in value]
        return UNKNOWN if any(isinstance(i, Unknown) for i in items) else items
    if isinstance(value, dict):
        made = {k: to_python(frame, v) for k, v in value.items()}
        return UNKNOWN if any(isinstance(i, Unknown) for i in made.values()) else made
    return value


def compute_initial(frame: Frame, value: Initial) -> Op | Unknown:
    """The initializer that an operator or function makes of others."""
    from netspec.library.initializers.formulas import make_formula  # few specs compute initial values

    parts = [to_python(frame, part) for part in value.parts]
    return UNKNOWN if any(isinstance(part, Unknown) for part in parts) else make_formula(value.operation, parts)


def compose_ops(frame: Frame, value: Composed) -> Any:
    """Ops joined by `->`, as the one op that the family defines for it."""
    made = [construct(frame, p) if isinstance(p, OpValue) else UNKNOWN for p in value.parts]
    ops = [m for m in made if isinstance(m, Op)]
    if len(ops) < len(made):
        return UNKNOWN
    odd = next((op for op in ops if op.kind != ops[-1].kind or not index.composes(op.kind)), None)
    if odd is not None:
        at = value.parts[ops.index(odd)].span
        return frame.report(WrongKind(at=at, name=odd.op_name(), is_a=odd.kind, wanted="a value that can be composed with the others"))
    return index.compose(ops)


def find_swap(value: OpValue, cls: type[Op], args: dict[str, Any], error: BadArguments) -> list[SwappedArguments]:
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


def read_formulas(frame: Frame, value: OpValue, error: BadArguments) -> dict[str, Given]:
    """The blocks among the arguments that are refused as functions which they are all the same: element by element, without parameters."""
    blocks = {name: value.args[name] for name in error.faults if name in value.args and isinstance(value.args[name].value, BlockValue)}
    found = {name: (frame.world.elaborate.formula(frame, given.value), given.span) for name, given in blocks.items()}
    return {name: Given(op, span) for name, (op, span) in found.items() if op is not None}


def find_free_sizes(value: OpValue, cls: type[Op], args: dict[str, Any], error: BadArguments) -> list[ArgumentOfFreeSize]:
    """A problem for each argument that would be fine with numbers in the place of free sizes, where that is all that is wrong."""
    fixed = {name: fix_sizes(args[name]) for name in error.faults if name in args}
    if not fixed or all(fixed[name] == args[name] for name in fixed):
        return []
    try:
        cls(**{**args, **fixed})
    except BadArguments:
        return []
    free = {name: tuple(sorted(list_symbols(args[name]))) for name in fixed}
    advice = cls.at_any_size
    return [
        ArgumentOfFreeSize(at=value.args[name].span, op=value.name, name=name, sizes=sizes, advice=advice.get(name, ""))
        for name, sizes in free.items()
    ]


def fix_sizes(argument: Any) -> Any:
    """An argument with 1 for every size that is no number."""
    if isinstance(argument, Dim):
        return 1
    return [fix_sizes(item) for item in argument] if isinstance(argument, list) else argument


def list_symbols(argument: Any) -> frozenset[str]:
    """The free sizes that an argument is made of."""
    if isinstance(argument, Dim):
        return argument.symbols()
    return frozenset[str]().union(*map(list_symbols, argument)) if isinstance(argument, list) else frozenset()


def list_problems(frame: Frame, value: OpValue, error: BadArguments) -> list[Diagnostic]:
    """One problem per argument; one for all of those that one way to write the call anew repairs."""
    from netspec.infer.calls.rates import judge_rate  # only specs with a problem need it
    from netspec.infer.calls.value_repairs import propose_rewritten
    from netspec.resolve.foreign.ops import NORMS

    climbs = {name: judge_rate(value, name, value.args[name]) for name in error.faults if name in value.args}
    found = [climbs.get(name) or describe_problem(frame, value, name, faults) for name, faults in error.faults.items()]
    rewritten = propose_rewritten(value) if all(isinstance(p, BadArgument) for p in found) else []
    if not rewritten:
        return found
    if len(found) > 1 and all(p.ways for p in found):
        places = tuple(Place(problem.at, problem.says()) for problem in found[1:])  # type: ignore[attr-defined]
        return [replace(found[0], ways=tuple(rewritten), chain=(*found[0].chain, *places), repair="")]
    first = tuple(rewritten) if value.entry.name in (*NORMS, "group_norm") else ()
    return [replace(problem, ways=tuple(dict.fromkeys((*first, *problem.ways, *rewritten)))) for problem in found]


def describe_problem(frame: Frame, value: OpValue, name: str, faults: Sequence[Fault]) -> BadArgument:
    """The problem of one argument, by what its field found wrong with it."""
    given = value.args.get(name)
    span: Span = given.span if given else value.span
    found = describe(given.value) if given else "what is given"
    if given is not None and isinstance(given.value, dict) and len(given.span.text) <= LIMITS.quoted_characters:
        found = f"the dict `{' '.join(given.span.text.split())}`"
    if given is not None and isinstance(given.value, BlockValue):
        found = f"the block `{given.value.name}`"
    if not name:
        together = "arguments that fit together"
        return BadArgument(at=span, op=value.name, name=", ".join(value.args), value=faults[0].words, expected=together)
    wanted = describe_expected(faults, kinds_of_argument(value.entry, name))
    part = next((fault.found for fault in faults if fault.sort == "own"), "")
    advice, repair = find_advice(value, name, given), propose_repair(given, faults)
    if given is not None and isinstance(given.value, dict):
        from netspec.infer.calls.field_types import place_entry, propose_field_types  # only specs with a problem need it

        written = propose_field_types(given.span)
        span = next(place_entry(given.span, written), span)
        found = f"`{span.text}`" if span is not given.span else found
        if written:
            return BadArgument(at=span, op=value.name, name=name, value=found, expected=wanted, ways=tuple(written))
    problem = BadArgument(at=span, op=value.name, name=name, value=found, expected=wanted, repair=repair, advice=advice, part=part)
    return replace(problem, ways=propose_ways(frame, value, name, given, wanted, repair))


def propose_ways(frame: Frame, value: OpValue, name: str, given: Given | None, words: str, repair: str) -> tuple[Repair, ...]:
    """The values that may stand in the place of the given one."""
    if given is not None and given.value is True and given.span.text == "true":
        from netspec.resolve.foreign.values import name_op

        kinds = set(kinds_of_argument(value.entry, name)) & {"layer", "function"}
        return tuple(Repair((Edit(given.span, ours),), f"{name}={ours}") for ours in name_op(name, tuple(kinds)))
    from netspec.infer.calls.value_repairs import propose_values  # only specs with a problem need it

    if given is None:
        return ()
    wanted = next((a.type for a in value.entry.signature if a.name == name), "")
    found = propose_values(frame, given, wanted, words)
    found = extend_lists(value, given, found) + list(found)
    found += call_siblings(value, found)
    own = [Repair((Edit(given.span, repair),), repair)] if repair else []
    own += name_initializer(value)
    return tuple(dict.fromkeys((*own, *found)))


def name_initializer(value: OpValue) -> list[Repair]:
    """`weight w: f32[4] = random_normal(0.02)`: a function of tensors where an initializer stands has the initializer's name."""
    from netspec.resolve.suggestions import find_foreign

    source, start = value.span.source, value.span.start
    said = find_foreign(value.entry.name, ("initializer",))
    line = source.text[source.text.rfind("\n", 0, start) + 1 : start]
    if said is None or not said.ours or value.entry.kind != "function" or not re.match(r"\s*weight\b", line):
        return []
    callee = Span(source, start, start + len(value.name))
    return [Repair((Edit(callee, said.ours[0]),), said.ours[0])] if callee.text == value.name else []


def find_advice(value: OpValue, name: str, given: Given | None) -> str:
    """What is to be written instead, where the kind of value tells."""
    if given is None:
        return ""
    if isinstance(given.value, BlockValue):
        return FORMULA if "function" in kinds_of_argument(value.entry, name) else ""
    return index.load(value.entry).mistaken.get(name, "") if isinstance(given.value, int) and not isinstance(given.value, bool) else ""


def extend_lists(value: OpValue, given: Given, found: list[Repair]) -> list[Repair]:
    """Lists of one item as lists of as many as another argument has."""
    from netspec.infer.calls.value_repairs import near_lists

    counts = {len(other.value) for other in value.args.values() if other is not given and isinstance(other.value, tuple)}
    texts = [(repair.edits[0], text) for repair in found for n in sorted(counts) for text in near_lists(repair.words, f"{n} numbers")]
    return [Repair((Edit(edit.span, text),), text, guess=True) for edit, text in texts if text != edit.text]


def call_siblings(value: OpValue, found: list[Repair]) -> list[Repair]:
    """The same repairs with another op of the kind that takes the same arguments."""
    if not value.entry.signature or value.entry.kind != "schedule":
        return []
    required = [a for a in value.entry.signature if a.required]
    others = [entry for name in index.names(value.entry.kind) if (entry := index.lookup(name, value.entry.kind)) is not None]
    alike = [o.name for o in others if [a for a in o.signature if a.required] == required and o.name != value.name and len(required) > 1]
    callee = Span(value.span.source, value.span.start, value.span.start + len(value.name))
    if callee.text != value.name:
        return []
    return [Repair((*repair.edits, Edit(callee, name)), f"{name}(…, {repair.words})", guess=True) for name in alike for repair in found]


FORMULA = "a block can stand for a function if it has one input, no parameters, and works element by element"


def propose_repair(given: Given | None, faults: Sequence[Fault]) -> str:
    """The text that was meant: the nearest word, a number that stands in quotes, or `true` for 1."""
    if given is None:
        return ""
    if any(fault.words == "true or false" for fault in faults):
        return guess_truth(given.value)
    if isinstance(given.value, float) and given.value.is_integer() and any(fault.words.startswith("a whole number") for fault in faults):
        text = given.span.text
        return text.replace("/", "//") if text.count("/") == 1 else str(int(given.value)) if re.fullmatch(r"[0-9_]+\.0*", text) else ""
    if not isinstance(given.value, str):
        return ""
    near = nearest(given.value, [fault.words for fault in faults if fault.sort == "choice"])
    number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", given.value) and any(fault.words in ("a whole number", "a number") for fault in faults)
    return f'"{near[0]}"' if near else given.value if number else ""
