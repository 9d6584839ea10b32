"""Makes a model's inputs of examples as a person has them, by what the data chain knows: texts become tokens, words their ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.running.weights import MissingArray
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Transform
from netspec.library.data.columns import LENGTH, Table, rows_of
from netspec.shape import TensorType
from netspec.train.collation import collate
from netspec.train.data_preparation import Knowledge, bound_lengths, name_transforms, put_in_order
from netspec.train.field_checks import check_fields
from netspec.train.python_sequences import pad_lists

if TYPE_CHECKING:
    from netspec.train.trainable_model import Program


def inputs_of(model: Program, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the model takes: `given` itself, or what the chain of evaluations makes of it.

    It does where `given` are fields of the dataset but not the model's inputs (`text=["…"]`), or hold texts where those are numbers. What
    only arranges examples (`shuffle`, `pack`) is left out. Raises `SpecError` for what does not fit the dataset's fields.
    """
    plan = model.plan and (model.plan.eval.data or model.plan.data)
    types = model.model.input_types()
    if plan is None:
        return pad_lists(given, types)
    plan = bound_lengths(plan, model.model)
    if not _needs_encoding(plan, given, types):
        return pad_lists(given, types, plan.longest)
    batch = collate(_apply_chain(plan, _table(plan, given, model.learned), model.learned), longest=plan.longest)
    return {name: values for name, values in batch.items() if name in model.model.input_types()}


def _needs_encoding(plan: DataPlan, given: Mapping[str, Any], inputs: Mapping[str, TensorType]) -> bool:
    """Whether examples are given as fields of the data and not as inputs of the model."""
    fields = plan.dataset.batch_types()
    return bool(given) and all(name in fields for name in given) and (given.keys() != inputs.keys() or any(map(_is_text, given.values())))


def _is_text(value: Any) -> bool:
    """A text, or texts in a list, however deep."""
    return isinstance(value, str) or (isinstance(value, list | tuple) and len(value) > 0 and _is_text(value[0]))


def _table(plan: DataPlan, given: Mapping[str, Any], known: Knowledge) -> Table:
    """The given fields as the dataset would load them."""
    types = plan.dataset.batch_types()
    sequences = any(types[name].rank > 1 and not types[name].shape[1].is_constant for name in given)
    wanted = {name: kind for name, kind in types.items() if name in given or (name == LENGTH and sequences)}
    return check_fields(plan.dataset.encoded(given, known.get(plan.dataset.op_name())), wanted)


def _apply_chain(plan: DataPlan, table: Table, known: Knowledge) -> dict[str, Any]:
    """The examples behind the chain, as one batch."""
    whole = apply_to_all(plan, table, known)
    return apply_to_batch(plan, {name: rows_of(values, np.arange(len(values))) for name, values in whole.items()})


def apply_to_all(plan: DataPlan, table: Table, known: Knowledge) -> Table:
    """The examples behind those steps of the chain that work on all of them and make something of each."""
    table = put_in_order(table, plan)
    for name, transform in name_transforms(plan.transforms):
        if transform.whole and not transform.arranges:
            table = transform.learn(table, None, known.get(name))[0]
    return table


def apply_to_batch(plan: DataPlan, batch: dict[str, Any]) -> dict[str, Any]:
    """Some of those examples behind the other steps, as in evaluation."""
    for transform in plan.transforms:
        batch = batch if transform.whole else _apply_transform(transform, batch)
    return batch


def _apply_transform(transform: Transform, batch: dict[str, Any]) -> dict[str, Any]:
    """One step of the chain. Raises `SpecError` where it needs a field that was not given."""
    try:
        return transform.apply_eval(batch)
    except KeyError as error:
        name = str(error.args[0])
        problem = MissingArray(field=name, expected=f"a field, which `{transform.op_name()}` changes", given=tuple(map(str, batch)))
        raise SpecError([problem]) from None
