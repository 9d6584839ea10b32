"""Finds what may be meant where a loss or metric does not fit what it is called on: its inputs the other way round, its relative for one
score or for several, a cast, units of the last layer, a `flatten` before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.calls.inputs import MissingInput, WrongDtype
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.proofs import BadOperands
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.classes import OF_ANSWERS, MoreUnits, OneClass, TooFewUnits
from netspec.diagnostics.training.losses import WeightsOutsideModel
from netspec.diagnostics.training.metrics import NoSuchClass
from netspec.diagnostics.training.targets import FewerClasses, LabelsShape, UnequalClasses, UnequalLabels, UnequalTargets
from netspec.infer.calls.value_repairs import give_missing
from netspec.infer.sections.last_layer import flatten_before, give_units
from netspec.infer.sections.measure_forms import KINDS, list_tensors
from netspec.library.shelf import index
from netspec.record import record, replace
from netspec.resolve.foreign_settings.lines import give_arguments, insert
from netspec.source import NOWHERE, Meant
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

if TYPE_CHECKING:
    from netspec.infer.sections.objective import ObjectiveFrame

RELATIVES = {"loss": ("softmax_cross_entropy", "sigmoid_cross_entropy", "mean_squared_error"), "metric": ("accuracy", "binary_accuracy")}
"""What is tried in place of a loss or metric that does not fit, after its nearest relative."""


@record
class Use:
    """A call of a loss or metric in the text."""

    call: tree.Call | tree.Name
    stage: bool
    """It stands behind an arrow."""
    frame: Any

    @property
    def op(self) -> str:
        return callee_of(self.call).text

    @property
    def args(self) -> tuple[tree.Arg, ...]:
        return self.call.args if isinstance(self.call, tree.Call) else ()

    @property
    def plain(self) -> list[tree.Expr]:
        """Its inputs that stand in its parentheses without a name."""
        return [arg.value for arg in self.args if arg.name is None]


def propose(frame: ObjectiveFrame, problem: Diagnostic) -> Diagnostic:
    """The problem with the repairs that may hold."""
    if isinstance(problem, UnknownName | BadOperands):
        return problem if problem.ways or problem.at.source is NOWHERE.source else replace(problem, ways=tuple(guess_names(frame, problem)))
    if isinstance(problem, MissingArgument):
        kinds = [frame.model.types[port.wire] for port in frame.model.outputs if isinstance(port.wire, int)]
        sizes = [kind.shape[-1].value for kind in kinds if kind.rank > 1 and kind.shape[-1].is_constant]
        return give_missing(problem, sizes) if not index.lookup(problem.op, *KINDS) else problem
    finder = FINDERS.get(type(problem))
    use = None if finder is None else find_use(frame, problem)
    if finder is None or use is None:
        return problem
    callee = callee_of(use.call).span
    more = (Repair(tuple(edits), words, any(e.span == callee for e in edits)) for words, edits in finder(problem, use) if edits)
    return replace(problem, ways=tuple({way.edits: way for way in (*problem.ways, *more)}.values()))


def find_use(frame: ObjectiveFrame, problem: Diagnostic) -> Use | None:
    """The innermost call of a loss or metric around the place of a problem."""
    found: Use | None = None
    for node in descendants(frame.section.node) if frame.section is not None else ():
        if isinstance(node, tree.Call) and covers(node, problem) and index.lookup(node.callee.text, *KINDS):
            found = Use(node, False, frame)
        elif isinstance(node, tree.Stage) and isinstance(node.call, tree.Name | tree.Call) and covers(node.call, problem):
            if index.lookup(callee_of(node.call).text, *KINDS):
                return Use(node.call, True, frame)
    return found


def callee_of(call: tree.Call | tree.Name) -> tree.Name:
    """The name of the op of a stage."""
    return call.callee if isinstance(call, tree.Call) else call


def covers(node: tree.Node, problem: Diagnostic) -> bool:
    return node.span.source is problem.at.source and node.span.start <= problem.at.start and problem.at.end <= node.span.end


Found = Iterator[tuple[str, list[Edit]]]
"""Words and edits of repairs."""


def written(use: Use, edits: list[Edit]) -> tuple[str, list[Edit]]:
    """Edits inside of the call, in the words of what it becomes."""
    from netspec.resolve.foreign_settings.lines import apply_inside

    return apply_inside(use.call.span, edits), edits


def swap(use: Use) -> Found:
    """The first two inputs the other way round."""
    if not use.stage and len(use.plain) >= 2:
        first, second = use.plain[:2]
        yield written(use, [Edit(first.span, second.span.text), Edit(second.span, first.span.text)])


def relatives(use: Use) -> Found:
    """Another loss or metric of the same inputs: the nearest relative first."""
    entry = index.lookup(use.op, *KINDS)
    inverse = {answers: classes for classes, answers in reversed(OF_ANSWERS.items())}
    near = [OF_ANSWERS.get(use.op, ""), inverse.get(use.op, "")]
    usual = RELATIVES.get(entry.kind if entry else "", ()) if entry and (entry.kind == "loss" or "accuracy" in use.op) else ()
    for other in dict.fromkeys([*near, *usual]):
        own = index.lookup(other, *KINDS) if other and other != use.op else None
        known = {a.name for a in own.signature} | {i.name for i in own.inputs} if own is not None else set()
        if own is not None and all(a.name is None or a.name in known for a in use.args):
            yield written(use, [Edit(callee_of(use.call).span, other)])


def first_axis(use: Use, which: int, rank: int) -> Found:
    """An input without its last axis, which has one element."""
    if not use.stage and which < len(use.plain):
        node = use.plain[which]
        if isinstance(node, tree.Name):
            yield written(use, [Edit(node.span, f"{node.text}[{', '.join([':'] * rank + ['0'])}]")])


def cast(use: Use, which: int) -> Found:
    if not use.stage and which < len(use.plain):
        node = use.plain[which]
        yield written(use, [Edit(node.span, f"cast({node.span.text}, f32)")])


def units(use: Use, count: int) -> Found:
    """The last layer of what the call reads with so many units."""
    name = use.plain[0] if use.plain else None
    if isinstance(name, tree.Name):
        yield from give_units(use.frame.section, name.text, count)


# --- names -----------------------------------------------------------------------------------------------------------

OF_DATA = re.compile(r"y|label|target|truth|true|gt|answer|class|category|ytrue|ground", re.I)
OF_MODEL = re.compile(r"pred|out|logit|hat|score|prob", re.I)
"""How names begin or end that other libraries' users have for what is to be found, and for what a model finds."""


def guess_names(frame: ObjectiveFrame, problem: UnknownName | BadOperands) -> Iterator[Repair]:
    """The fields and outputs that a name may mean which is neither: `target`, `y_pred`, `batch["label"]`."""
    written = problem.at.text
    last = re.fullmatch(r"[\w.]*?(\w+)|\w+\[\W*(\w+)\W*\]", written)
    name = last[1] or last[2] if last is not None else ""
    if not name or isinstance(problem, BadOperands) and "[" not in written:
        return
    outputs, fields, inputs = list_tensors(frame)
    known = [*outputs, *fields, *inputs]
    yield from give_out(frame, written)
    if name in known or "[" in written:
        found = nearest(name, known)
    elif isinstance(problem, UnknownName) and problem.near:
        return
    else:
        found = nearest(name, known) or order_guesses(name, is_first(frame, problem), outputs, fields, inputs)
    for own in found:
        yield Repair((Edit(problem.at, own),), own)


def give_out(frame: ObjectiveFrame, name: str) -> Iterator[Repair]:
    """A name that is bound in the model, and not among its outputs."""
    definition = frame.world.graph.definitions.get(frame.model.name)
    lines = definition.node.body.statements if definition is not None else ()
    bound = [line for line in lines if isinstance(line, tree.Binding) and [t.name for t in line.targets] == [name]]
    if bound and bound[-1].span.source.pointers is None and not isinstance(bound[-1].span, Meant):
        edit = insert(bound[-1].span.source, bound[-1].span.start, "output ")
        yield Repair((edit,), f"write `output {name} = …` in line {bound[-1].span.line}: losses see the model's outputs")


def order_guesses(name: str, first: bool, outputs: list[str], fields: list[str], inputs: list[str]) -> list[str]:
    """What a name may mean, the likeliest first, where it says anything; else nothing, since any of them would do."""
    found, data = OF_MODEL.search(name), OF_DATA.match(name)
    if found is None and data is None:
        return []
    return [*outputs, *fields, *inputs] if found is not None or first and data is None else [*fields, *inputs]


def is_first(frame: ObjectiveFrame, problem: Diagnostic) -> bool:
    """Whether a name stands where a loss or metric takes what the model has found."""
    use = find_use(frame, problem)
    return use is not None and bool(use.plain) and covers(use.plain[0], problem)


# --- by problem ------------------------------------------------------------------------------------------------------


def for_dtype(problem: WrongDtype, use: Use) -> Found:
    yield from swap(use)
    guilty = next((arg for arg in use.plain if arg.span == problem.at), None)
    if isinstance(guilty, tree.Call) and guilty.callee.text in ("argmax", "round", "one_hot") and guilty.args:
        yield written(use, [Edit(guilty.span, guilty.args[0].value.span.text)])
    yield from relatives(use)
    if guilty is not None and problem.wanted == "float":
        edit = Edit(guilty.span, f"cast({guilty.span.text}, f32)")
        yield written(use, [edit])
        first = use.plain[0]
        if first is not guilty and isinstance(first, tree.Name) and not use.stage:
            yield written(use, [Edit(first.span, f"{first.text}[:, 0]"), edit])


def for_missing(problem: MissingInput, use: Use) -> Found:
    """The fields, and then the rest, that would do."""
    outputs, fields, inputs = list_tensors(use.frame)
    taken = {arg.value.span.text for arg in use.args}
    for name in [name for name in (*fields, *outputs, *inputs) if name not in taken]:
        if use.stage:
            yield written(use, give_arguments(use.call, (), {problem.names[0]: name}))
        elif use.plain:
            yield written(use, [insert(use.call.span.source, use.plain[-1].span.end, f", {name}")])


def for_labels(problem: LabelsShape, use: Use) -> Found:
    have, want = problem.labels, problem.expected
    if have.rank == want.rank + 1:
        yield from first_axis(use, 1, want.rank)
    if have.is_int and have.shape == problem.logits.shape:
        yield from cast(use, 1)
    name = use.plain[0] if use.plain else None
    if isinstance(name, tree.Name) and problem.logits.rank > have.rank + 1:
        yield from flatten_before(use.frame.section, name.text)
    yield from swap(use)
    yield from relatives(use)


def for_classes(problem: UnequalClasses, use: Use) -> Found:
    logits, labels = problem.logits.shape[-1], problem.labels.shape[-1]
    for node in descendants(use.call):
        if isinstance(node, tree.Call) and node.callee.text == "one_hot" and logits.is_constant:
            yield written(use, give_arguments(node, ("x", "classes"), {"classes": str(logits)}))
    if labels.is_constant:
        yield from units(use, labels.value)


def for_targets(problem: UnequalTargets, use: Use) -> Found:
    if problem.predictions.rank < problem.targets.rank and len(use.plain) > 1:
        node = use.plain[1]
        yield written(use, [Edit(node.span, f"flatten({node.span.text})")])
    if problem.predictions.rank > problem.targets.rank and use.plain:
        node = use.plain[0]
        yield written(use, [Edit(node.span, f"flatten({node.span.text})")])
    if problem.predictions.shape == problem.targets.shape:
        yield from cast(use, 1)
    yield from for_axis(use, problem.predictions, problem.targets)
    yield from relatives(use)


def for_axis(use: Use, first: Any, second: Any) -> Found:
    """One of the two has a last axis of one element that the other lacks."""
    if first.rank == second.rank + 1:
        yield from first_axis(use, 0, second.rank)
    elif second.rank == first.rank + 1:
        yield from first_axis(use, 1, first.rank)


def for_answers(problem: UnequalLabels, use: Use) -> Found:
    yield from for_axis(use, problem.logits, problem.labels)
    yield from relatives(use)


def for_one_class(problem: OneClass, use: Use) -> Found:
    """As many units as the data have classes, else a yes or no by the one score."""
    field = use.plain[1] if len(use.plain) > 1 else None
    count = use.frame.section.data.class_counts.get(field.text, 0) if isinstance(field, tree.Name) else 0
    if count > 2:
        yield from units(use, count)
    instead = OF_ANSWERS.get(use.op, "sigmoid_cross_entropy")
    score = use.plain[0] if use.plain else None
    edits = [Edit(callee_of(use.call).span, instead)]
    if isinstance(score, tree.Name) and problem.labels.rank < problem.logits.rank and not use.stage:
        axes = ", ".join([":"] * problem.labels.rank + ["0"])
        edits.append(Edit(score.span, f"{score.text}[{axes}]"))
    yield written(use, edits)


def for_units(problem: TooFewUnits | MoreUnits, use: Use) -> Found:
    if isinstance(problem, MoreUnits) or problem.units:
        yield from units(use, problem.classes)
    else:
        yield from relatives(use)


def for_fewer(problem: FewerClasses, use: Use) -> Found:
    if problem.logits.shape[-1].is_constant:
        yield written(use, give_arguments(use.call, (), {"k": str(problem.logits.shape[-1].value)}))


def for_class(problem: NoSuchClass, use: Use) -> Found:
    last = problem.logits.shape[-1] - 1
    if last.is_constant:
        yield written(use, give_arguments(use.call, (), {"of": str(last.value)}))


def for_weights(problem: WeightsOutsideModel, use: Use) -> Found:
    """`M(image)` of the model itself: its output."""
    if problem.at.text.startswith(f"{use.frame.model.name}("):
        for name in list_tensors(use.frame)[0]:
            yield name, [Edit(problem.at, name)]


FINDERS: dict[type[Diagnostic], Callable[[Any, Use], Found]] = {
    WrongDtype: for_dtype,
    MissingInput: for_missing,
    LabelsShape: for_labels,
    UnequalClasses: for_classes,
    UnequalTargets: for_targets,
    UnequalLabels: for_answers,
    OneClass: for_one_class,
    TooFewUnits: for_units,
    MoreUnits: for_units,
    WeightsOutsideModel: for_weights,
    FewerClasses: for_fewer,
    NoSuchClass: for_class,
}
"""What finds the repairs of a problem."""
