"""Methods of shared instances: `e.attend` uses the weights of `shared e = embed(…)` in another way."""

from __future__ import annotations

from netspec.diagnostics.calls.kinds import NotCallable
from netspec.diagnostics.names.methods import MethodNeedsInstance, UnknownMethod
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, BlockValue, OpValue, SharedInstance, Tensor, Unknown, Value, describe
from netspec.library.shelf import index
from netspec.syntax import tree

KIND = "method"


def method_of(frame: Frame, name: tree.Name, value: Value) -> SharedInstance | Unknown:
    """The instance before the dot, in the meaning that the method gives its weights. Anything else is reported."""
    if isinstance(value, SharedInstance):
        layer, method = value.value.name, name.text.partition(".")[2]
        entry = method_entry(value.value, method)
        if entry is not None:
            return SharedInstance(OpValue(entry, value.value.args, name.span), value.segment)
        options = methods_of(value.value)
        near = tuple(f"{name.parts[0]}.{m}" for m in nearest(method, options))
        every = tuple(f"{name.parts[0]}.{m}" for m in options)
        frame.world.report(UnknownMethod(at=name.span, instance=name.parts[0], of=layer, method=method, near=near, options=every))
    elif isinstance(value, OpValue | BlockValue):
        frame.world.report(MethodNeedsInstance(at=name.span, layer=value.name, method=name.text.partition(".")[2]))
    elif not isinstance(value, Unknown):
        function = function_named(name.text.partition(".")[2]) if isinstance(value, Tensor) else ""
        frame.world.report(NotCallable(at=name.span, name=name.parts[0], what=describe(value), function=function))
    return UNKNOWN


def function_named(method: str) -> str:
    """The function that a method of other libraries' tensors is here, or nothing."""
    from netspec.resolve.suggestions import find_foreign  # only specs with a problem need it

    kinds = ("layer", "function")
    said = find_foreign(method, kinds)
    return next((n for n in (method, *(said.ours if said else ())) if index.lookup(n, *kinds)), "")


def without_instance(frame: Frame, name: tree.Name) -> bool:
    """`embed.attend` written on the layer itself, which is reported."""
    if index.lookup(name.text, KIND) is None:
        return False
    layer, _, method = name.text.rpartition(".")
    frame.world.report(MethodNeedsInstance(at=name.span, layer=layer, method=method))
    return True


def method_entry(value: OpValue | BlockValue, method: str) -> index.Entry | None:
    return index.lookup(f"{value.entry.alias_of or value.name}.{method}", KIND) if isinstance(value, OpValue) else None


def methods_of(value: OpValue | BlockValue) -> list[str]:
    """Names of the methods that an instance has."""
    prefix = f"{value.entry.alias_of or value.name}." if isinstance(value, OpValue) else "."
    return [name.removeprefix(prefix) for name in index.names(KIND) if name.startswith(prefix)]
