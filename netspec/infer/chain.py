"""Data chains: a dataset, transforms, and exactly one `batch`."""

from __future__ import annotations

from dataclasses import replace

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.fields import NotADataChain
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.make import make
from netspec.infer.values import Composed, OpValue, Unknown, describe
from netspec.ir import DataPlan
from netspec.library.base import Dataset, Transform
from netspec.library.transforms import Batch, Shuffle
from netspec.shape import TensorType
from netspec.syntax import tree


def data_plan(frame: Frame, node: tree.Expr) -> DataPlan | None:
    """The chain that an expression writes; problems are reported."""
    value = expressions.evaluate(frame, node, ("dataset",))
    if isinstance(value, Unknown):
        return None
    if not isinstance(value, OpValue | Composed):
        frame.world.report(NotADataChain(at=node.span, why=f"is {describe(value)}", repair=BEGINS))
        return None
    values = value.parts if isinstance(value, Composed) else (value,)
    ops = [make(frame, v) if isinstance(v, OpValue) else v for v in values]
    if any(isinstance(op, Unknown) for op in ops):
        return None
    return assemble(frame, node, ops, values)


BEGINS = "begin with a dataset: `digits() -> shuffle -> batch(32)`"


def assemble(frame: Frame, node: tree.Expr, ops: list, values: tuple) -> DataPlan | None:
    dataset, transforms = ops[0], ops[1:]
    wrong = next((v for op, v in zip(transforms, values[1:], strict=True) if not isinstance(op, Transform)), None)
    batches = [op for op in transforms if isinstance(op, Batch)]
    problem = None
    if not isinstance(dataset, Dataset):
        problem = NotADataChain(at=values[0].span, why=f"begins with {describe(values[0])}", repair=BEGINS)
    elif wrong is not None:
        problem = NotADataChain(
            at=wrong.span, why=f"holds {describe(wrong)}", repair="behind the dataset stand transforms: `shuffle`, `batch(32)`"
        )
    elif not batches:
        problem = NotADataChain(at=node.span, why="has no `batch`", repair=f"write `{node.span.text} -> batch(32)`")
    elif again := next((k for k in (Batch, Shuffle) if sum(isinstance(op, k) for op in transforms) > 1), None):
        second = [v for op, v in zip(transforms, values[1:], strict=True) if isinstance(op, again)][1]
        problem = NotADataChain(at=second.span, why=f"has a second `{second.name}`", repair="keep one of them")
    if problem is not None:
        frame.world.report(problem)
        return None
    fields = through(frame, dataset, transforms, values)
    return None if fields is None else DataPlan(dataset, tuple(transforms), fields, batches[0].size, node.span)


def through(frame: Frame, dataset: Dataset, transforms: list, values: tuple) -> dict[str, TensorType] | None:
    """The fields of a batch after all transforms."""
    fields = dataset.fields()
    for transform, value in zip(transforms, values[1:], strict=True):
        try:
            fields = transform.fields(fields)
        except Mistake as mistake:
            blamed = value.args.get(mistake.diagnostic.blame or "")
            frame.world.report(replace(mistake.diagnostic, at=blamed.span if blamed else value.span))
            return None
    return fields


def test_plan(data: DataPlan) -> DataPlan | None:
    """The same chain over the dataset's own test part, where it has one."""
    dataset = data.dataset.test()
    return None if dataset is None else replace(data, dataset=dataset)
