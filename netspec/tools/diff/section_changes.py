"""Compares `train` and `serve` sections: every setting that means something else, defaults included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from netspec.ir import Body, DataPlan, ServePlan, TrainPlan, UpdatePlan
from netspec.ir.fingerprint import means_same
from netspec.library.base import Op
from netspec.library.shelf.op_text import to_text
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.spec_file import parse_spec
from netspec.tools.diff.difference import Cause, TrainChange, ValueChange
from netspec.tools.diff.origins import place_text
from netspec.tools.ir_drawing import value_text

_MEANINGS: Mapping[str, Callable[[TrainPlan], Any]] = {
    "data": lambda plan: _of_data(plan.data),
    "optimizer": lambda plan: plan.updates[0].optimizer,
    "duration": lambda plan: plan.duration,
    "seed": lambda plan: plan.seed,
    "precision": lambda plan: plan.precision,
    "lowering": lambda plan: plan.lowering,
    "accumulate": lambda plan: plan.accumulate,
    "ema": lambda plan: plan.ema,
    "weights": lambda plan: plan.data.weights,
    "on_nonfinite": lambda plan: plan.on_nonfinite,
    "workers": lambda plan: plan.workers,
    "best": lambda plan: plan.best,
    "eval.data": lambda plan: (_of_data(plan.eval.data), _of_data(plan.eval.test)),
    "eval.every": lambda plan: plan.eval.every,
    "eval.limit": lambda plan: plan.eval.limit,
    "checkpoint.every": lambda plan: plan.checkpoint.every,
    "checkpoint.keep": lambda plan: plan.checkpoint.keep,
    "checkpoint.keep_every": lambda plan: plan.checkpoint.keep_every,
}
"""What a setting means, where that is a value of the plan; of the others the text is compared."""
_OF_UPDATES: Mapping[str, Callable[[UpdatePlan], Any]] = {
    "optimizer": lambda update: update.optimizer,
    "every": lambda update: update.every,
    "params": lambda update: update.paths,
}
"""The same of a setting of an update, `update.NAME.optimizer`."""


def _of_data(plan: DataPlan | None) -> Any:
    """What a chain reads and does, without the types that follow the model's."""
    return None if plan is None else (plan.dataset, plan.transforms, plan.batch, plan.weights, plan.part)


def compare_trains(before: TrainPlan, after: TrainPlan) -> Iterator[ValueChange]:
    """The settings of a training that are others now."""
    names = dict.fromkeys((*before.settings, *after.settings))
    for name in (n for n in names if not n.startswith("param ")):  # those are the model's
        old, new = before.settings.get(name, ""), after.settings.get(name, "")
        meaning = _meaning_of(name)
        if meaning is not None and means_same(meaning(before), meaning(after)):
            continue
        if old == new and meaning is not None and "default" not in (before.origins.get(name), after.origins.get(name)):
            old, new = _write(meaning(before)), _write(meaning(after))
        if old != new:
            place = after.origins.get(name, "default")
            yield ValueChange(name, old, new, Cause("setting", name, old, new, "" if place == "default" else place))
    yield from _compare_order(before, after)
    if not means_same(_bodies(before), _bodies(after)):
        yield from _compare_lets(before, after)
    yield from _compare_fields(before.data, after.data)


def _meaning_of(name: str) -> Callable[[TrainPlan], Any] | None:
    """What a setting means in a plan, where that is a value; None in a plan that has no update of its name."""
    group, _, rest = name.partition(".")
    update, _, key = rest.rpartition(".")
    if group != "update" or key not in _OF_UPDATES:
        return _MEANINGS.get(name)
    return lambda plan: next((_OF_UPDATES[key](each) for each in plan.updates if each.name == update), None)


def _compare_order(before: TrainPlan, after: TrainPlan) -> Iterator[ValueChange]:
    """Updates that run in another order: each sees what the one before has left."""
    sides = [[update.name for update in plan.updates] for plan in (before, after)]
    then, now = ([name for name in side if name in sides[0] and name in sides[1]] for side in sides)
    if then != now:
        yield ValueChange("order of updates", ", ".join(then), ", ".join(now))


def _bodies(plan: TrainPlan) -> tuple[Body, ...]:
    """All that is computed of a batch beside the model."""
    return (plan.objective.body, plan.eval.objective.body, *(update.objective.body for update in plan.updates))


def _compare_lets(before: TrainPlan, after: TrainPlan) -> Iterator[ValueChange]:
    """The names of a section, `let`, that are bound to something else."""
    old, new = _lets(before), _lets(after)
    for name in dict.fromkeys((*old, *new)):
        then, now = (side[name].text if name in side else "" for side in (old, new))
        if then != now:
            place = place_text(new[name]) if name in new else ""
            yield ValueChange(name, then, now, Cause("setting", name, then, now, place))


def _lets(plan: TrainPlan) -> dict[str, Span]:
    """The values of a section's `let` lines, as they are written: `let x`, in an update `update.NAME.let x`."""
    file = parse_spec(plan.span.source)[0]
    sections = [s for s in (file.sections if file else ()) if isinstance(s, tree.Train) and s.span.start <= plan.span.start < s.span.end]
    return {name: span for section in sections for name, span in _lets_in(section.body, "")}


def _lets_in(body: tree.Settings, before: str) -> Iterator[tuple[str, Span]]:
    for item in body.items:
        if isinstance(item, tree.Let):
            yield f"{before}let {', '.join(target.name for target in item.targets)}", item.value.span
        elif isinstance(item, tree.Group):
            yield from _lets_in(item.body, f"{before}{'.'.join(filter(None, (item.key, item.label)))}.")


def _compare_fields(before: DataPlan, after: DataPlan) -> Iterator[ValueChange]:
    """The fields of a batch whose types are others."""
    for name in dict.fromkeys((*before.fields, *after.fields)):
        old, new = (str(side.fields[name]) if name in side.fields else "" for side in (before, after))
        if old != new:
            yield ValueChange(f"field {name}", old, new)


def _write(value: Any) -> str:
    """A meaning as text; of paths, which follow from the model, none."""
    if isinstance(value, Op):
        return to_text(value)
    if isinstance(value, tuple):
        return " -> ".join(_write(part) for part in _flatten(value) if isinstance(part, Op))
    return "" if value is None else str(value)


def _flatten(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for part in value:
            yield from _flatten(part)
    else:
        yield value


def compare_sections(before: Sequence[TrainPlan], after: Sequence[TrainPlan]) -> list[TrainChange]:
    """What became of each `train` section, by name."""
    old, new = {plan.name: plan for plan in before}, {plan.name: plan for plan in after}
    if len(old) == len(new) == 1 and not old.keys() & new.keys():  # the only one, of a model that has another name
        old = dict(zip(new, old.values(), strict=True))
    found = [TrainChange(f"train {name}", "removed") for name in old if name not in new]
    for name, plan in new.items():
        if name not in old:
            found.append(TrainChange(f"train {name}", "added"))
        elif settings := tuple((*_compare_names(old[name], plan), *compare_trains(old[name], plan))):
            found.append(TrainChange(f"train {name}", "changed", settings))
        elif means_same(old[name].model, plan.model) and not means_same(old[name], plan):
            found.append(TrainChange(f"train {name}", "changed", (ValueChange("what is measured is computed otherwise", "", ""),)))
    return found


def _compare_names(before: TrainPlan, after: TrainPlan) -> Iterator[ValueChange]:
    """The name of a section, where it is not that of its model: that has its own line."""
    if before.name != after.name and not (before.name == before.model.name and after.name == after.model.name):
        yield ValueChange("name", before.name, after.name)


def compare_serves(before: Sequence[ServePlan], after: Sequence[ServePlan]) -> list[TrainChange]:
    """What became of each line of the `serve` sections."""
    old, new = ({f"serve {p.model.name}, {p.feeds}": p for p in side} for side in (before, after))
    found = [TrainChange(name, "removed") for name in old if name not in new]
    for name, plan in new.items():
        if name not in old:
            found.append(TrainChange(name, "added"))
        elif settings := tuple(_compare_serve(old[name], plan)):
            found.append(TrainChange(name, "changed", settings))
    return found


def _compare_serve(before: ServePlan, after: ServePlan) -> Iterator[ValueChange]:
    if before.decoder.op_name() != after.decoder.op_name():
        yield ValueChange("decoder", to_text(before.decoder), to_text(after.decoder))
        return
    old, new = ({"reads": p.reads, **_arguments(p.decoder)} for p in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name, "") != new.get(name, ""):
            yield ValueChange(name, old.get(name, ""), new.get(name, ""))


def _arguments(op: Any) -> dict[str, str]:
    return {name: value_text(getattr(op, name)) for name in op.arguments()}
