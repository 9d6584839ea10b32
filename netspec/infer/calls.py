"""The call rule (DESIGN §3): a stage fills required inputs, parentheses fill parameters, and a call without tensors is a value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls import MissingInput, NotATensor, TooManyArguments, TooManyInputs
from netspec.diagnostics.names import NotCallable, UnknownArgument, UnknownName, WrongKind
from netspec.diagnostics.suggest import nearest
from netspec.infer import apply, expressions, instances, slices, static
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, Mean, OpValue, Several, SharedInstance, Tensor, Unknown, Value, describe
from netspec.ir import Segment
from netspec.library import index
from netspec.library.index import Entry
from netspec.resolve.graph import Bad, BlockRef, Builtin, Late, Local, Meaning, ShelfRef
from netspec.resolve.sections import LATE_VALUES
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

Callee = OpValue | BlockValue | SharedInstance
MEASURES = ("loss", "metric")


@dataclass
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

    @property
    def value(self) -> OpValue | BlockValue:
        return self.callee.value if isinstance(self.callee, SharedInstance) else self.callee

    @property
    def name(self) -> str:
        return self.value.name

    def segment(self, frame: Frame) -> Segment:
        if isinstance(self.callee, SharedInstance):
            return self.callee.segment
        return frame.label(self.label, self.label_span) if self.label else frame.count(self.name)


@dataclass
class Bound:
    """A call's inputs and arguments, sorted out. `tensors` has those of a variadic op, or one per required input; `optional` by name."""

    tensors: list[Given] = field(default_factory=list)
    optional: dict[str, Given] = field(default_factory=dict)
    args: dict[str, Given] = field(default_factory=dict)
    broken: bool = False
    """A problem was reported while binding."""


def call(frame: Frame, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A call in an expression: `f(x, 3)`, `relu(x)`, `zeros([3])`, or a value such as `dense(4)`."""
    meaning = frame.world.graph.meaning(node.callee)
    if isinstance(meaning, Builtin):
        return builtin(frame, meaning, node, want)
    callee = callee_of(frame, node.callee, meaning, want)
    return UNKNOWN if isinstance(callee, Unknown) else perform(frame, Call(callee, node.span, args=node.args))


def stage(frame: Frame, node: tree.Stage, value: Value, before: Span, want: tuple[str, ...]) -> Value:
    """A value through a stage."""
    callee = stage_callee(frame, node, want or expressions.CALLABLE)
    if isinstance(callee, Unknown):
        return callee
    given = value.values if isinstance(value, Several) else ((None, value),)
    inputs = [(name, Given(v, before)) for name, v in given]
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return perform(frame, Call(callee, node.call.span, inputs, True, args, node.label, node.label_span))


def stage_callee(frame: Frame, node: tree.Stage, want: tuple[str, ...]) -> Callee | Unknown:
    name = node.call.callee if isinstance(node.call, tree.Call) else node.call
    meaning = frame.world.graph.meaning(name)
    if isinstance(meaning, Builtin):
        meaning = ShelfRef(meaning.name)
        if not index.entries(meaning.name):
            frame.world.report(NotCallable(at=name.span, name=name.text, what="a function of static values"))
            return UNKNOWN
    return callee_of(frame, name, meaning, want)


def stage_value(frame: Frame, node: tree.Stage, want: tuple[str, ...]) -> Value:
    """A stage between values of ops: the value it stands for."""
    callee = stage_callee(frame, node, want)
    if isinstance(callee, Unknown):
        return callee
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return perform(frame, Call(callee, node.call.span, args=args))


def callee_of(frame: Frame, name: tree.Name, meaning: Meaning, want: tuple[str, ...]) -> Callee | Unknown:
    match meaning:
        case Local(first) | Late(first):
            value = frame.env.get(first, UNKNOWN)
            if isinstance(value, OpValue | BlockValue):
                return replace(value, span=name.span)
            if isinstance(value, SharedInstance | Unknown):
                return value
            frame.world.report(NotCallable(at=name.span, name=name.text, what=describe(value)))
        case BlockRef(definition):
            return BlockValue(definition, span=name.span)
        case ShelfRef(text):
            return op_value(text, want, name.span)
        case Bad():
            pass
        case _:
            frame.world.report(NotCallable(at=name.span, name=name.text, what="a value"))
    return UNKNOWN


def op_value(name: str, want: tuple[str, ...], span: Span) -> OpValue:
    """The op of that name which the position asks for, else the first that there is."""
    entries = index.entries(name)
    return OpValue(next((e for e in entries if e.kind in want), entries[0]), span=span)


def builtin(frame: Frame, meaning: Builtin, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A static function; on tensors, the op of the same name if there is one."""
    values = [expressions.evaluate(frame, a.value) for a in node.args]
    if any(isinstance(v, Unknown) for v in values):
        return UNKNOWN
    if any(isinstance(v, Tensor | Mean) for v in values) and index.entries(meaning.name):
        return perform(frame, Call(op_value(meaning.name, want or expressions.CALLABLE, node.callee.span), node.span, args=node.args))
    if any(a.name for a in node.args):
        arg = next(a for a in node.args if a.name)
        raise Mistake(UnknownArgument(at=arg.name_span, op=meaning.name, name=arg.name or ""))
    try:
        return static.FUNCTIONS[meaning.name](*values)
    except TypeError:
        raise Mistake(TooManyArguments(at=node.span, op=meaning.name, signature="value")) from None


def without_inputs(frame: Frame, value: OpValue, node: tree.Name) -> Value:
    """A bare name: `random` ops without inputs or arguments are made, others stay values."""
    return value


def perform(frame: Frame, use: Call) -> Value:
    """Bind inputs and arguments, then make the instance, or the value when no tensor is there."""
    entry = signature_of(use.value)
    bound = bind(frame, use, entry)
    if bound.broken:
        return UNKNOWN
    value = replace(use.value, args={**use.value.args, **bound.args}, span=use.span)
    callable_ = isinstance(value, BlockValue) or value.entry.kind in (*expressions.CALLABLE, *MEASURES)
    if not use.chained and not bound.tensors and (entry.required or not callable_):
        return value
    if not callable_ and isinstance(value, OpValue):
        frame.world.report(WrongKind(at=use.span, name=value.name, is_a=value.entry.kind, wanted="a layer, function or block"))
        return UNKNOWN
    if not complete(frame, use, entry, bound):
        return UNKNOWN
    if isinstance(value, BlockValue):
        return instances.use_block(frame, use, value, bound)
    if value.entry.kind in MEASURES:
        return apply.measure(frame, use, value, bound)
    return apply.use_op(frame, use, value, bound)


@dataclass(frozen=True)
class Signature:
    """What a callee takes, whether op or block."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    params: tuple[str, ...]
    variadic: bool = False

    def text(self) -> str:
        return ", ".join(self.params)


def signature_of(value: OpValue | BlockValue) -> Signature:
    if isinstance(value, BlockValue):
        definition = value.definition
        return Signature(tuple(i.name for i in definition.inputs), (), tuple(p.name for p in definition.params))
    entry: Entry = value.entry
    required = tuple(name for name, optional in entry.inputs if not optional)
    optional = tuple(name for name, optional in entry.inputs if optional)
    return Signature(required, optional, tuple(a[0] for a in entry.signature), entry.variadic)


def bind(frame: Frame, use: Call, signature: Signature) -> Bound:
    """Sort a call's inputs and arguments by the call rule; problems are reported."""
    bound = Bound()
    slots: dict[str, Given] = {}
    for name, given in use.inputs:
        chained(frame, use, signature, slots, bound, name, given)
    positional = [a for a in use.args if a.name is None]
    rest = positional_inputs(frame, use, signature, slots, bound, positional)
    fill_params(frame, use, signature, bound, rest)
    for arg in use.args:
        if arg.name is not None:
            named(frame, use, signature, slots, bound, arg)
    if not signature.variadic:
        bound.tensors = [slots[n] for n in signature.required if n in slots]
        missing = [n for n in signature.required if n not in slots]
        if slots and missing and not bound.broken:
            fail(frame, bound, MissingInput(at=use.span, op=use.name, names=tuple(missing), all=signature.required))
    return bound


def fail(frame: Frame, bound: Bound, problem) -> None:
    frame.world.report(problem)
    bound.broken = True


def chained(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, name: str | None, given: Given) -> None:
    """One value before the arrow."""
    if name is not None:
        if name in signature.optional:
            bound.optional[name] = given
        elif name in signature.required and name not in slots:
            slots[name] = given
        else:
            near = tuple(nearest(name, (*signature.required, *signature.optional)))
            fail(frame, bound, UnknownArgument(at=given.span, op=use.name, name=name, near=near, options=signature.required))
    elif signature.variadic:
        bound.tensors.append(given)
    else:
        free = next((n for n in signature.required if n not in slots), None)
        if free is None:
            fail(frame, bound, TooManyInputs(at=use.span, op=use.name, takes=signature.required, given=len(use.inputs)))
        else:
            slots[free] = given


def positional_inputs(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, args: list[tree.Arg]) -> list[Given | tree.Arg]:
    """Take the tensors among the positional arguments; returns what is left for the parameters."""
    if signature.variadic:
        return variadic_inputs(frame, bound, args)
    if use.chained or not signature.required or use.value.args:
        return list(args)
    count = len(signature.required)
    values = [Given(expressions.evaluate(frame, a.value), a.value.span) for a in args[:count]]
    if not any(isinstance(g.value, Tensor | Mean) for g in values):
        if any(isinstance(g.value, Unknown) for g in values):
            bound.broken = True
        return list(args)
    slots.update(zip(signature.required, values, strict=False))
    return list(args[count:])


def variadic_inputs(frame: Frame, bound: Bound, args: list[tree.Arg]) -> list[Given | tree.Arg]:
    """Tensors, and lists of tensors, are inputs wherever they stand; the rest are parameters."""
    rest: list[Given | tree.Arg] = []
    for arg in args:
        given = Given(expressions.evaluate(frame, arg.value), arg.value.span)
        items = given.value if isinstance(given.value, tuple) and any(isinstance(v, Tensor) for v in given.value) else (given.value,)
        if any(isinstance(v, Tensor) for v in items):
            bound.tensors += [Given(v, given.span) for v in items]
        elif isinstance(given.value, Unknown):
            bound.broken = True
        else:
            rest.append(given)
    return rest


def fill_params(frame: Frame, use: Call, signature: Signature, bound: Bound, args: list[Given | tree.Arg]) -> None:
    free = [p for p in signature.params if p not in use.value.args]
    for arg, name in zip(args, free, strict=False):
        given = arg if isinstance(arg, Given) else argument(frame, use, name, arg.value)
        bound.broken |= isinstance(given.value, Unknown)
        bound.args[name] = given
    if len(args) > len(free):
        extra = args[len(free)]
        span = extra.span if isinstance(extra, Given) else extra.value.span
        fail(frame, bound, TooManyArguments(at=span, op=use.name, signature=signature.text()))


def argument(frame: Frame, use: Call, name: str, node: tree.Expr) -> Given:
    """An argument's value; the parameter's type says what kind of op may stand there."""
    value = use.value
    kinds = apply.kinds_wanted(value.entry, name) if isinstance(value, OpValue) else instances.kinds_wanted(value.definition, name)
    return Given(expressions.evaluate(frame, node, kinds), node.span)


def named(frame: Frame, use: Call, signature: Signature, slots: dict, bound: Bound, arg: tree.Arg) -> None:
    name = arg.name or ""
    if name in signature.params:
        if name in bound.args:
            fail(frame, bound, TooManyArguments(at=arg.span, op=use.name, signature=signature.text(), twice=name))
            return
        bound.args[name] = argument(frame, use, name, arg.value)
        bound.broken |= isinstance(bound.args[name].value, Unknown)
        return
    given = Given(expressions.evaluate(frame, arg.value), arg.value.span)
    if name in signature.optional:
        bound.optional[name] = given
    elif name in signature.required and name not in slots:
        slots[name] = given
    elif name in signature.required:
        fail(frame, bound, TooManyArguments(at=arg.span, op=use.name, signature=", ".join(signature.required), twice=name))
    else:
        options = (*signature.params, *signature.required, *signature.optional)
        fail(frame, bound, UnknownArgument(at=arg.name_span, op=use.name, name=name, near=tuple(nearest(name, options))[:1], options=options))


def complete(frame: Frame, use: Call, signature: Signature, bound: Bound) -> bool:
    """All inputs are tensors (or literals beside one); unknown ones silence the call."""
    values = [*bound.tensors, *bound.optional.values()]
    if signature.required and not bound.tensors:
        frame.world.report(MissingInput(at=use.span, op=use.name, names=signature.required, all=signature.required))
        return False
    if any(isinstance(g.value, Unknown) for g in values):
        return False
    for given, name in zip(values, (*signature.required, *bound.optional), strict=False):
        if not isinstance(given.value, Tensor | Mean | int | float | bool):
            frame.world.report(NotATensor(at=given.span, what=describe(given.value), wanted=f"the input `{name}` of `{use.name}`"))
            return False
    return True


def operator(frame: Frame, symbol: str, values: tuple[Value, ...], spans: tuple[Span, ...], node: tree.Binary | tree.Unary) -> Value:
    """An operator of which at least one operand is a tensor."""
    entry = index.operator(symbol, len(values))
    for value, span in zip(values, spans, strict=True):
        if not isinstance(value, Tensor | Mean | int | float | bool):
            raise Mistake(NotATensor(at=span, what=describe(value), wanted=f"the operand of `{symbol}`"))
    at = node.op_span if isinstance(node, tree.Binary) and node.op_span is not NOWHERE else node.span
    use = Call(OpValue(entry, span=node.span), at)
    given = [Given(v, s) for v, s in zip(values, spans, strict=True)]
    return apply.use_op(frame, use, OpValue(entry, span=node.span), Bound(tensors=given))


def indexed(frame: Frame, node: tree.Index) -> Value:
    """`x[1, 2:4]` on a tensor, `widths[i]` on a list."""
    value = expressions.evaluate(frame, node.value)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Tensor):
        return slices.of_tensor(frame, node, value)
    return slices.of_list(frame, node, value)


def late_name(frame: Frame, node: tree.Name, want: tuple[str, ...]) -> Value:
    """A name of `train` that is neither an output, a field nor a `let`: perhaps an op as a value, else unknown."""
    if node.text in frame.world.graph.definitions:
        return BlockValue(frame.world.graph.definitions[node.text], span=node.span)
    if index.entries(node.text):
        value = op_value(node.text, want, node.span)
        if not want or value.entry.kind in want:
            return value
    options = [n for n in frame.env if n not in LATE_VALUES]
    near = tuple(nearest(node.text, [*frame.env, *(index.names(want[0]) if want else [])]))
    frame.world.report(UnknownName(at=node.span, name=node.text, noun="value", near=near, options=tuple(options[:12])))
    return UNKNOWN


