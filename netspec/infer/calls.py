"""The call rule (DESIGN §3): a stage fills required inputs, parentheses fill parameters, and a call without tensors is a value."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.arguments import TooManyArguments
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.calls.kinds import NotCallable, WrongKind
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.infer import apply, expressions, instances, methods, sharing, slices, static, types
from netspec.infer.binding import Bound, Call, Callee, bind, complete, signature_of
from netspec.infer.frame import Frame
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Given,
    Known,
    Mean,
    OpValue,
    Several,
    SharedChain,
    SharedInstance,
    Tensor,
    Unknown,
    Value,
    describe,
)
from netspec.library.shelf import index
from netspec.record import replace
from netspec.resolve.expressions import OF_MODELS
from netspec.resolve.graph import UNREAD, Bad, BlockRef, Builtin, Late, Local, Meaning, ShelfRef
from netspec.resolve.sections import LATE_VALUES
from netspec.shape import DTYPES
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

MEASURES = ("loss", "metric")
DECODER = "decoder"


def call(frame: Frame, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A call in an expression: `f(x, 3)`, `relu(x)`, `zeros([3])`, or a value such as `dense(4)`."""
    meaning = frame.world.graph.meaning(node.callee)
    if isinstance(meaning, Builtin):
        return builtin(frame, meaning, node, want)
    callee = callee_of(frame, node.callee, meaning, want or frame.kinds, node.args)
    if isinstance(callee, SharedChain):
        return sharing.called(frame, callee, node)
    if isinstance(callee, Composed):
        raise Mistake(NotCallable(at=node.span, name=node.callee.text, what=describe(callee)))
    return UNKNOWN if isinstance(callee, Unknown) else perform(frame, Call(callee, node.span, args=node.args))


def stage(frame: Frame, node: tree.Stage, value: Value, before: Span, want: tuple[str, ...]) -> Value:
    """A value through a stage."""
    callee = stage_callee(frame, node, want or frame.kinds or expressions.CALLABLE, 1)
    if isinstance(callee, SharedChain):
        return sharing.staged(frame, callee, node, flowing(value, before))
    if isinstance(callee, Composed):
        return stages_of(frame, node, callee, value, before)
    return callee if isinstance(callee, Unknown) else perform(frame, stage_call(node, callee, value, before))


def stage_call(node: tree.Stage, callee: Callee, value: Value, before: Span) -> Call:
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return Call(callee, node.call.span, flowing(value, before), True, args, node.label, node.label_span)


def flowing(value: Value, before: Span) -> list[tuple[str | None, Given]]:
    """What flows into a stage."""
    given = value.values if isinstance(value, Several) else ((None, value),)
    return [(name, Given(v, before)) for name, v in given]


def stages_of(frame: Frame, node: tree.Stage, chain: Composed, value: Value, before: Span) -> Value:
    """A param whose value is a chain of layers, used as one stage: each makes an instance of its own."""
    if isinstance(node.call, tree.Call) and node.call.args:
        raise Mistake(
            NotCallable(at=node.call.span, name=node.call.callee.text, what="a chain of layers, which takes no further arguments")
        )
    for part in chain.parts:
        value = perform(frame, stage_call(node, replace(part, span=node.call.span), value, before))
    return value


def stage_callee(frame: Frame, node: tree.Stage, want: tuple[str, ...], given: int = 0) -> Callee | Composed | SharedChain | Unknown:
    """What a stage calls; `given` inputs come from before the arrow."""
    name = node.call.callee if isinstance(node.call, tree.Call) else node.call
    meaning = frame.world.graph.meaning(name)
    if isinstance(meaning, Builtin):
        meaning = ShelfRef(meaning.name)
        if not index.entries(meaning.name):
            frame.world.report(NotCallable(at=name.span, name=name.text, what="a function of static values"))
            return UNKNOWN
    return callee_of(frame, name, meaning, want, node.call.args if isinstance(node.call, tree.Call) else (), given)


def stage_value(frame: Frame, node: tree.Stage, want: tuple[str, ...]) -> Value:
    """A stage between values of ops: the value it stands for."""
    callee = stage_callee(frame, node, want)
    if isinstance(callee, SharedChain):
        raise Mistake(NotCallable(at=node.call.span, name=callee.name, what="a shared chain of layers, which needs a tensor"))
    if isinstance(callee, Unknown | Composed):
        return callee
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return perform(frame, Call(callee, node.call.span, args=args))


def callee_of(
    frame: Frame, name: tree.Name, meaning: Meaning, want: tuple[str, ...], args: tuple[tree.Arg, ...] = (), given: int = 0
) -> Callee | Composed | SharedChain | Unknown:
    match meaning:
        case Local(first) | Late(first):
            value = frame.env.get(first, UNKNOWN)
            if len(name.parts) > 1:
                return methods.method_of(frame, name, value)
            if isinstance(value, OpValue | BlockValue):
                return replace(value, span=name.span)
            if isinstance(value, SharedInstance | SharedChain | Composed | Unknown):
                return value
            frame.world.report(NotCallable(at=name.span, name=name.text, what=describe(value)))
        case BlockRef(definition):
            return UNKNOWN if definition is UNREAD or definition.unread else BlockValue(definition, span=name.span)
        case ShelfRef(text):
            return UNKNOWN if methods.without_instance(frame, name) else op_value(text, want, name.span, args, given)
        case Bad():
            pass
        case _:
            frame.world.report(NotCallable(at=name.span, name=name.text, what="a value"))
    return UNKNOWN


def op_value(name: str, want: tuple[str, ...], span: Span, args: tuple[tree.Arg, ...] = (), given: int = 0) -> OpValue:
    """The op of that name which the position asks for, else the first that there is.

    Of several kinds that may stand there the first that takes the arguments: in `train`, `mean(x)` is the metric, `mean(x, axis=1)` not.
    """
    entries = index.entries(name)
    wanted = sorted((e for e in entries if e.kind in want), key=lambda e: want.index(e.kind)) or entries
    return OpValue(next((e for e in wanted if accepts(e, args, given)), wanted[0]), span=span)


def accepts(entry: index.Entry, args: tuple[tree.Arg, ...], given: int) -> bool:
    """The op has a place for each of the arguments, `given` inputs being there already."""
    names = {a.name for a in entry.signature} | {i.name for i in entry.inputs}
    places = len(entry.signature) + sum(not i.optional for i in entry.inputs) - given
    positional = sum(a.name is None for a in args)
    return (entry.variadic or positional <= places) and (bool(entry.open_arguments) or all(a.name is None or a.name in names for a in args))


def builtin(frame: Frame, meaning: Builtin, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A static function; on tensors, the op of the same name if there is one."""
    values = [expressions.evaluate(frame, a.value) for a in node.args]
    if any(isinstance(v, Unknown) for v in values):
        return UNKNOWN
    if meaning.name in OF_MODELS:
        return of_model(frame, meaning.name, node, values)
    if any(isinstance(v, Tensor | Mean) for v in values) and index.entries(meaning.name):
        args = tuple(replace(a, value=Known(v, a.value.span)) for a, v in zip(node.args, values, strict=True))
        callee = op_value(meaning.name, want or expressions.CALLABLE, node.callee.span)
        return perform(frame, Call(callee, node.span, args=args))  # type: ignore[arg-type]
    if len(values) == 1 and meaning.name in FOLDS and isinstance(values[0], tuple) and any(isinstance(v, Tensor) for v in values[0]):
        return folded(frame, FOLDS[meaning.name], values[0], node)
    if any(a.name for a in node.args):
        arg = next(a for a in node.args if a.name)
        raise Mistake(UnknownArgument(at=arg.name_span, op=meaning.name, name=arg.name or ""))
    try:
        return static.FUNCTIONS[meaning.name](*values)
    except TypeError:
        raise Mistake(TooManyArguments(at=node.span, op=meaning.name, signature="value")) from None


def of_model(frame: Frame, name: str, node: tree.Call, values: list[Value]) -> Value:
    """`params("**/kernel")`, `aux("**/balance")`."""
    from netspec.infer.selecting import selected

    return selected(frame, name, node, values)


FOLDS = {"sum": index.operator("+", 2), "min": index.lookup("minimum"), "max": index.lookup("maximum")}
"""What `sum([x, y, z])` of tensors is made of."""


def folded(frame: Frame, entry: index.Entry | None, values: tuple, node: tree.Call) -> Value:
    """A list of tensors (and numbers) as one, from left to right."""
    assert entry is not None
    result = values[0]
    for value in values[1:]:
        given = [Given(v, node.args[0].value.span) for v in (result, value)]
        if not any(isinstance(g.value, Tensor | Mean) for g in given):
            result = static.FUNCTIONS[node.callee.text]((result, value))
            continue
        use = Call(OpValue(entry, span=node.span), node.span)
        bound = Bound(tensors=given)
        if not complete(frame, use, signature_of(use.value), bound):
            return UNKNOWN
        result = apply.use_op(frame, use, OpValue(entry, span=node.span), bound)
        if isinstance(result, Unknown):
            return UNKNOWN
    return result


def perform(frame: Frame, use: Call) -> Value:
    """Bind inputs and arguments, then make the instance, or the value when no tensor is there."""
    frame.world.call()
    entry = signature_of(use.value)
    if use.chained and not takes_tensors(use.value):
        return not_a_stage(frame, use)
    bound = bind(frame, use, entry)
    if isinstance(use.callee, SharedInstance) and bound.args:
        given = next(iter(bound.args.values()))
        frame.world.report(TooManyArguments(at=given.span, op=use.name, signature=entry.text(), shared=True))
        return UNKNOWN
    if bound.broken:
        return UNKNOWN
    value = replace(use.value, args={**use.value.args, **bound.args}, span=use.span)
    if not bound.tensors and not use.chained and (entry.required or not takes_tensors(value)):
        return value
    if not takes_tensors(value):
        return not_a_stage(frame, use)
    if isinstance(value, OpValue) and value.entry.kind in MEASURES:
        apply.fill_numbers(frame, value, bound)
    if not complete(frame, use, entry, bound):
        return UNKNOWN
    if isinstance(value, BlockValue):
        return instances.use_block(frame, use, value, bound)
    if value.entry.kind in MEASURES:
        return apply.measure(frame, use, value, bound)
    if value.entry.kind == DECODER:
        from netspec.infer import decoding  # few specs serve

        return decoding.decoded(frame, use, value, bound)
    return apply.use_op(frame, use, value, bound)


def is_of(value: OpValue | BlockValue, kinds: tuple[str, ...]) -> bool:
    """A value is of one of these kinds; blocks are layers."""
    return "layer" in kinds if isinstance(value, BlockValue) else value.entry.kind in kinds


def takes_tensors(value: OpValue | BlockValue) -> bool:
    return isinstance(value, BlockValue) or value.entry.kind in (*expressions.CALLABLE, methods.KIND, *MEASURES, DECODER)


def not_a_stage(frame: Frame, use: Call) -> Unknown:
    """A tensor flows into something that takes none."""
    if any(isinstance(given.value, Unknown) for _, given in use.inputs):
        return UNKNOWN
    kind = use.value.entry.kind if isinstance(use.value, OpValue) else "block"
    frame.world.report(WrongKind(at=use.span, name=use.name, is_a=kind, wanted="a layer, function or block"))
    return UNKNOWN


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
    if isinstance(node.value, tree.Name) and node.value.text == value and value in DTYPES:
        return types.type_value(frame, node, value)
    return slices.of_list(frame, node, value)


def late_name(frame: Frame, node: tree.Name, want: tuple[str, ...]) -> Value:
    """A name of `train` that is neither an output, a field nor a `let`: perhaps an op as a value or an element type, else unknown."""
    if node.text in DTYPES:
        return node.text
    if node.parts[0] == "serve" and len(node.parts) == 2:
        from netspec.infer import decoding  # few specs do

        return decoding.answer(frame, node)
    if node.text in frame.world.graph.definitions:
        return BlockValue(frame.world.graph.definitions[node.text], span=node.span)
    if index.entries(node.text):
        value = op_value(node.text, want, node.span)
        if not want or value.entry.kind in want:
            return value
        wanted = f"{'an' if want[0][0] in 'aeio' else 'a'} {want[0]}"
        frame.world.report(WrongKind(at=node.span, name=node.text, is_a=value.entry.kind, wanted=wanted))
        return UNKNOWN
    from netspec.resolve.suggestions import unknown_in_training  # only specs with a problem need it

    own = [n for n in frame.env if n not in LATE_VALUES]
    frame.world.report(unknown_in_training(node.span, node.text, frame.env, own, want))
    return UNKNOWN
