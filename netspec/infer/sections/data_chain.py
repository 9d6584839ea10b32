"""Elaborates data chains: a dataset, transforms, and exactly one `batch`, unless the data are one whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netspec.diagnostics.base import Edit, Mistake
from netspec.diagnostics.data.fields import NotADataChain
from netspec.infer import expressions
from netspec.infer.calls.construction import construct
from netspec.infer.frame import Frame
from netspec.infer.values import Composed, OpValue, Unknown, describe
from netspec.ir import DataPlan
from netspec.library.base import Dataset, Transform
from netspec.library.data.transforms.kept import Cache
from netspec.library.data.transforms.steps import Batch, Shuffle
from netspec.record import replace
from netspec.shape import TensorType
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def plan_training_data(frame: Frame, node: tree.Expr) -> DataPlan | None:
    """The chain of training: what learns from its data knows how much it may."""
    plan = plan_data(frame, node)
    try:
        if plan is not None:
            plan.dataset.require_trainable()
    except Mistake as mistake:
        frame.world.report_mistake(mistake, node.span)
        return None
    return plan


def plan_data(frame: Frame, node: tree.Expr) -> DataPlan | None:
    """The chain that an expression writes; problems are reported."""
    from netspec.resolve.foreign_settings.data_forms import rewrite_chain

    meant = rewrite_chain(node)
    if meant:
        frame.report(
            NotADataChain(at=node.span, why="is written otherwise here", repair=f"write `{meant}`", changes=(Edit(node.span, meant),))
        )
        return None
    value = expressions.evaluate(frame, node, ("dataset",))
    if isinstance(value, Unknown):
        return None
    if not isinstance(value, OpValue | Composed):
        frame.report(NotADataChain(at=node.span, why=f"is {describe(value)}", repair=BEGINS))
        return None
    values = value.parts if isinstance(value, Composed) else (value,)
    ops = [construct(frame, v) if isinstance(v, OpValue) else v for v in values]
    if any(isinstance(op, Unknown) for op in ops):
        return None
    return assemble(frame, node, ops, values)


USUAL_BATCH = 32
"""The number of examples that is proposed where a chain says none."""
BEGINS = "begin with a dataset: `digits() -> shuffle -> batch(32)`"


def assemble(frame: Frame, node: tree.Expr, ops: list, values: tuple) -> DataPlan | None:
    """The chain of these ops; None after a reported problem."""
    dataset, transforms = ops[0], ops[1:]
    problem = find_problem(node, ops, values)
    if problem is not None:
        frame.report(problem)
        if not problem.lacks_batch:
            return None
        transforms.append(Batch(size=USUAL_BATCH))  # what does not depend on it is checked all the same
        values = (*values, values[-1])
    fields = pass_fields(frame, dataset, transforms, values) if splits_by_fields(frame, dataset, values[0]) else None
    size = next((op.size for op in transforms if isinstance(op, Batch)), None)
    if fields is None or loses_source(frame, dataset, transforms, values):
        return None
    counts = count_classes(dataset, transforms, fields)
    return DataPlan(dataset, tuple(transforms), fields, size, node.span, class_counts=counts, classes=find_classes(dataset))


def find_classes(dataset: Dataset) -> str:
    """The only field of a dataset that has one class number for each example; nothing where there is none, or several."""
    types = dataset.batch_types()
    found = [name for name in dataset.class_counts() if name in types and types[name].rank == 1]
    return found[0] if len(found) == 1 else ""


def splits_by_fields(frame: Frame, dataset: Dataset, value: OpValue | Composed) -> bool:
    """The fields by which examples are set aside are there, with one number for each example; what is not is reported."""
    for argument in ("split_by", "group"):
        name = getattr(dataset, argument)
        if name is None:
            continue
        from netspec.library.data.split_fields import find_split_problem  # few specs split so

        problem = find_split_problem(dataset, argument, name)
        if problem is not None:
            given = value.args.get(argument) if isinstance(value, OpValue) else None
            frame.report(replace(problem, at=given.span if given else value.span))
            return False
    return True


def count_classes(dataset: Dataset, transforms: Sequence[Transform], fields: Mapping[str, TensorType]) -> dict[str, int]:
    """How many classes fields of whole numbers have behind the transforms, by what the dataset says of those that they were before."""
    known, found = dataset.class_counts(), {}
    for name in (n for n, kind in fields.items() if known and kind.is_int):
        before = name
        for transform in reversed(transforms):
            before = transform.name_before(before)
        if before in known:
            found[name] = known[before]
    return found


def find_problem(node: tree.Expr, ops: list, values: tuple) -> NotADataChain | None:
    """What keeps these ops from being a chain."""
    dataset, transforms, behind = ops[0], ops[1:], values[1:]
    if not isinstance(dataset, Dataset):
        return NotADataChain(at=values[0].span, why=f"begins with {describe(values[0])}", repair=BEGINS)
    wrong = next((v for op, v in zip(transforms, behind, strict=True) if not isinstance(op, Transform)), None)
    if wrong is not None:
        repair = "behind the dataset stand transforms: `shuffle`, `batch(32)`"
        return NotADataChain(at=wrong.span, why=f"holds {describe(wrong)}", repair=repair)
    return (
        find_batch_problem(node, dataset, transforms, behind)
        or find_twin_problem(transforms, behind)
        or find_order_problem(transforms, behind)
        or find_scattered(dataset, transforms, values)
        or find_cache_problem(transforms, behind)
    )


def find_batch_problem(node: tree.Expr, dataset: Dataset, transforms: list, values: tuple) -> NotADataChain | None:
    """One `batch`; none, and no `shuffle`, for data that are one whole."""
    if dataset.batched:
        return None if any(isinstance(op, Batch) for op in transforms) else describe_no_batch(node)
    cutting = next((v for op, v in zip(transforms, values, strict=True) if isinstance(op, Batch | Shuffle)), None)
    if cutting is None:
        return None
    name = dataset.op_name()
    return NotADataChain(at=cutting.span, why=f"cuts `{name}` into batches, which is one whole", repair=f"leave out `{cutting.name}`")


def describe_no_batch(node: tree.Expr) -> NotADataChain:
    """The problem of a chain without a `batch`, which stands at its end."""
    stage, end = f" -> batch({USUAL_BATCH})", Span(node.span.source, node.span.end, node.span.end)
    text = " ".join(node.span.text.split())
    return NotADataChain(at=node.span, why="has no `batch`", repair=f"write `{text}{stage}`", lacks_batch=True, changes=(Edit(end, stage),))


def find_twin_problem(transforms: list, values: tuple) -> NotADataChain | None:
    """Two `batch`es, `shuffle`s or `cache`s."""
    again = next((k for k in (Batch, Shuffle, Cache) if sum(isinstance(op, k) for op in transforms) > 1), None)
    if again is None:
        return None
    second = [v for op, v in zip(transforms, values, strict=True) if isinstance(op, again)][1]
    return NotADataChain(at=second.span, why=f"has a second `{second.name}`", repair="keep one of them")


def find_order_problem(transforms: list, values: tuple) -> NotADataChain | None:
    """What works on all examples at once stands in front of what works on batches, and of what says which examples share one."""
    first = next((place for place, op in enumerate(transforms) if op.groups or not op.whole), len(transforms))
    late = next((value for op, value in zip(transforms[first + 1 :], values[first + 1 :], strict=True) if op.whole), None)
    if late is None:
        return None
    why = f"has `{late.name}`, which works on all examples at once, behind `{values[first].name}`"
    return NotADataChain(at=late.span, why=why, repair=f"put `{late.name}` in front of `{values[first].name}`")


def find_scattered(dataset: Dataset, transforms: list, values: tuple) -> NotADataChain | None:
    """What cuts windows out of neighbouring rows stands behind a dataset that sets rows, or groups of them, aside out of the middle."""
    place = next((k for k, op in enumerate(transforms) if op.in_order), None)
    if place is None:
        return None
    value, source = values[place + 1], values[0]
    needs = f"has `{value.name}`, which needs neighbouring rows, but `{source.name}`"
    if dataset.scatters:
        repair = 'set the last ones aside: `split_by="time"`'
        changes = add_argument(source, 'split_by="time"')
        return NotADataChain(at=value.span, why=f"{needs} sets rows aside one by one", repair=repair, changes=changes)
    if dataset.split_by is not None and dataset.split_by in getattr(transforms[place], "target", ()):
        why = f"{needs} sets rows aside by `{dataset.split_by}`, which is predicted and no order of rows"
        return NotADataChain(at=value.span, why=why, repair='set the last ones aside: `split_by="time"`')
    if dataset.group is not None and not transforms[place].reads():
        argument = f'series="{dataset.group}"'
        why, changes = f"{needs} sets them aside by `group`", add_argument(value, argument)
        return NotADataChain(
            at=value.span, why=why, repair=f"no window crosses from one group to the next with `{argument}`", changes=changes
        )
    return None


def add_argument(value: OpValue | Composed, argument: str) -> tuple[Edit, ...]:
    """The edit that gives a call another argument, where it is written as one."""
    written, source = value.span.text.rstrip(), value.span.source
    return (Edit(Span(source, value.span.end - 1, value.span.end), f", {argument})"),) if written.endswith(")") else ()


def find_cache_problem(transforms: list, values: tuple) -> NotADataChain | None:
    """What is drawn, or made of several examples, in front of a `cache`, which would keep it for all epochs."""
    place = next((place for place, op in enumerate(transforms) if isinstance(op, Cache)), 0)
    late = next((number for number, op in enumerate(transforms[:place]) if op.random or op.successors), None)
    if late is None:
        return None
    name, cache = values[late].name, values[place].name
    why = f"has `{cache}` behind `{name}`, which would be drawn once for all epochs"
    return NotADataChain(at=values[place].span, why=why, repair=f"put `{cache}` in front of `{name}`")


def loses_source(frame: Frame, dataset: Dataset, transforms: list, values: tuple) -> bool:
    """Reports what makes examples of others in a mixture, so that nobody knows any more which dataset one is of."""
    if dataset.mixture() is None:
        return False
    from netspec.library.data.datasets.mix import SOURCE  # few specs mix

    fields = dataset.batch_types()
    for transform, value in zip(transforms, values[1:], strict=True):
        fields = transform.fields(fields)
        if transform.whole and SOURCE not in fields:
            why = f"has `{value.name}`, behind which nobody knows which dataset of `{values[0].name}` an example is of"
            frame.report(NotADataChain(at=value.span, why=why, repair=f"leave out `{value.name}`, or train on one dataset"))
            return True
    return False


def pass_fields(frame: Frame, dataset: Dataset, transforms: list, values: tuple) -> dict[str, TensorType] | None:
    """The fields of a batch after all transforms."""
    fields = dataset.batch_types()
    for transform, value in zip(transforms, values[1:], strict=True):
        try:
            fields = transform.fields(fields)
        except Mistake as mistake:
            blamed = value.args.get(mistake.diagnostic.blame or "")
            frame.world.report_mistake(mistake, blamed.span if blamed else value.span)
            return None
    return fields


def keep_for_training(data: DataPlan) -> DataPlan:
    """The chain of training where `eval` names no data: without what is set aside of a dataset that has no validation part of its own."""
    dataset = data.dataset
    aside = dataset.batched and dataset.validation is not None and own_validation(dataset) is None
    return replace(data, part="train") if aside else data


def require_no_validation(frame: Frame, node: tree.Expr, data: DataPlan, in_eval: bool) -> None:
    """Reports a chain that says what is set aside, where nothing is: `eval` names what is measured."""
    amount = data.dataset.validation
    if amount in ("auto", None):
        return
    from netspec.diagnostics.training.goals import UnreadValidation  # only specs with this problem need it

    given = next((n for n in descendants(node) if isinstance(n, tree.Arg) and n.name == "validation"), None)
    written = f"{amount:_}" if given is None else given.value.span.text
    frame.report(UnreadValidation(at=given.value.span if given else data.span, amount=written, in_eval=in_eval))


def own_validation(dataset: Dataset) -> Dataset | None:
    """The dataset's own validation part, unless the spec asks for one that is set aside, or for none."""
    return dataset.validation_part() if dataset.validation == "auto" else None


def plan_parts(frame: Frame, data: DataPlan) -> tuple[DataPlan | None, DataPlan | None]:
    """The chains of validation and of test where `eval` names no data: that of training over the other parts of its dataset.

    Data that are one whole are evaluated as they are. A random transform without a form for evaluation is reported.
    """
    dataset = data.dataset
    test = dataset.test_part() if dataset.batched else None
    held = dataset if data.part == "train" else own_validation(dataset) if dataset.batched else dataset.test_part() or dataset
    strange = next((t for t in data.transforms if not t.has_eval_form), None)
    if strange is not None and (held or test):
        from netspec.diagnostics.data.sequences import EvalDataNeeded  # only specs with this problem need it

        frame.report(EvalDataNeeded(at=data.span, transform=strange.op_name()))
        return None, None
    part = "validation" if data.part == "train" else ""
    kept = keep_for_evaluation(data)
    return held and replace(kept, dataset=held, part=part), test and replace(kept, dataset=test, part="")


def keep_for_evaluation(data: DataPlan) -> DataPlan:
    """The chain of training without what says how much is trained on."""
    return replace(data, transforms=tuple(t for t in data.transforms if not t.training_only))


def plan_test(data: DataPlan, named: DataPlan) -> tuple[str, DataPlan | None]:
    """What the data that `eval` names are to a dataset, and the chain of its test part, if that is another one."""
    test = data.dataset.test_part()
    if named.dataset == test:
        return "test", None
    takes = test is not None and all(t.has_eval_form for t in data.transforms)
    return "validation", replace(keep_for_evaluation(data), dataset=test, part="") if takes else None
