"""Elaborates what a `train` section measures: the losses of its updates and its metrics, on the batch's fields and the model's outputs."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.diagnostics.names.bindings import OnlyInPhase
from netspec.diagnostics.training.means import UnmovedLoss
from netspec.diagnostics.training.metrics import MetricOfSeveral
from netspec.diagnostics.training.settings import LossOnlyInTraining
from netspec.infer import expressions
from netspec.infer.bodies import statements
from netspec.infer.sections.fields import count_of
from netspec.infer.sections.objective import ObjectiveFrame, add_means, make_result
from netspec.infer.sections.section import Section
from netspec.infer.values import UNKNOWN, Mean, Tensor, Unknown, to_plain
from netspec.ir import OUTPUT, DataPlan, Objective
from netspec.proofs.loss_slopes import follow, is_moved
from netspec.shape import Dim, Facts
from netspec.syntax import tree

LOSS = "loss"
OF_LOSS = ("loss", "update")
"""The items of a section that have a loss."""
Results = dict[str, Mean | None]
"""A section's numbers by name; None after a problem."""


def open_objective(section: Section, data: DataPlan, sizes: dict[str, Dim], phase: str = "train") -> ObjectiveFrame:
    """The names that losses and metrics see, in the data's sizes: the outputs that exist in the phase among them."""
    frame = ObjectiveFrame(section.world, facts_of(section, sizes), count_of(section), section.model, sizes)
    frame.section = section
    frame.env.update({symbol: to_plain(dim) for symbol, dim in sizes.items()})
    for name, type_ in data.fields.items():
        frame.env[name] = frame.port(name, type_, data.span)
    for port in section.model.outputs:
        if not isinstance(port.wire, int) or port.name in frame.env:
            continue
        if port.phase not in (None, phase):
            frame.elsewhere[port.name] = str(port.phase)
        else:
            type_ = section.model.types[port.wire].substitute(sizes)
            frame.env[port.name] = frame.port(OUTPUT + port.name, type_, port.span)
    frame.env["batch_size"] = section.batch_size
    frame.weights = data.weights
    frame.sees(section.model)
    return frame


def facts_of(section: Section, sizes: dict[str, Dim]) -> Facts:
    """What the model knows of its dims, where the data calls them the same."""
    same = all(dim.is_constant or dim == Dim.symbol(symbol) for symbol, dim in sizes.items())
    return section.model.facts if same else Facts()


def build_objective(section: Section, body: tree.Settings, data: DataPlan, sizes: dict[str, Dim]) -> Objective | None:
    """Everything that a section measures: with several updates `loss` is the sum of theirs, each `NAME.loss` besides."""
    frame = open_objective(section, data, sizes)
    results = measure_items(frame, section.node.body.items)
    losses = [results.get(name_loss(update)) for update in section.updates]
    if losses:
        results = {LOSS: add_means(frame, [m for m in losses if m is not None]), **results} if all(losses) else results
    return finish(frame, results)


def build_evaluation(section: Section, body: tree.Settings, data: DataPlan, sizes: dict[str, Dim]) -> Objective | None:
    """What an evaluation measures, for a section that is right in training: the same, but for what reads outputs of `when train`.

    Metrics that read one are left out, and of a loss that is a sum the terms that do; a loss of which nothing is left is an error.
    """
    frame = open_objective(section, data, sizes, "eval")
    frame.lacking = True
    frame.env.update({name: UNKNOWN for name, phase in frame.elsewhere.items() if phase == "train"})
    results = measure_items(frame, section.node.body.items)
    losses = [m for m in (results.get(name_loss(update)) for update in section.updates) if m is not None]
    results = {LOSS: add_means(frame, losses), **results} if losses else results
    if results.get(LOSS) is None:
        at = next(
            (i for i in (*section.node.body.items, *section.updates) if isinstance(i, tree.Setting | tree.Group) and i.key in OF_LOSS), None
        )
        if at is not None:  # else a loss is missing, which is reported
            outputs = tuple(n for n, p in frame.elsewhere.items() if p == "train")
            ways = write_out(at.value) if isinstance(at, tree.Setting) else ()
            frame.report(LossOnlyInTraining(at=at.name_span, outputs=outputs, ways=ways))
        return None
    if body is not section.node.body:
        frame.evaluating = True
        results.update(measure_asked(frame, body))
    return finish(frame, {name: mean for name, mean in results.items() if mean is not None})


def write_out(value: tree.Expr) -> tuple[Repair, ...]:
    """`(a + 0.3 * b) / 1.3` with its terms one by one, `a / 1.3 + 0.3 * b / 1.3`, each of which may be left out."""
    if not isinstance(value, tree.Binary) or value.op not in ("*", "/") or value.span.source.pointers is not None:
        return ()
    inner, factor = (value.left, value.right) if isinstance(value.left, tree.Paren) else (value.right, value.left)
    if not isinstance(inner, tree.Paren) or (value.op == "/" and inner is not value.left):
        return ()
    terms, node = [], inner.inner
    while isinstance(node, tree.Binary) and node.op in ("+", "-"):
        terms.append((f" {node.op} ", node.right))
        node = node.left
    terms.append(("", node))
    times = f" {value.op} {factor.span.text}"
    text = "".join(f"{sign}{term.span.text}{times}" for sign, term in reversed(terms))
    return (Repair((Edit(value.span, text),), text),) if len(terms) > 1 else ()


def measure_asked(frame: ObjectiveFrame, body: tree.Settings) -> Results:
    """What `eval` asks for itself: there an output that it does not have is a problem."""
    for name, phase in frame.elsewhere.items():
        if phase == "train":
            del frame.env[name]
    before = len(frame.world.problems)
    found = measure_items(frame, body.items)
    for item in body.items:
        if isinstance(item, tree.Metric) and found[item.name] is None and len(frame.world.problems) == before:
            frame.report(OnlyInPhase(at=item.value.span, name=item.name, phase="train", measured="eval"))
    return found


def build_update_objective(
    section: Section, update: tree.Group, data: DataPlan, sizes: dict[str, Dim], with_metrics: bool
) -> Objective | None:
    """The loss of one update, and the section's metrics where it is the one in whose pass they are measured."""
    frame = open_objective(section, data, sizes)
    others = {id(i) for i in section.updates if i is not update}  # comparing whole trees would take long
    kept = [i for i in section.node.body.items if id(i) not in others and (with_metrics or not isinstance(i, tree.Metric))]
    results = measure_items(frame, kept)
    return finish(frame, {LOSS: results.pop(name_loss(update), None), **results})


def name_loss(update: tree.Group) -> str:
    """What an update's loss is called among a section's numbers."""
    return f"{update.label}.{LOSS}"


def finish(frame: ObjectiveFrame, results: Results) -> Objective | None:
    return frame.done({n: m for n, m in results.items() if m is not None}) if all(results.values()) else None


def measure_items(frame: ObjectiveFrame, items: Iterable[tree.SettingItem]) -> Results:
    """The losses and metrics of some lines in order, and their `let`s."""
    results: Results = {}
    for item in items:
        if frame.world.stopped:
            break
        try:
            if isinstance(item, tree.Let):
                bind(frame, item)
            elif isinstance(item, tree.Setting) and item.key == LOSS:
                loss = evaluate_loss(frame, item.value)
                if not isinstance(loss, Unknown):
                    results[LOSS] = loss
            elif isinstance(item, tree.Metric):
                results[item.name] = evaluate_result(frame, item.value, ("metric", "loss", "function"))
            elif isinstance(item, tree.Group) and item.key == "update":
                results |= measure_update(frame, item)
        except Mistake as mistake:
            frame.world.report_mistake(mistake, item.span)
    return results


def bind(frame: ObjectiveFrame, item: tree.Let) -> None:
    """A `let`. One that reads what an evaluation lacks has no value there; a loss may still have terms of it."""
    statements.bind_names(frame, tree.Binding(item.targets, item.value, span=item.span))
    if frame.lacking and len(item.targets) == 1:
        name = item.targets[0].name
        frame.rests.pop(name, None)
        if isinstance(frame.env.get(name), Unknown):
            from netspec.infer.sections.sums import evaluate_rest  # few models have outputs of `when train`

            frame.rests[name] = evaluate_rest(frame, item.value, ())


def measure_update(frame: ObjectiveFrame, update: tree.Group) -> Results:
    """An update's loss; its own `let`s are seen by itself alone."""
    outside, rests = dict(frame.env), dict(frame.rests)
    found = measure_items(frame, [i for i in update.body.items if not isinstance(i, tree.Metric)])  # a metric here is reported already
    frame.env, frame.rests = outside, rests
    return {name_loss(update): found[LOSS]} if LOSS in found else {}


def evaluate_loss(frame: ObjectiveFrame, node: tree.Expr) -> Mean | Unknown | None:
    """What a `loss` line is worth: one number. Unknown: it is several, which is reported."""
    kinds, before = ("loss", "metric", "function"), len(frame.world.problems)
    found = leave_out_terms(frame, node, kinds) if frame.lacking else evaluate_result(frame, node, kinds)
    if found is not None and found.type.rank:
        return frame.report(MetricOfSeveral(at=node.span, what="a loss", type=found.type))
    if len(frame.world.problems) > before:
        return found
    if found is not None and not is_moved(found.wire, frame.finishing.nodes, frame.measurements, frame.nodes, frame.ports, frame.types):
        frame.report(UnmovedLoss(at=node.span))
    elif found is not None:
        warn_of_counts(frame, found)
    return found


def leave_out_terms(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Mean | None:
    """A loss in evaluation: of a sum the terms that exist there."""
    from netspec.infer.sections.sums import evaluate_rest  # few models have outputs of `when train`

    value = evaluate_rest(frame, node, kinds)
    return None if isinstance(value, Unknown) else make_result(frame, value, node.span)


def warn_of_counts(frame: ObjectiveFrame, loss: Mean) -> None:
    """Warn of the terms of a loss that have no gradient, as `accuracy` has none: they change its number alone."""
    terms = follow([loss.wire], frame.finishing.nodes, None)
    for measurement in frame.measurements:
        if measurement.output in terms and not measurement.op.sloped:
            frame.report(UnmovedLoss(at=measurement.span, term=measurement.op.op_name()))


def evaluate_result(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Mean | None:
    """What a line is worth, as a finished mean; None after a problem."""
    if may_be_bare(node):
        from netspec.infer.sections.measure_forms import describe_bare, find_bare  # only specs with a problem need it

        op = find_bare(frame, node)
        if op:
            frame.report(describe_bare(frame, node, op))
            return None
    value = expressions.evaluate(frame, node, kinds)
    if isinstance(value, Unknown | Mean | Tensor):
        return None if isinstance(value, Unknown) else make_result(frame, value, node.span)
    from netspec.infer.sections.measure_forms import describe_other

    frame.report(describe_other(frame, node, value))
    return None


def may_be_bare(node: tree.Expr) -> bool:
    """A name, a string, or a call of something unknown or on nothing, which may be a loss that is called on nothing."""
    if isinstance(node, tree.Call):
        return not node.args or not isinstance(node.args[0].value, tree.Name | tree.Call)
    return isinstance(node, tree.Name | tree.String)
