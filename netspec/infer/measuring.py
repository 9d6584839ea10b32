"""What a `train` section measures: the losses of its updates and its metrics, on the batch's fields and the model's outputs."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.metrics import MetricOfSeveral
from netspec.infer import expressions, statements
from netspec.infer.objective import ObjectiveFrame, as_result, total
from netspec.infer.section import Section
from netspec.infer.values import Mean, Unknown, plain
from netspec.ir import DataPlan, Objective
from netspec.record import replace
from netspec.shape import Dim, Facts
from netspec.source import NOWHERE
from netspec.syntax import tree

LOSS = "loss"
Results = dict[str, Mean | None]
"""A section's numbers by name; None after a problem."""


def objective_frame(section: Section, data: DataPlan, sizes: dict[str, Dim]) -> ObjectiveFrame:
    """The names that losses and metrics see, in the data's sizes."""
    frame = ObjectiveFrame(section.world, facts_of(section, sizes), Dim.symbol("B"), section.model, sizes)
    frame.env.update({symbol: plain(dim) for symbol, dim in sizes.items()})
    for name, type_ in data.fields.items():
        frame.env[name] = frame.port(name, type_, data.span)
    for port in (p for p in section.model.outputs if p.phase is None):
        if isinstance(port.wire, int) and port.name not in frame.env:
            type_ = section.model.types[port.wire].substitute(sizes)
            frame.env[port.name] = frame.port(f"output.{port.name}", type_, port.span)
    frame.env["batch_size"] = section.batch_size
    frame.sees(section.model)
    return frame


def facts_of(section: Section, sizes: dict[str, Dim]) -> Facts:
    """What the model knows of its dims, where the data calls them the same."""
    same = all(dim.is_constant or dim == Dim.symbol(symbol) for symbol, dim in sizes.items())
    return section.model.facts if same else Facts()


def build_objective(section: Section, body: tree.Settings, data: DataPlan, sizes: dict[str, Dim]) -> Objective | None:
    """Everything that a section measures: with several updates `loss` is the sum of theirs, each `NAME.loss` besides."""
    frame = objective_frame(section, data, sizes)
    results = measured(frame, section.node.body.items)
    losses = [results.get(loss_of(update)) for update in section.updates]
    if losses:
        results = {LOSS: total(frame, [m for m in losses if m is not None]), **results} if all(losses) else results
    if body is not section.node.body:
        frame.evaluating = True
        results.update(measured(frame, body.items))
    return finished(frame, results)


def update_objective(section: Section, update: tree.Group, data: DataPlan, sizes: dict[str, Dim], with_metrics: bool) -> Objective | None:
    """The loss of one update, and the section's metrics where it is the one in whose pass they are measured."""
    frame = objective_frame(section, data, sizes)
    others = {id(i) for i in section.updates if i is not update}  # comparing whole trees would take long
    kept = [i for i in section.node.body.items if id(i) not in others and (with_metrics or not isinstance(i, tree.Metric))]
    results = measured(frame, kept)
    return finished(frame, {LOSS: results.pop(loss_of(update), None), **results})


def loss_of(update: tree.Group) -> str:
    """What an update's loss is called among a section's numbers."""
    return f"{update.label}.{LOSS}"


def finished(frame: ObjectiveFrame, results: Results) -> Objective | None:
    return frame.done({n: m for n, m in results.items() if m is not None}) if all(results.values()) else None


def measured(frame: ObjectiveFrame, items: Iterable[tree.SettingItem]) -> Results:
    """The losses and metrics of some lines in order, and their `let`s."""
    results: Results = {}
    for item in items:
        if frame.world.stopped:
            break
        try:
            if isinstance(item, tree.Let):
                statements.bind(frame, tree.Binding(item.targets, item.value, span=item.span))
            elif isinstance(item, tree.Setting) and item.key == LOSS:
                results[LOSS] = loss(frame, item.value)
            elif isinstance(item, tree.Metric):
                results[item.name] = result(frame, item.value, ("metric", "loss", "function"))
            elif isinstance(item, tree.Group) and item.key == "update":
                results |= measured_update(frame, item)
        except Mistake as mistake:
            problem = mistake.diagnostic
            frame.world.report(problem if problem.at.source.path != NOWHERE.source.path else replace(problem, at=item.span))
    return results


def measured_update(frame: ObjectiveFrame, update: tree.Group) -> Results:
    """An update's loss; its own `let`s are seen by itself alone."""
    outside = dict(frame.env)
    found = measured(frame, [i for i in update.body.items if not isinstance(i, tree.Metric)])  # a metric here is reported already
    frame.env = outside
    return {loss_of(update): found[LOSS]} if LOSS in found else {}


def loss(frame: ObjectiveFrame, node: tree.Expr) -> Mean | None:
    found = result(frame, node, ("loss", "metric", "function"))
    if found is not None and found.type.rank:
        raise Mistake(MetricOfSeveral(at=node.span, what="a loss", type=found.type))
    return found


def result(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Mean | None:
    value = expressions.evaluate(frame, node, kinds)
    return None if isinstance(value, Unknown) else as_result(frame, value, node.span)
