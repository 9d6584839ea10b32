"""Warns of what optimizers do to parameters and hardly mean: a decay of norms, a pattern that counts layers, a length that stands twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.optimizer_habits import CountedLayer, DecaysNorms
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.sections.section import Section
from netspec.infer.values import Composed, Given, OpValue, Value
from netspec.ir import Apply, Body, Call, list_bodies, walk_nodes
from netspec.ir.paths import list_uses, weights_of
from netspec.library.base import Optimizer
from netspec.library.optimizers.chain import inner_optimizers
from netspec.source import Span
from netspec.syntax import tree

Paths = Callable[[], Collection[str]]
Part = tuple[Optimizer, Mapping[str, Given], Paths]
"""An optimizer, its arguments as they are written, and the parameters that it moves."""
_COUNTED = re.compile(r"(?P<base>\w+?)_\d+\Z")


def warn_of_optimizer(section: Section, frame: Frame, item: tree.Setting, optimizer: Optimizer, paths: Paths) -> None:
    """Report what an update's optimizer does and is hardly meant to; its patterns are known to match."""
    value = expressions.evaluate(frame, item.value, ("optimizer",))
    parts = list(list_parts(optimizer, value, paths))
    section.world.report_all(find_decayed_norms(section.model, parts, optimizer))
    section.world.report_all(find_counted_layers(section.model, parts))


def list_parts(optimizer: Optimizer, value: Value, paths: Paths) -> Iterator[Part]:
    """Every optimizer of a chain and of its arguments."""
    ops, values = optimizer.in_order(), value.parts if isinstance(value, Composed) else (value,)
    for op, given in zip(ops, values, strict=True):
        args: Mapping[str, Given] = given.args if isinstance(given, OpValue) else {}
        yield op, args, paths
        if next(inner_optimizers(op), None) is not None:
            for (argument, *keys), inner, own in op.parts_on(paths()):
                found: Any = args[argument].value if argument in args else None
                for key in keys:
                    found = found.get(key) if isinstance(found, Mapping) else None
                yield from list_parts(inner, found, lambda own=own: own)


# --- decay -----------------------------------------------------------------------------------------------------------


def find_decayed_norms(model: Body, parts: list[Part], whole: Optimizer) -> Iterator[Diagnostic]:
    """The decays that a spec writes and that are meant for all parameters, scales of norms among them."""
    unmasked = [
        (op.op_name(), args[argument].span, argument, mask, paths)
        for op, args, paths in parts
        for argument, mask in op.decays().items()
        if argument in args and mask not in args
    ]
    spared = list_undecayed(model) if unmasked else []
    for name, at, argument, mask, paths in unmasked if spared else ():
        known = set(paths())
        moved = known - whole.frozen(known)
        if hit := tuple(path for path in spared if path in moved):
            kernels = any(path.endswith("/kernel") for path in known)
            yield DecaysNorms(at=at, op=name, argument=argument, mask=mask, paths=hit, kernels=kernels)


def list_undecayed(model: Body) -> list[str]:
    """The parameters that a decay is not meant for, by what their ops say."""
    uses = [(path, body, node) for path, body, node in list_uses(model) if isinstance(node, Apply) and node.op.undecayed]
    return list(
        dict.fromkeys(f"{path}/{name}" for path, body, node in uses for name in weights_of(body, node) if name in node.op.undecayed)
    )


# --- patterns --------------------------------------------------------------------------------------------------------


def find_counted_layers(model: Body, parts: list[Part]) -> Iterator[Diagnostic]:
    """The patterns that name a layer by which use of its op it is."""
    named = [
        (at, pattern, segment)
        for op, args, _ in parts
        for at, pattern in list_patterns(op, args)
        if (segment := next(filter(_COUNTED.fullmatch, pattern.split("/")), ""))
    ]
    if not named:
        return
    nodes = [node for body in list_bodies(model) for node in walk_nodes(body.nodes) if isinstance(node, Apply | Call)]
    labels, counted = {node.segment.base for node in nodes}, {node.segment.base for node in nodes if node.segment.counted}
    for at, pattern, segment in named:
        op = segment.rpartition("_")[0]
        if op in counted and segment not in labels:
            yield CountedLayer(at=at, pattern=pattern, segment=segment, op=op)


def list_patterns(op: Optimizer, args: Mapping[str, Given]) -> Iterator[tuple[Span, str]]:
    """The patterns of paths that an optimizer is given, with where they stand."""
    yield from ((args[name].span, pattern) for name, pattern in op.patterns().items() if name in args)
    yield from ((given.span, key) for given in args.values() if isinstance(given.value, Mapping) for key in given.value)
