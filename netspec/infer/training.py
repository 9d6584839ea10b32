"""`train`: the data chain, the model on it, the objective, the optimizer, and the settings around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.fields import FieldMismatch, InputNotAField, OutputIsAField
from netspec.diagnostics.sections import MissingSetting
from netspec.diagnostics.suggest import nearest
from netspec.infer import chain, expressions, statements
from netspec.infer.arguments import model_arguments
from netspec.infer.bounds import excluded
from netspec.infer.frame import Frame, World
from netspec.infer.instances import model_body
from netspec.infer.objective import ObjectiveFrame, as_result
from netspec.infer.resolved import resolved
from netspec.infer.settings import READERS, patterns_match, read_count, read_duration
from netspec.infer.types import shape_problem
from netspec.infer.values import UNKNOWN, Mean, Unknown, plain
from netspec.ir import Body, CheckpointPlan, DataPlan, EvalPlan, Objective, TrainPlan
from netspec.library.base import Duration, Optimizer
from netspec.record import record
from netspec.resolve.sections import SETTINGS
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span
from netspec.syntax import tree

DEFAULTS: dict[str, Any] = {"seed": 0, "precision": "f32"}
KEEP = 3
NEEDED = ("data", "loss", "optimizer", "duration")


@record(eq=False)
class Section:
    """A `train` section while it is elaborated."""

    world: World
    node: tree.Train
    model: Body
    data: DataPlan

    def setting(self, key: str) -> tree.Setting | None:
        return next((i for i in self.node.body.items if isinstance(i, tree.Setting) and i.key == key), None)

    def group(self, key: str) -> tree.Group | None:
        return next((i for i in self.node.body.items if isinstance(i, tree.Group) and i.key == key), None)


def train(world: World, node: tree.Train) -> TrainPlan | None:
    """The plan of a section, or None when it has a problem, which is reported."""
    frame = Frame(world, "train", Facts())
    names = {i.key for i in node.body.items if isinstance(i, tree.Setting)}
    strangers = {i.key for i in node.body.items if isinstance(i, tree.Setting) and i.key not in SETTINGS["train"]}
    missing = tuple(n for n in NEEDED if n not in names and not any(nearest(s, [n]) for s in strangers))
    holes = any(isinstance(i, tree.Hole) for i in node.body.items)
    if missing and not holes:
        world.report(MissingSetting(at=node.name_span, section=f"train {node.model}", names=missing))
    model = trained_model(frame, node)
    source = next((i for i in node.body.items if isinstance(i, tree.Setting) and i.key == "data"), None)
    data = chain.training_plan(frame, source.value) if source else None
    if model is None or data is None:
        side_settings(frame, node)
        return None
    return plan(Section(world, node, model, data), frame, not names.issuperset(NEEDED))


def side_settings(frame: Frame, node: tree.Train) -> None:
    """Problems of the settings that do not need model and data, when one of those has a problem."""
    for item in node.body.items:
        if isinstance(item, tree.Setting) and item.key in ("optimizer", "duration", "seed", "precision"):
            READERS[item.key](frame, item)


def trained_model(frame: Frame, node: tree.Train) -> Body | None:
    definition = frame.world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return None
    given = model_arguments(frame, definition, node.args)
    return None if given is None else model_body(frame.world, definition, given, node.name_span)


def plan(section: Section, frame: Frame, incomplete: bool) -> TrainPlan | None:
    node, data, model = section.node, section.data, section.model
    sizes = fields_fit(section)
    objective = None if sizes is None else build_objective(section, node.body, data, sizes)
    values: dict[str, Any] = {key: read(frame, section, key) for key in READERS}
    chosen = section.setting("optimizer")
    if chosen is not None and isinstance(values["optimizer"], Optimizer) and not patterns_match(frame, chosen, values["optimizer"], model):
        incomplete = True
    evaluation = eval_plan(section, frame, sizes, objective) if objective and sizes is not None else None
    checkpoint = checkpoint_plan(section, frame, evaluation.every if evaluation else Duration(1, "epoch"))
    if incomplete or evaluation is None or checkpoint is None or objective is None or any(isinstance(v, Unknown) for v in values.values()):
        return None
    optimizer: Optimizer = values["optimizer"]
    texts, origins = resolved(node.body, values, evaluation, checkpoint)
    return TrainPlan(
        node.alias or node.model,
        model,
        data,
        objective,
        optimizer,
        values["duration"],
        evaluation,
        checkpoint,
        values["seed"],
        values["precision"],
        texts,
        origins,
        node.span,
    )


def fields_fit(section: Section) -> dict[str, Dim] | None:
    """Hold the model's inputs against the data's fields; the sizes that the model's symbols have on this data, or None."""
    sizes: dict[str, Dim] = {}
    fine = True
    for name, wanted in section.model.input_types().items():
        found = section.data.fields.get(name)
        problem = missing_field(section, name, wanted) if found is None else field_problem(section, name, wanted, found, sizes)
        if problem is not None:
            section.world.report(problem)
            fine = False
    for port in (p for p in section.model.outputs if p.phase is None):
        if port.name in section.data.fields and port.name not in section.model.input_types():
            section.world.report(OutputIsAField(at=section.data.span, name=port.name, declared=port.span))
            fine = False
    return sizes if fine else None


def missing_field(section: Section, name: str, wanted: TensorType) -> Diagnostic:
    fields = section.data.fields
    near = nearest(name, fields) or [f for f, t in fields.items() if t.dtype == wanted.dtype and t.rank == wanted.rank]
    shown = tuple(f"{n}: {t}" for n, t in fields.items())
    declared = input_span(section, name)
    return InputNotAField(
        at=section.data.span,
        model=section.model.name,
        input=name,
        wanted=str(wanted),
        fields=shown,
        near=near[0] if near else "",
        declared=declared,
    )


def input_span(section: Section, name: str) -> Span:
    return next(p.span for p in section.model.inputs if p.name == name)


def field_problem(section: Section, name: str, wanted: TensorType, found: TensorType, sizes: dict[str, Dim]) -> Diagnostic | None:
    """Bind the model's symbols to the field's sizes; a problem where they do not fit."""
    why = ""
    if wanted.dtype != found.dtype:
        why = f"elements are {found.dtype}, not {wanted.dtype}"
    elif wanted.rank != found.rank:
        why = f"{found.rank} axes, not {wanted.rank}"
    else:
        for want, have in zip(wanted.shape, found.shape, strict=True):
            if len(want.symbols()) == 1 and want == Dim.symbol(next(iter(want.symbols()))):
                sizes.setdefault(str(want), have)
        frame = Frame(section.world, "train", section.model.facts)
        why = shape_problem(frame, tuple(d.substitute(sizes) for d in wanted.shape), found.shape) or excluded(frame.facts, wanted, found)
    if not why:
        return None
    free = varying(wanted, found)
    return FieldMismatch(
        at=section.data.span,
        model=section.model.name,
        input=name,
        wanted=str(wanted),
        found=str(found),
        why=f"{free} differs from example to example" if free else why,
        declared=input_span(section, name),
        repair=one_size(wanted) if free else "",
    )


def varying(wanted: TensorType, found: TensorType) -> str:
    """A dim of the data that is no number where the model wants one."""
    pairs = zip(wanted.shape[1:], found.shape[1:], strict=False) if wanted.rank == found.rank else ()
    return next((str(have) for want, have in pairs if want.is_constant and not have.is_constant), "")


def one_size(wanted: TensorType) -> str:
    """How images of several sizes get the one that the model wants."""
    if wanted.rank != 4:
        return ""
    height, width = wanted.shape[1:3]
    size = height if height == width else f"[{height}, {width}]"
    return f"let a step of the chain give them one size, such as `random_resized_crop({size})`"


def facts_of(section: Section, sizes: dict[str, Dim]) -> Facts:
    """What the model knows of its dims, where the data calls them the same."""
    same = all(dim.is_constant or dim == Dim.symbol(symbol) for symbol, dim in sizes.items())
    return section.model.facts if same else Facts()


def build_objective(
    section: Section, body: tree.Settings, data: DataPlan, sizes: dict[str, Dim], outer: Objective | None = None
) -> Objective | None:
    """The loss and metrics of a section: on the batch's fields and the model's outputs, in the data's sizes."""
    frame = ObjectiveFrame(section.world, facts_of(section, sizes), Dim.symbol("B"))
    frame.env.update({symbol: plain(dim) for symbol, dim in sizes.items()})
    for name, type_ in data.fields.items():
        frame.env[name] = frame.port(name, type_, data.span)
    for port in (p for p in section.model.outputs if p.phase is None):
        if isinstance(port.wire, int) and port.name not in frame.env:
            type_ = section.model.types[port.wire].substitute(sizes)
            frame.env[port.name] = frame.port(f"output.{port.name}", type_, port.span)
    frame.env["batch_size"] = data.batch or 1
    results = measured(frame, section.node.body)
    if body is not section.node.body:
        results.update(measured(frame, body))
    return frame.done({n: m for n, m in results.items() if m is not None}) if all(results.values()) else None


def measured(frame: ObjectiveFrame, body: tree.Settings) -> dict[str, Mean | None]:
    """`loss` and the metrics of a section's own lines, and its `let`s."""
    results: dict[str, Mean | None] = {}
    for item in body.items:
        try:
            if isinstance(item, tree.Let):
                statements.bind(frame, tree.Binding(item.targets, item.value, span=item.span))
            elif isinstance(item, tree.Setting) and item.key == "loss":
                results["loss"] = result(frame, item.value, ("loss", "metric", "function"))
            elif isinstance(item, tree.Metric):
                results[item.name] = result(frame, item.value, ("metric", "loss", "function"))
        except Mistake as mistake:
            frame.world.report(
                mistake.diagnostic if mistake.diagnostic.at.source.path != "<none>" else replace(mistake.diagnostic, at=item.span)
            )
    return results


def result(frame: ObjectiveFrame, node: tree.Expr, kinds: tuple[str, ...]) -> Mean | None:
    value = expressions.evaluate(frame, node, kinds)
    return None if isinstance(value, Unknown) else as_result(frame, value, node.span)


def read(frame: Frame, section: Section, key: str) -> Any:
    """A setting's value, its default, or UNKNOWN."""
    item = section.setting(key)
    frame.env["batch_size"] = section.data.batch or 1
    if item is None:
        return DEFAULTS.get(key, UNKNOWN)
    return READERS[key](frame, item)


def eval_plan(section: Section, frame: Frame, sizes: dict[str, Dim], objective: Objective) -> EvalPlan | None:
    """The evaluation: as `eval { }` says, else on the dataset's own test part with the train chain."""
    group = section.group("eval")
    settings = {i.key: i for i in group.body.items if isinstance(i, tree.Setting)} if group else {}
    every = read_duration(frame, settings["every"]) if "every" in settings else Duration(1, "epoch")
    limit = read_count(frame, settings["limit"]) if "limit" in settings else None
    data = chain.data_plan(frame, settings["data"].value) if "data" in settings else chain.test_plan(frame, section.data)
    own = group is not None and any(isinstance(i, tree.Metric | tree.Let) for i in group.body.items)
    if ("data" in settings and data is None) or isinstance(every, Unknown) or isinstance(limit, Unknown):
        return None
    if own and group is not None:
        built = build_objective(section, group.body, data or section.data, sizes)
        if built is None:
            return None
        objective = built
    return EvalPlan(data, every, limit, objective)


def checkpoint_plan(section: Section, frame: Frame, every: Duration) -> CheckpointPlan | None:
    group = section.group("checkpoint")
    settings: Mapping[str, tree.Setting] = {i.key: i for i in group.body.items if isinstance(i, tree.Setting)} if group else {}
    length = read_duration(frame, settings["every"]) if "every" in settings else every
    keep = read_count(frame, settings["keep"]) if "keep" in settings else KEEP
    if isinstance(length, Unknown) or isinstance(keep, Unknown):
        return None
    return CheckpointPlan(length, keep)
