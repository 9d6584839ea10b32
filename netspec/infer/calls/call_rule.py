"""Applies the call rule (DESIGN §3): a stage fills required inputs, parentheses fill parameters, and a call without tensors is a value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.arguments import BadArgument, SwappedArguments, TooManyArguments
from netspec.diagnostics.calls.inputs import MissingInput, NotAList, NotATensor, TooManyInputs
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.diagnostics.shapes.proofs import BadOperands
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import expressions
from netspec.infer.calls import arguments, construction
from netspec.infer.calls.op_uses import use_op
from netspec.infer.frame import Frame
from netspec.infer.shelf import CALLABLE, DECODER, MEASURES, takes_tensors
from netspec.infer.values import (
    FLOWING,
    UNKNOWN,
    BlockValue,
    Callee,
    Given,
    Initial,
    Mean,
    OpValue,
    SharedInstance,
    Tensor,
    Unknown,
    Value,
    describe,
    is_initial,
    is_number,
    is_size,
    open_record,
    to_plain,
)
from netspec.ir import Segment
from netspec.library.shelf import index
from netspec.library.shelf.index import Entry
from netspec.record import field, record, replace
from netspec.source import NOWHERE, Span
from netspec.syntax import tree


@record(frozen=False)
class Call:
    """One use of a callee: where it stands, what flows in before the arrow, its label."""

    callee: Callee
    span: Span
    """The call's text, for carets."""
    inputs: list[tuple[str | None, Given]] = field(default_factory=list)
    chained: bool = False
    args: tuple[tree.Arg, ...] = ()
    label: str | None = None
    label_span: Span = NOWHERE
    want: tuple[str, ...] = ()
    """The kinds of op that its place asks for."""

    @property
    def value(self) -> OpValue | BlockValue:
        return self.callee.value if isinstance(self.callee, SharedInstance) else self.callee

    @property
    def name(self) -> str:
        return self.value.name

    def segment(self, frame: Frame) -> Segment:
        """The segment of the path under which this use has its weights."""
        if isinstance(self.callee, SharedInstance):
            return self.callee.segment
        return frame.label(self.label, self.label_span) if self.label else frame.count(self.name)


@record(frozen=False)
class Bound:
    """A call's inputs and arguments, sorted out. `tensors` has those of a variadic op, or one per required input; `optional` by name."""

    tensors: list[Given] = field(default_factory=list)
    optional: dict[str, Given] = field(default_factory=dict)
    args: dict[str, Given] = field(default_factory=dict)
    broken: bool = False
    """A problem was reported while binding, or an argument is unknown."""
    reported: bool = False
    """The first."""
    unknown: bool = False
    """It has named arguments that the callee does not have, which one problem says."""
    twice: set[str] = field(default_factory=set)
    """Names of arguments that are given more than once, which was said."""
    instead: Value = None
    """What the call is worth, where it computes a number or an initial value."""
    ambiguous: bool = False
    """Nobody knows whether its first arguments are inputs or fill params."""


@record
class Signature:
    """What a callee takes, whether op or block."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    params: tuple[str, ...]
    variadic: bool = False
    collects: str = ""
    """The parameter that collects further named arguments, as the sizes of `rearrange(x, "b (h d) -> b h d", h=4)`."""

    lists: frozenset[str] = frozenset()
    """Inputs that are lists of tensors."""

    def text(self) -> str:
        return ", ".join(self.params)


def signature_of(value: OpValue | BlockValue) -> Signature:
    """What an op or block takes."""
    if isinstance(value, BlockValue):
        definition = value.definition
        inputs, params = tuple(i.name for i in definition.inputs), tuple(p.name for p in definition.params)
        return Signature(inputs, (), params, lists=definition.lists)
    entry: Entry = value.entry
    required = tuple(name for name, optional in entry.inputs if not optional)
    optional = tuple(name for name, optional in entry.inputs if optional)
    return Signature(required, optional, tuple(a[0] for a in entry.signature), entry.variadic, entry.open_arguments)


# --- the rule --------------------------------------------------------------------------------------------------------


def perform(frame: Frame, use: Call) -> Value:
    """The value of a call; the weights of an average are buffers."""
    if not isinstance(use.callee, SharedInstance):
        return perform_call(frame, use)
    if use.callee.average is None:
        return note_use(frame, use.callee, perform_call(frame, use))
    from netspec.infer.calls.averages import keep_nodes  # few specs have any

    since = len(frame.nodes)
    value = note_use(frame, use.callee, perform_call(frame, use))
    return value if isinstance(value, Unknown) or keep_nodes(frame, since, use.callee, use.span) else UNKNOWN


def note_use(frame: Frame, callee: SharedInstance, value: Value) -> Value:
    """An instance is used, perhaps with a problem."""
    frame.used.add(callee.segment)
    if isinstance(value, Unknown):
        frame.failed.add(callee.segment)
    return value


def perform_call(frame: Frame, use: Call) -> Value:
    """Bind inputs and arguments, then make the instance, or the value when no tensor is there."""
    frame.world.call()
    entry = signature_of(use.value)
    if use.chained and not takes_tensors(use.value):
        return report_not_a_stage(frame, use)
    bound = bind(frame, use, entry)
    if isinstance(use.callee, SharedInstance) and bound.args:
        given = next(iter(bound.args.values()))
        return frame.report(TooManyArguments(at=given.span, op=use.name, signature=entry.text(), shared=True))
    if bound.instead is not None:
        return bound.instead
    if bound.broken:
        return UNKNOWN if bound.reported else judge_alone(frame, use, bound)
    value = replace(use.value, args={**use.value.args, **bound.args}, span=use.span, call=use.args)
    if not bound.tensors and not use.chained and (entry.required or not takes_tensors(value)):
        return value
    if not takes_tensors(value):
        return report_not_a_stage(frame, use)
    if isinstance(value, OpValue) and value.entry.kind in MEASURES:
        frame.fill_numbers(value, bound)
    if not complete(frame, use, entry, bound):
        unknown = any(isinstance(g.value, Unknown) for g in (*bound.tensors, *bound.optional.values()))
        return judge_alone(frame, use, bound) if unknown else UNKNOWN
    if isinstance(value, BlockValue):
        return frame.world.elaborate.use_block(frame, use, value, bound)
    if value.entry.kind in (*MEASURES, DECODER):
        return frame.use_in_section(use, value, bound)
    return use_op(frame, use, value, bound)


def judge_alone(frame: Frame, use: Call, bound: Bound) -> Unknown:
    """A call whose inputs, or some of whose arguments, are unknown: what is known of its arguments can still be wrong."""
    value = replace(use.value, args={**use.value.args, **bound.args}, span=use.span, call=use.args)
    if isinstance(value, OpValue):
        construction.construct_use(frame, value) if not bound.ambiguous else construction.judge_given(frame, value)
    elif bound.ambiguous:
        return UNKNOWN
    elif not any(isinstance(g.value, Unknown) for g in value.args.values()):
        arguments.bind_params(frame.world, value.definition, value.args, use.span, frame.facts, value.call)
    return UNKNOWN


def report_not_a_stage(frame: Frame, use: Call) -> Unknown:
    """A tensor flows into something that takes none."""
    if any(isinstance(given.value, Unknown) for _, given in use.inputs):
        return UNKNOWN
    kind = use.value.entry.kind if isinstance(use.value, OpValue) else "block"
    return frame.report(WrongKind(at=use.span, name=use.name, is_a=kind, wanted="a layer, function or block"))


def bind(frame: Frame, use: Call, signature: Signature) -> Bound:
    """Sort a call's inputs and arguments by the call rule; problems are reported."""
    bound = Bound()
    slots: dict[str, Given] = {}
    for name, given in use.inputs:
        bind_chained(frame, use, signature, slots, bound, name, given)
    positional = [a for a in use.args if a.name is None]
    rest = take_inputs(frame, use, signature, slots, bound, positional)
    fill_params(frame, use, signature, bound, rest, use.chained or bool(slots or bound.tensors))
    if not use.chained and signature.required and not slots and not bound.tensors and not bound.broken:
        report_tensor_behind(frame, use, signature, bound, positional)
    for arg in use.args:
        if arg.name is not None:
            bind_named(frame, use, signature, slots, bound, arg)
    if not signature.variadic:
        bound.tensors = [slots[n] for n in signature.required if n in slots]
        missing = [n for n in signature.required if n not in slots]
        if slots and missing and not bound.broken:
            from netspec.infer.calls.missing_inputs import describe_missing  # only specs with a problem need it

            fail(frame, bound, describe_missing(frame, use, signature, slots, missing))
    else:
        bound.tensors = [*slots.values(), *bound.tensors]
    return bound


def report_tensor_behind(frame: Frame, use: Call, signature: Signature, bound: Bound, positional: list[tree.Arg]) -> None:
    """`dense(64, x)`: the inputs stand behind the params, and come first here."""
    behind = [(name, given) for name, given in bound.args.items() if isinstance(given.value, FLOWING)]
    if not behind or signature.variadic:
        return
    spans = [arg.value.span for arg in positional]
    tensors = [span for span in spans if any(given.span == span for _, given in behind)]
    order = [*tensors, *(span for span in spans if span not in tensors)]
    edits = tuple(Edit(span, other.text) for span, other in zip(spans, order, strict=True) if span != other)
    from netspec.infer.calls.input_repairs import show  # only specs with a problem need it

    ways = (Repair(edits, show(use.span, edits)),) if edits and len(spans) == len(bound.args) else ()
    first, second = signature.required[0], next((n for n, g in bound.args.items() if not isinstance(g.value, FLOWING)), behind[0][0])
    fail(frame, bound, SwappedArguments(at=use.span, op=use.name, first=first, second=second, ways=ways))


def fail(frame: Frame, bound: Bound, problem) -> None:
    """Report a problem of a call, which is not performed then."""
    frame.report(problem)
    bound.broken = bound.reported = True


def bind_chained(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, name: str | None, given: Given) -> None:
    """One value before the arrow."""
    if name is not None:
        if name in signature.optional:
            bound.optional[name] = given
        elif name in signature.required and name not in slots:
            slots[name] = given
        else:
            fail(frame, bound, describe_unknown_input(use, signature, name, given.span))
    elif signature.variadic:
        bound.tensors.append(given)
    else:
        free = next((n for n in signature.required if n not in slots), None)
        if free is None and takes_one_list(signature):
            fail(frame, bound, describe_tuple(use, signature, given.span))
        elif free is None:
            fail(frame, bound, TooManyInputs(at=use.span, op=use.name, takes=signature.required, given=len(use.inputs)))
        else:
            slots[free] = given


def take_inputs(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, args: list[tree.Arg]) -> list[Given | tree.Arg]:
    """Take the tensors among the positional arguments; returns what is left for the parameters."""
    if signature.variadic:
        return take_variadic_inputs(frame, use, signature, bound, args)
    if use.chained:
        return take_stage_inputs(frame, use, signature, slots, args)
    if not signature.required:
        return list(args)
    count = len(signature.required)
    values = [look_at(frame, use, signature, place, a) for place, a in enumerate(args[:count])]
    if not any(flows(g.value) for g in values):
        if any(isinstance(g.value, Unknown) for g in values):
            bound.broken = bound.ambiguous = True
            return list(args) if len(args) > count + len(signature.params) else []
        return [*values, *args[count:]]
    slots.update(zip(signature.required, values, strict=False))
    return list(args[count:])


def look_at(frame: Frame, use: Call, signature: Signature, place: int, arg: tree.Arg) -> Given:
    """The value of an argument that may be an input or, where it is no tensor, the param at `place`: it is computed once."""
    free = [p for p in signature.params if p not in use.value.args]
    if place < len(free):
        return evaluate_argument(frame, use, free[place], arg.value)
    return Given(expressions.evaluate(frame, arg.value, use.want if "initializer" in use.want else ()), arg.value.span)


def take_stage_inputs(frame: Frame, use: Call, signature: Signature, slots: dict, args: list[tree.Arg]) -> list[Given | tree.Arg]:
    """`x -> f(a)` is `f(x, a)`: tensors that come first fill the inputs which the chain left open."""
    for place, arg in enumerate(args):
        free = next((n for n in signature.required if n not in slots), None)
        if free is None:
            return list(args[place:])
        given = look_at(frame, use, signature, 0, arg)
        if not isinstance(given.value, Tensor | Unknown) and not flows(given.value):
            return [given, *args[place + 1 :]]
        slots[free] = given
    return []


def take_variadic_inputs(frame: Frame, use: Call, signature: Signature, bound: Bound, args: list[tree.Arg]) -> list[Given | tree.Arg]:
    """Tensors, and lists of tensors, are inputs wherever they stand; the rest are parameters."""
    rest: list[Given | tree.Arg] = []
    for arg in args:
        given = look_at(frame, use, signature, len(rest), arg)
        items = given.value if isinstance(given.value, tuple) and any(isinstance(v, FLOWING) for v in given.value) else (given.value,)
        if any(isinstance(v, FLOWING) for v in items):
            written = arg.value.items if isinstance(arg.value, tree.ListExpr) else ()
            spans = [n.span for n in written] if len(written) == len(items) else [given.span] * len(items)
            bound.tensors += [Given(v, span) for v, span in zip(items, spans, strict=True)]
        elif isinstance(given.value, Unknown):
            bound.broken = bound.ambiguous = True
        else:
            rest.append(given)
    return rest


def fill_params(frame: Frame, use: Call, signature: Signature, bound: Bound, args: list[Given | tree.Arg], fed: bool) -> None:
    """Positional arguments in the params' order; `fed`: the call has an input already."""
    free = [p for p in signature.params if p not in use.value.args]
    for arg, name in zip(args, free, strict=False):
        given = arg if isinstance(arg, Given) else evaluate_argument(frame, use, name, arg.value)
        bound.broken |= isinstance(given.value, Unknown)
        bound.args[name] = given
    if len(args) > len(free):
        if works_on_tensors(use.value) and signature.required and not (fed or use.value.args):
            more = {n: a if isinstance(a, Given) else Given(expressions.evaluate(frame, a.value), a.value.span) for n, a in enumerate(args)}
            if any(isinstance(given.value, FLOWING) for given in more.values()):
                bound.args = {free[n] if n < len(free) else f"argument {n + 1}": given for n, given in more.items()}
                return report_tensor_behind(frame, use, signature, bound, [a for a in use.args if a.name is None])
            return report_no_tensor(frame, use, signature, bound, args[0])
        spans = [arg.value.span for arg in use.args if arg.name is None]
        if takes_one_list(signature) and not use.chained and not free and fed:
            return fail(frame, bound, describe_tuple(use, signature, spans[0].to(spans[-1])))
        fail(frame, bound, describe_too_many(use, signature, args[len(free)], free))
    return None


def works_on_tensors(value: OpValue | BlockValue) -> bool:
    return isinstance(value, OpValue) and value.entry.kind in (*CALLABLE, *MEASURES, DECODER)


def report_no_tensor(frame: Frame, use: Call, signature: Signature, bound: Bound, arg: Given | tree.Arg) -> None:
    """`exp(2.0)`: a call with more arguments than the op has params, and none that is a tensor."""
    given = arg if isinstance(arg, Given) else Given(expressions.evaluate(frame, arg.value), arg.value.span)
    wanted = f"the input `{signature.required[0]}` of `{use.name}`"
    bound.instead = compute_value(frame, use, given)
    if bound.instead is not None or isinstance(given.value, Unknown):
        bound.broken = True
    else:
        problem = NotATensor(at=given.span, what=describe(given.value), wanted=wanted)
        fail(frame, bound, replace(problem, ways=select_parameters(use, given)))


def compute_value(frame: Frame, use: Call, given: Given) -> Value:
    """`sqrt(2.0)`, `log(linspace(1, 16))`: a function of a number or of an initial value; None for anything else."""
    number = to_plain(given.value)
    if not is_number(number) and not is_initial(number):
        return None
    from netspec.library.initializers import formulas  # few specs compute such values

    if use.name not in formulas.FUNCTIONS or len(use.args) != 1:
        return None
    if is_initial(number):
        return Initial(use.name, (number,))
    try:
        return formulas.compute(use.name, number)
    except ValueError:
        return frame.report(BadOperands(at=use.span, op=use.name, left=describe(number)))


def evaluate_argument(frame: Frame, use: Call, name: str, node: tree.Expr) -> Given:
    """An argument's value; the parameter's type says what kind of op may stand there."""
    value = use.value
    kinds = (
        construction.kinds_of_argument(value.entry, name)
        if isinstance(value, OpValue)
        else arguments.kinds_of_param(value.definition, name)
    )
    return Given(expressions.evaluate(frame, node, kinds), node.span)


def bind_named(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, arg: tree.Arg) -> None:
    """Bind `name=value` to a parameter or an input."""
    name = arg.name or ""
    if name in signature.params:
        if name not in bound.args:
            bound.args[name] = evaluate_argument(frame, use, name, arg.value)
            bound.broken |= isinstance(bound.args[name].value, Unknown)
        elif not isinstance(bound.args[name].value, Unknown):  # an unknown one may have been meant as an input
            if any(other.name is None and other.span.start > arg.span.start for other in use.args):
                bound.broken = bound.reported = True  # their order is reported, and says which is which
            else:
                fail_twice(frame, use, bound, arg, signature.text())
        return
    if name not in (*signature.optional, *signature.required) and not signature.collects:
        if not bound.unknown:  # the first problem names them all
            fail(frame, bound, describe_unknown_argument(use, signature, arg))
        bound.unknown = True
        return
    given = Given(expressions.evaluate(frame, arg.value), arg.value.span)
    if name in signature.optional:
        bound.optional[name] = given
    elif name in signature.required and name not in slots:
        slots[name] = given
    elif signature.collects:
        collect(frame, use, signature, bound, arg, given)
    else:
        fail_twice(frame, use, bound, arg, ", ".join(signature.required))


def describe_unknown_argument(use: Call, signature: Signature, arg: tree.Arg) -> Diagnostic:
    """The problem of a named argument that does not exist, or does so no longer."""
    from netspec.resolve import suggestions  # only specs with a problem need it
    from netspec.resolve.foreign.calls import Written, takes_of

    options = (*signature.params, *signature.required, *signature.optional)
    what = takes_of(use.value.entry if isinstance(use.value, OpValue) else use.value.definition)
    odd = [a for a in use.args if a.name is not None and a.name not in options]
    return suggestions.unknown_arguments(Written(use.span, use.args), odd or [arg], what, options)[0]


def collect(frame: Frame, use: Call, signature: Signature, bound: Bound, arg: tree.Arg, given: Given) -> None:
    """A further named argument, into the one parameter that collects them."""
    before = bound.args.get(signature.collects)
    known = dict(before.value) if before is not None and isinstance(before.value, dict) else {}
    if arg.name in known:
        return fail(frame, bound, TooManyArguments(at=arg.span, op=use.name, signature=signature.text(), twice=arg.name or ""))
    if not isinstance(given.value, Unknown) and not fits_collected(given.value, expected := name_expected(use.value, signature.collects)):
        found = describe(given.value)
        return fail(frame, bound, BadArgument(at=given.span, op=use.name, name=arg.name or "", value=found, expected=expected))
    bound.broken |= isinstance(given.value, Unknown)
    bound.args[signature.collects] = Given({**known, arg.name: given.value}, given.span if before is None else before.span.to(given.span))
    return None


def literals_fit(value: OpValue | BlockValue) -> bool:
    """Numbers may stand beside tensors where an op works element by element."""
    return isinstance(value, OpValue) and bool(getattr(index.load(value.entry), "elementwise", False))


def complete(frame: Frame, use: Call, signature: Signature, bound: Bound) -> bool:
    """All inputs are tensors (or literals beside one); unknown ones silence the call."""
    bound.tensors = [open_record(g) for g in bound.tensors]
    values = [*bound.tensors, *bound.optional.values()]
    if signature.required and not bound.tensors:
        frame.report(MissingInput(at=use.span, op=use.name, names=signature.required, all=signature.required))
        return False
    if any(isinstance(g.value, Unknown) for g in values):
        return False
    beside = literals_fit(use.value) and any(isinstance(g.value, Tensor | Mean) for g in values)
    accepted = (*FLOWING, int, float, bool) if beside else FLOWING
    required = signature.required * len(bound.tensors) if signature.variadic else signature.required
    for given, name in zip(values, (*required, *bound.optional), strict=False):
        if name in signature.lists:
            if not is_tensor_list(given.value):
                frame.report(describe_no_list(use, name, given))
                return False
            continue
        if not isinstance(given.value, accepted):
            from netspec.infer.calls.missing_inputs import fill_number  # only specs with a problem need it

            problem = NotATensor(at=given.span, what=describe(given.value), wanted=f"the input `{name}` of `{use.name}`")
            frame.report(replace(problem, ways=(*select_parameters(use, given), *fill_number(given.span))))
            return False
    return True


def select_parameters(use: Call, given: Given) -> tuple[Repair, ...]:
    """A pattern over paths, to an op of parameters: those that it matches."""
    entry = use.value.entry if isinstance(use.value, OpValue) else None
    text = given.span.text
    if entry is None or not isinstance(given.value, str) or not getattr(index.load(entry), "of_parameters", False):
        return ()
    return (Repair((Edit(given.span, f"params({text})"),), f"params({text})"),)


def takes_one_list(signature: Signature) -> bool:
    """Its one input is a list of tensors."""
    return len(signature.required) == 1 and signature.required[0] in signature.lists


def describe_tuple(use: Call, signature: Signature, at: Span) -> NotAList:
    """`(a, b) -> f`, `f(a, b)`: several tensors where one list is wanted."""
    inner = at.text[1:-1] if at.text.startswith("(") and at.text.endswith(")") else at.text
    ways = (Repair((Edit(at, f"[{inner}]"),), f"`[{inner}]`"),)
    return NotAList(at=at, op=use.name, input=signature.required[0], what="several inputs", ways=ways)


def flows(value: Value) -> bool:
    """A tensor, or a list with one."""
    return isinstance(value, FLOWING) or (isinstance(value, tuple) and any(isinstance(item, FLOWING) for item in value))


def is_tensor_list(value: Value) -> bool:
    """One tensor or more in a list."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, Tensor) for item in value)


def describe_no_list(use: Call, name: str, given: Given) -> NotAList:
    """What is given where a block wants a list of tensors; one tensor becomes a list of one."""
    what = "an empty list" if given.value == () else describe(given.value)
    text = given.span.text
    listed = f"[({text})]" if "->" in text and not text.startswith("(") else f"[{text}]"
    ways = (Repair((Edit(given.span, listed),), f"`{listed}`"),) if isinstance(given.value, Tensor) else ()
    return NotAList(at=given.span, op=use.name, input=name, what=what, ways=ways)


def describe_unknown_input(use: Call, signature: Signature, name: str, at: Span) -> UnknownArgument:
    """An input that is given before the arrow by a name which the callee's inputs do not have."""
    near = tuple(nearest(name, (*signature.required, *signature.optional)))
    return UnknownArgument(at=at, op=use.name, name=name, near=near, options=signature.required)


def describe_too_many(use: Call, signature: Signature, extra: Given | tree.Arg, free: list[str]) -> TooManyArguments:
    """More positional arguments than params."""
    at = extra.span if isinstance(extra, Given) else extra.value.span
    listed = write_as_list(use, free)
    first = (Repair((Edit(use.span, listed),), listed),) if listed else ()
    ways = (*first, *swap_axes(use), *leave_out_size(use), *propose_fewer(use, at))
    return TooManyArguments(at=at, op=use.name, signature=signature.text(), listed=listed, ways=ways)


def swap_axes(use: Call) -> Iterator[Repair]:
    """`transpose(x, 1, 2)` changes two axes in PyTorch: the list of all of them, for as many as there may be."""
    numbers = [int(a.value.span.text) for a in use.args if re.fullmatch(r"-?[0-9]", a.value.span.text)]
    texts = [a.value.span.text for a in use.args]
    if use.name != "transpose" or len(numbers) != 2 or len(texts) != 3 - use.chained:
        return
    for rank in range(2, 7):
        axes = list(range(rank))
        if all(-rank <= n < rank for n in numbers):
            a, b = (n % rank for n in numbers)
            axes[a], axes[b] = b, a
            text = f"{use.name}({', '.join([*texts[: 1 - use.chained], str(axes)])})"
            yield Repair((Edit(use.span, text),), text)


def leave_out_size(use: Call) -> Iterator[Repair]:
    """`x -> Mlp(8, 64)` where `x` has 8 features: other libraries are told the size that comes in."""
    from netspec.resolve.foreign.calls import Written, propose_calls, takes_of  # only specs with a problem need it

    flowing = [given.value.type.shape for _, given in use.inputs if isinstance(given.value, Tensor)]
    first = next((n for n, arg in enumerate(use.args) if arg.name is None and isinstance(arg.value, tree.Number)), None)
    if isinstance(use.value, BlockValue) and flowing and flowing[0] and first is not None:
        if str(flowing[0][-1]) == use.args[first].value.span.text:
            yield from propose_calls(Written(use.span, use.args), takes_of(use.value.definition), gone=(first,))


def propose_fewer(use: Call, at: Span) -> tuple[Repair, ...]:
    """The call with fewer arguments: as another library means it, or without the one at this place."""
    from netspec.infer.calls.value_repairs import propose_rewritten  # only specs with a problem need it
    from netspec.resolve.foreign.calls import Written, propose_calls, takes_of

    value = replace(use.value, span=use.span, call=use.args)
    what = takes_of(value.entry if isinstance(value, OpValue) else value.definition)
    gone = tuple(n for n, arg in enumerate(use.args) if arg.value.span.start >= at.start and arg.name is None)
    shorter = propose_calls(Written(use.span, use.args), what, gone=gone) if gone else []
    return tuple(dict.fromkeys((*propose_rewritten(value), *shorter)))


def fail_twice(frame: Frame, use: Call, bound: Bound, arg: tree.Arg, signature: str) -> None:
    """Report an argument that is given more than once, the first time that it is."""
    name = arg.name or ""
    if name not in bound.twice:
        fail(frame, bound, describe_twice(use, arg, signature))
    bound.twice.add(name)


def describe_twice(use: Call, arg: tree.Arg, signature: str) -> TooManyArguments:
    """An argument that is given a second time: the first one stays, or the last."""
    from netspec.resolve.foreign.calls import Written, propose_calls, takes_of  # only specs with a problem need it

    name = arg.name or ""
    what = takes_of(use.value.entry if isinstance(use.value, OpValue) else use.value.definition)
    same = [n for n, other in enumerate(use.args) if other.name == name]
    places = [gone for gone in (same[1:], same[:-1], same) if gone]  # all of them where the first one stands without its name
    ways = [repair for gone in places for repair in propose_calls(Written(use.span, use.args), what, gone=gone)]
    return TooManyArguments(at=arg.span, op=use.name, signature=signature, twice=name, ways=tuple(ways))


def write_as_list(use: Call, free: list[str]) -> str:
    """`reshape(x, B, 64)` with its numbers in a list, where that is what the op takes; else nothing."""
    if not isinstance(use.value, OpValue) or not free or any(a.name for a in use.args):
        return ""
    wanted = next((a.type for a in use.value.entry.signature if a.name == free[0]), "")
    if not wanted.startswith("list[int]"):
        return ""
    texts = [a.value.span.text for a in use.args]
    inputs = [] if use.chained else texts[: len(use.value.entry.inputs)]
    numbers = ", ".join(texts[len(inputs) :])
    return f"{use.name}({', '.join([*inputs, f'[{numbers}]'])})"


SIZE, NAME = "a whole number above 0", 'a name: `"x"`'


def name_expected(value: OpValue | BlockValue, param: str) -> str:
    """What is expected of each, in words, when `param` collects them."""
    kinds = {name: kind for name, _, kind in value.entry.signature} if isinstance(value, OpValue) else {}
    return NAME if kinds.get(param) == "{str: str}" else SIZE


def fits_collected(value: Value, expected: str) -> bool:
    return isinstance(value, str) if expected == NAME else is_size(value) and value != 0
