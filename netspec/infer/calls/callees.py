"""Finds what is called: an op, a block, a shared instance, or a method of one (`e.attend`)."""

from __future__ import annotations

from netspec.diagnostics.calls.instances import MethodNeedsInstance
from netspec.diagnostics.calls.kinds import NotCallable
from netspec.diagnostics.names.unknown_names import UnknownMethod
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.shelf import METHOD, find_op
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Callee,
    Composed,
    OpValue,
    SharedChain,
    SharedInstance,
    Tensor,
    Unknown,
    Value,
    describe,
)
from netspec.library.shelf import index
from netspec.record import replace
from netspec.resolve.graph import UNREAD, Bad, BlockRef, Late, Local, Meaning, ShelfRef
from netspec.syntax import tree


def find_callee(
    frame: Frame, name: tree.Name, meaning: Meaning, want: tuple[str, ...], args: tuple[tree.Arg, ...] = (), given: int = 0
) -> Callee | Composed | SharedChain | Unknown:
    """What a name before parentheses, or as a stage, calls; unknown after a problem."""
    match meaning:
        case Local(first) | Late(first):
            value = frame.env.get(first, UNKNOWN)
            if isinstance(value, dict) and len(name.parts) > 1:
                value = expressions.read_attribute(frame, name, value)
            elif len(name.parts) > 1:
                return find_method(frame, name, value, args)
            if isinstance(value, OpValue | BlockValue):
                return replace(value, span=name.span)
            if isinstance(value, SharedInstance | SharedChain | Composed | Unknown):
                return value
            frame.report(NotCallable(at=name.span, name=name.text, what=describe(value)))
        case BlockRef(definition):
            return UNKNOWN if definition is UNREAD or definition.unread else BlockValue(definition, span=name.span)
        case ShelfRef(text):
            return UNKNOWN if report_without_instance(frame, name) else find_op(text, want, name.span, args, given)
        case Bad():
            pass
        case _:
            frame.report(NotCallable(at=name.span, name=name.text, what="a value"))
    return UNKNOWN


def look_up(frame: Frame, name: tree.Name) -> Meaning:
    """What a name means before parentheses or as a stage: a loop's value where that can be called, else what the name is without it."""
    meaning = frame.world.graph.meaning(name)
    if not isinstance(meaning, Local) or meaning.otherwise is None:
        return meaning
    callable_ = isinstance(frame.env.get(meaning.name), OpValue | BlockValue | Composed | Unknown)
    return meaning if callable_ else meaning.otherwise


def find_method(frame: Frame, name: tree.Name, value: Value, args: tuple[tree.Arg, ...] = ()) -> SharedInstance | Unknown:
    """The instance before the dot, in the meaning that the method gives its weights. Anything else is reported."""
    if isinstance(value, SharedInstance | SharedChain) and name.parts[1:] == ("average",):
        from netspec.infer.calls.averages import describe_stage  # only specs with this problem need it

        return frame.report(describe_stage(frame, name, value, args))
    if isinstance(value, SharedInstance):
        layer, method = value.value.name, name.text.partition(".")[2]
        entry = look_up_method(value.value, method)
        if entry is not None:
            return SharedInstance(OpValue(entry, value.value.args, name.span), value.segment, value.average)
        options = list_methods(value.value)
        near = tuple(f"{name.parts[0]}.{m}" for m in nearest(method, [*options, "average"]))
        every = tuple(f"{name.parts[0]}.{m}" for m in options)
        frame.report(UnknownMethod(at=name.span, instance=name.parts[0], of=layer, method=method, near=near, options=every))
    elif isinstance(value, OpValue | BlockValue):
        frame.report(MethodNeedsInstance(at=name.span, layer=value.name, method=name.text.partition(".")[2]))
    elif not isinstance(value, Unknown):
        function = find_function(name.text.partition(".")[2]) if isinstance(value, Tensor) else ""
        frame.report(NotCallable(at=name.span, name=name.parts[0], what=describe(value), function=function))
    return UNKNOWN


def find_function(method: str) -> str:
    """The function that a method of other libraries' tensors is here, or nothing."""
    from netspec.resolve.suggestions import find_foreign  # only specs with a problem need it

    kinds = ("layer", "function")
    said = find_foreign(method, kinds)
    return next((n for n in (method, *(said.ours if said else ())) if index.lookup(n, *kinds)), "")


def report_without_instance(frame: Frame, name: tree.Name) -> bool:
    """`embed.attend` written on the layer itself, which is reported."""
    if index.lookup(name.text, METHOD) is None:
        return False
    layer, _, method = name.text.rpartition(".")
    frame.report(MethodNeedsInstance(at=name.span, layer=layer, method=method))
    return True


def look_up_method(value: OpValue | BlockValue, method: str) -> index.Entry | None:
    """The shelf's entry of a layer's method, where it has one of that name."""
    return index.lookup(f"{value.entry.alias_of or value.name}.{method}", METHOD) if isinstance(value, OpValue) else None


def list_methods(value: OpValue | BlockValue) -> list[str]:
    """Names of the methods that an instance has."""
    prefix = f"{value.entry.alias_of or value.name}." if isinstance(value, OpValue) else "."
    return [name.removeprefix(prefix) for name in index.names(METHOD) if name.startswith(prefix)]
