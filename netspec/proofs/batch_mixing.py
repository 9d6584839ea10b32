"""Finds evaluations that measure what is computed over a whole batch, in which the copies that fill up the last batch take part.

Types tell: an op mixes examples when its result has the batch in two axes, or when the batch is gone from it. One that keeps the axis of
examples says so itself (`Callable.mixes_examples`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netspec.diagnostics.base import Diagnostic
from netspec.ir import (
    OUTPUT,
    Apply,
    Aux,
    Body,
    Call,
    DataPlan,
    EvalPlan,
    Node,
    Objective,
    Port,
    When,
    reads,
    regions,
    walk_nodes,
)
from netspec.ir.def_use import select_needed
from netspec.library.data.transforms.steps import Batch
from netspec.proofs.left_out import LeftOut
from netspec.shape import Dim, TensorType

EVAL, TRAIN = "eval", "train"
Types = Mapping[int, TensorType]


def find_mixing(model: Body, evaluation: EvalPlan, trained: DataPlan, objective: Objective) -> Diagnostic | None:
    """The problem of the first op of the model, or of an objective, that mixes what is evaluated or, where training fills up, trained."""
    measured = [(evaluation.data, evaluation.limit), (evaluation.test, None)]
    test = evaluation.test.known_count() if evaluation.data and evaluation.test else None
    found = (
        _find_in(model, evaluation.objective, data, limit, EVAL, 0 if data is evaluation.test else test or 0)
        for data, limit in measured
        if data is not None
    )
    problem = next((problem for problem in found if problem is not None), None)
    if problem is None and any(isinstance(t, Batch) and t.partial == "pad" for t in trained.transforms):
        problem = _find_in(model, objective, trained, None, TRAIN)
    return problem


def _find_in(model: Body, objective: Objective, data: DataPlan, limit: int | None, phase: str, test: int = 0) -> Diagnostic | None:
    """The same of one phase. `test`: how many examples of a test part go through the same batches."""
    if data.batch is None or fills_nothing(data, limit):
        return None
    found = next(find_mixing_ops(model, objective, data, phase), None)
    if found is None:
        return None
    from netspec.diagnostics.training.batch_mixing import MixesExamples  # few specs need it

    node, types = found
    made = any(count_axes(types[wire], next(iter(data.fields.values())).shape[0]) for wire in node.outputs)
    return MixesExamples(
        at=node.span,
        op=node.op.symbol if node.op.kind == "operator" else node.op.op_name(),  # type: ignore[attr-defined]
        takes=tuple(str(types[wire]) for wire in reads(node)),
        gives=str(types[node.outputs[0]]),
        batch=data.batch,
        training=phase == TRAIN,
        masks=node in objective.body.nodes,
        rank=types[reads(node)[0]].rank,
        means=not node.op.factors and (not made or node.op.pooled(False, *map(types.__getitem__, reads(node))) is not None),
        filler=node.op.filler or "",
        examples=data.known_count(),
        test=test,
    )


def fills_nothing(data: DataPlan, limit: int | None) -> bool:
    """Are all batches full, as far as can be known without reading files?"""
    count = data.known_count()
    return count is not None and data.batch is not None and (count % data.batch == 0 or (limit or count) <= count // data.batch)


def find_mixing_ops(model: Body, objective: Objective, data: DataPlan, phase: str) -> Iterator[tuple[Apply, Types]]:
    """The ops that mix, each with the types of its wires; of an objective those that `batch_mask` keeps from what fills up are none."""
    batch, read = model.batch, objective.reads
    measured = {port.name.removeprefix(OUTPUT) for port in objective.body.inputs if port.name.startswith(OUTPUT) and port.wire in read}
    if batch is not None and not batch.is_constant:
        outputs = tuple(port for port in model.outputs if port.name in measured)
        yield from search_body(model, outputs, batch, bool(objective.auxiliaries), phase)
    counted = next(iter(data.fields.values())).shape[0]
    if not counted.is_constant:
        left_out = LeftOut(objective.body)
        for node, types in search_nodes(objective.body.nodes, objective.body, counted, False, phase):
            if not left_out.holds(node, any(count_axes(types[wire], counted) > 1 for wire in node.outputs)):
                yield node, types


def search_body(body: Body, outputs: Iterable[Port], batch: Dim, auxiliary: bool, phase: str) -> Iterator[tuple[Apply, Types]]:
    """What these outputs depend on and, with `auxiliary`, what the body exports."""
    wires = {port.wire for port in outputs if isinstance(port.wire, int)}
    if auxiliary:
        wires |= {node.input for node in walk_nodes(body.nodes) if isinstance(node, Aux)}
    yield from search_nodes(select_needed(body.nodes, wires)[0], body, batch, auxiliary, phase)


def search_nodes(nodes: tuple[Node, ...], body: Body, batch: Dim, auxiliary: bool, phase: str) -> Iterator[tuple[Apply, Types]]:
    for node in nodes:
        if isinstance(node, Apply) and mixes(node, body, batch):
            yield node, body.types
        elif isinstance(node, Call):
            yield from search_body(node.body, node.body.outputs, batch, auxiliary, phase)
        elif not isinstance(node, When) or node.phase == phase:
            for region in regions(node):
                yield from search_nodes(region.nodes, body, batch, auxiliary, phase)


def mixes(node: Apply, body: Body, batch: Dim) -> bool:
    before = [count_axes(body.types[wire], batch) for wire in reads(node)]
    after = [count_axes(body.types[wire], batch) for wire in node.outputs]
    return max(before, default=0) > 0 and (max(after) == 0 or (max(after) > 1 and max(before) < 2) or mixes_rows(node, body, batch))


def mixes_rows(node: Apply, body: Body, batch: Dim) -> bool:
    """Does a row of its result depend on several examples? As in an evaluation: what norms do in training is what they are for."""
    inputs, optional = body.op_inputs(node)
    first = inputs[0] if inputs else None
    if not isinstance(first, TensorType) or not first.rank or not count_axes(first.with_shape(first.shape[:1]), batch):
        return False
    return node.op.mixes_examples(False, *inputs, **optional)


def count_axes(kind: object, batch: Dim) -> int:
    """How many axes count examples; of what is no tensor none."""
    return sum(not batch.symbols().isdisjoint(dim.symbols()) for dim in kind.shape) if isinstance(kind, TensorType) else 0
