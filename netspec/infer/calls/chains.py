"""Elaborates chains, in which a value goes through stages, or values of ops are composed."""

from __future__ import annotations

from netspec.diagnostics.calls.kinds import NotCallable, WrongKind
from netspec.diagnostics.shapes.proofs import TypeMismatch
from netspec.infer.calls.call_rule import Call, perform
from netspec.infer.calls.callees import find_callee, look_up
from netspec.infer.expressions import evaluate
from netspec.infer.frame import Frame, places_of
from netspec.infer.shelf import CALLABLE, is_of
from netspec.infer.types import evaluate_dims, explain_shape
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Callee,
    Composed,
    Given,
    Kinds,
    OpValue,
    Several,
    SharedChain,
    Tensor,
    Unknown,
    Value,
    describe,
)
from netspec.library.shelf import index
from netspec.record import replace
from netspec.resolve.graph import Builtin, FunctionRef, ShelfRef
from netspec.source import Span
from netspec.syntax import tree


def evaluate_chain(frame: Frame, node: tree.Chain, want: Kinds) -> Value:
    """A value through stages; values of ops (no tensor yet) compose."""
    value = evaluate(frame, node.head, want)
    before = node.head.span
    for stage in node.stages:
        if isinstance(stage, tree.ShapeStage):
            check_shape(frame, stage, value, before)
        elif isinstance(value, OpValue | BlockValue | Composed):
            value = compose(frame, value, stage, want)
        else:
            value = apply_stage(frame, stage, value, before, want)
        before = before.to(stage.span)
    return value


def compose(frame: Frame, left: OpValue | BlockValue | Composed, stage: tree.Stage, want: Kinds) -> Value:
    """Values of one kind joined by `->`."""
    kinds = ("transform",) if "dataset" in want else want
    right = evaluate_stage(frame, stage, kinds)
    stranger = next((p for p in parts_of(right) if kinds and not is_of(p, kinds)), None) if not isinstance(right, Unknown) else None
    if stranger is not None:
        article = "an" if kinds[0][0] in "aeio" else "a"
        is_a = stranger.entry.kind if isinstance(stranger, OpValue) else "block"
        return frame.report(WrongKind(at=stage.span, name=stranger.name, is_a=is_a, wanted=f"{article} {kinds[0]}"))
    if isinstance(right, OpValue | BlockValue | Composed):
        return Composed((*parts_of(left), *parts_of(right)), stage.span)
    if not isinstance(right, Unknown):  # an op without inputs gives its tensor at once
        name = stage.call.callee.text if isinstance(stage.call, tree.Call) else stage.call.text
        wanted = f"{'an' if kinds[0][0] in 'aeio' else 'a'} {kinds[0]}" if kinds else "a layer"
        frame.report(WrongKind(at=stage.span, name=name, is_a="function", wanted=wanted))
    return UNKNOWN


def parts_of(value: Value) -> tuple[OpValue | BlockValue, ...]:
    """The ops and blocks that a value is composed of."""
    if isinstance(value, Composed):
        return value.parts
    return (value,) if isinstance(value, OpValue | BlockValue) else ()


def check_shape(frame: Frame, stage: tree.ShapeStage, value: Value, before: Span) -> None:
    """`-> [B, 10] ->`: the shape must hold, symbols included."""
    if isinstance(value, Unknown):
        return
    if not isinstance(value, Tensor):
        frame.report(TypeMismatch(at=stage.span, wanted="a shape", found=describe(value)))
        return
    wanted = evaluate_dims(frame, stage.dims)
    why = explain_shape(frame, wanted, value.type.shape) if wanted is not None else None
    if why is not None:
        actual = "[" + ", ".join(map(str, value.type.shape)) + "]"
        from netspec.infer.repairs.proposals import with_claim  # only specs with a problem need it

        problem = TypeMismatch(
            at=stage.span, wanted=stage.span.text, found=str(value.type), why=why, repair=actual, chain=places_of(frame, [value])
        )
        claimed = tuple(d.span.text for d in stage.dims)
        frame.report(with_claim(frame, stage.span, Given(value, before), wanted, claimed, problem))


def apply_stage(frame: Frame, node: tree.Stage, value: Value, before: Span, want: tuple[str, ...]) -> Value:
    """A value through a stage."""
    callee = find_stage_callee(frame, node, want or frame.kinds or CALLABLE, 1)
    if isinstance(callee, SharedChain):
        from netspec.infer.calls import shared_chains  # few specs have any

        return shared_chains.stage_shared(frame, callee, node, list_flowing(value, before))
    if isinstance(callee, Composed):
        return apply_stages(frame, node, callee, value, before)
    return callee if isinstance(callee, Unknown) else perform(frame, call_of_stage(node, callee, value, before))


def call_of_stage(node: tree.Stage, callee: Callee, value: Value, before: Span) -> Call:
    """The call that a stage stands for."""
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return Call(callee, node.call.span, list_flowing(value, before), True, args, node.label, node.label_span)


def list_flowing(value: Value, before: Span) -> list[tuple[str | None, Given]]:
    """What flows into a stage."""
    given = value.values if isinstance(value, Several) else ((None, value),)
    return [(name, Given(v, before)) for name, v in given]


def apply_stages(frame: Frame, node: tree.Stage, chain: Composed, value: Value, before: Span) -> Value:
    """A param whose value is a chain of layers, used as one stage: each makes an instance of its own."""
    if isinstance(node.call, tree.Call) and node.call.args:
        return frame.report(
            NotCallable(at=node.call.span, name=node.call.callee.text, what="a chain of layers, which takes no further arguments")
        )
    for part in chain.parts:
        value = perform(frame, call_of_stage(node, replace(part, span=node.call.span), value, before))
    return value


def find_stage_callee(frame: Frame, node: tree.Stage, want: tuple[str, ...], given: int = 0) -> Callee | Composed | SharedChain | Unknown:
    """What a stage calls; `given` inputs come from before the arrow."""
    name = node.call.callee if isinstance(node.call, tree.Call) else node.call
    meaning = look_up(frame, name)
    if isinstance(meaning, Builtin):
        meaning = ShelfRef(meaning.name)
        if not index.entries(meaning.name):
            return frame.report(NotCallable(at=name.span, name=name.text, what="a function of static values"))
    if isinstance(meaning, FunctionRef):
        return frame.report(NotCallable(at=name.span, name=name.text, what="a function of static values"))
    return find_callee(frame, name, meaning, want, node.call.args if isinstance(node.call, tree.Call) else (), given)


def evaluate_stage(frame: Frame, node: tree.Stage, want: tuple[str, ...]) -> Value:
    """A stage between values of ops: the value it stands for."""
    callee = find_stage_callee(frame, node, want)
    if isinstance(callee, SharedChain):
        return frame.report(NotCallable(at=node.call.span, name=callee.name, what="a shared chain of layers, which needs a tensor"))
    if isinstance(callee, Unknown | Composed):
        return callee
    args = node.call.args if isinstance(node.call, tree.Call) else ()
    return perform(frame, Call(callee, node.call.span, args=args))
