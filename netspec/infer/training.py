"""`train`: the data chain, the model on it, the objective, the optimizer, and the settings around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.fields import FieldMismatch, OutputIsAField
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.settings import MissingSetting
from netspec.diagnostics.training.updates import SettingBesideUpdates
from netspec.infer import chain, scheduling
from netspec.infer.arguments import model_arguments
from netspec.infer.bounds import adopted, excluded
from netspec.infer.evaluating import fields_there
from netspec.infer.frame import Frame, World
from netspec.infer.instances import model_body
from netspec.infer.measuring import build_objective
from netspec.infer.resolved import resolved
from netspec.infer.section import Section, setting, updates
from netspec.infer.settings import READERS, read_count, read_duration
from netspec.infer.types import shape_problem
from netspec.infer.updates import update_plans
from netspec.infer.values import UNKNOWN, Unknown
from netspec.ir import Body, CheckpointPlan, DataPlan, EvalPlan, Objective, TrainPlan
from netspec.library.base import Duration
from netspec.proofs.batch_mixing import find_mixing
from netspec.record import replace
from netspec.resolve.sections import SETTINGS
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span
from netspec.syntax import tree

DEFAULTS: dict[str, Any] = {"seed": 0, "precision": "f32", "lowering": "automatic", "ema": None}
KEEP = 3
NEEDED = ("data", "loss", "optimizer", "duration")
PLAIN = ("loss", "optimizer")
"""What a section has either itself or in its `update`s."""


def train(world: World, node: tree.Train) -> TrainPlan | None:
    """The plan of a section, or None when it has a problem, which is reported."""
    frame = Frame(world, "train", Facts())
    complete = everything_there(world, node)
    model = trained_model(frame, node)
    see_params(frame, node, model)
    accumulate = read_accumulate(frame, node)
    source = setting(node.body, "data")
    data = chain.training_plan(frame, source.value) if source else None
    if model is None or data is None:
        side_settings(frame, node, data, accumulate)
        return None
    section = Section(world, node, model, adopted(data, model), accumulate or 1)
    return plan(section, frame, complete and accumulate is not None)


def see_params(frame: Frame, node: tree.Train, model: Body | None) -> None:
    """The settings may use the model's params; of a model with a problem their values are not known."""
    definition = frame.world.graph.definitions.get(node.model)
    if model is not None:
        frame.sees(model)
    elif definition is not None:
        frame.env.update({param.name: UNKNOWN for param in definition.params})


def everything_there(world: World, node: tree.Train) -> bool:
    """No setting is missing that training needs, and none is there that does not go with the others."""
    names = {i.key for i in node.body.items if isinstance(i, tree.Setting)}
    strangers = {i.key for i in node.body.items if isinstance(i, tree.Setting) and i.key not in SETTINGS["train"]}
    groups = updates(node.body)
    needed = tuple(n for n in NEEDED if n not in PLAIN) if groups else NEEDED
    missing = tuple(n for n in needed if n not in names and not any(nearest(s, [n]) for s in strangers))
    holes = any(isinstance(i, tree.Hole) for i in node.body.items)
    if missing and not holes:
        world.report(MissingSetting(at=node.name_span, section=f"train {node.model}", names=missing))
    beside = [i for i in node.body.items if groups and isinstance(i, tree.Setting) and i.key in PLAIN]
    for item in beside:
        world.report(SettingBesideUpdates(at=item.name_span, name=item.key, updates=tuple(u.label or "" for u in groups)))
    return names.issuperset(needed) and not beside


def read_accumulate(frame: Frame, node: tree.Train) -> int | None:
    """Batches of one step; None after a problem."""
    item = setting(node.body, "accumulate")
    found = 1 if item is None else read_count(frame, item)
    return None if isinstance(found, Unknown) else found


def side_settings(frame: Frame, node: tree.Train, data: DataPlan | None, accumulate: int | None) -> None:
    """Problems of the settings that do not need model and data, when one of those has a problem."""
    frame.env["batch_size"] = UNKNOWN if data is None or accumulate is None else (data.batch or 1) * accumulate
    for item in (*node.body.items, *(i for u in updates(node.body) for i in u.body.items)):
        if isinstance(item, tree.Setting) and item.key in READERS:
            READERS[item.key](frame, item)


def trained_model(frame: Frame, node: tree.Train) -> Body | None:
    definition = frame.world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return None
    given = model_arguments(frame, definition, node.args)
    return None if given is None else model_body(frame.world, definition, given, node.name_span)


def plan(section: Section, frame: Frame, complete: bool) -> TrainPlan | None:
    node, data, model = section.node, section.data, section.model
    sizes = fields_fit(section)
    objective = None if sizes is None else build_objective(section, node.body, data, sizes)
    values: dict[str, Any] = {key: read(frame, section, key) for key in READERS}
    trained = None if sizes is None else update_plans(section, frame, sizes, objective, values["optimizer"])
    evaluation = eval_plan(section, frame, sizes, objective) if objective and sizes is not None else None
    mixed = None if evaluation is None else find_mixing(model, evaluation)
    if mixed is not None:
        section.world.report(mixed)
    if trained is not None and isinstance(values["duration"], Duration):
        scheduling.warn(section, frame, trained, values["duration"])
    checkpoint = checkpoint_plan(section, frame, evaluation.every if evaluation else Duration(1, "epoch"))
    known = {key: value for key, value in values.items() if key != "optimizer"}
    if not complete or evaluation is None or checkpoint is None or objective is None or trained is None:
        return None
    if any(isinstance(v, Unknown) for v in known.values()):
        return None
    texts, origins = resolved(section, values | {"accumulate": section.accumulate}, trained, evaluation, checkpoint)
    return TrainPlan(
        node.alias or node.model,
        model,
        data,
        objective,
        trained,
        values["duration"],
        evaluation,
        checkpoint,
        values["seed"],
        values["precision"],
        texts,
        origins,
        node.span,
        section.accumulate,
        values["lowering"],
        values["ema"],
    )


def fields_fit(section: Section) -> dict[str, Dim] | None:
    """Hold the model's inputs against the data's fields; the sizes that the model's symbols have on this data, or None."""
    sizes: dict[str, Dim] = {}
    missing = missing_inputs(section) if section.model.input_types().keys() - section.data.fields.keys() else None
    fitting = ((name, kind) for name, kind in section.model.input_types().items() if name in section.data.fields)
    problems = [missing, *(field_problem(section, name, kind, section.data.fields[name], sizes) for name, kind in fitting)]
    found = [problem for problem in problems if problem is not None]
    for problem in found:
        section.world.report(problem)
    fine = not found
    for port in (p for p in section.model.outputs if p.phase is None):
        if port.name in section.data.fields and port.name not in section.model.input_types():
            section.world.report(OutputIsAField(at=section.data.span, name=port.name, declared=port.span))
            fine = False
    return sizes if fine else None


def missing_inputs(section: Section) -> Diagnostic:
    from netspec.infer.filling import not_filled  # only specs with a problem need it

    return not_filled(section)


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


def read(frame: Frame, section: Section, key: str) -> Any:
    """A setting's value, its default, or UNKNOWN."""
    item = section.setting(key)
    frame.env["batch_size"] = section.batch_size
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
    if group is not None and data is not None and "data" in settings:
        data, before = adopted(data, section.model), dict(section.data.fields)
        section = replace(section, data=data)
        found = fields_fit(section)
        if found is None or not fields_there(section, objective):
            return None
        sizes, own = found, own or dict(data.fields) != before
    if own and group is not None:
        built = build_objective(section, group.body, section.data, sizes)
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
