"""Elaborates `train`: the data chain, the model on it, the objective, the optimizer, and the settings around them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.data.fields import NotADataChain
from netspec.diagnostics.training.means import UnreadWeight
from netspec.diagnostics.training.settings import BadSetting, MissingSetting
from netspec.diagnostics.training.updates import SettingBesideUpdates
from netspec.infer.bodies.instances import find_model
from netspec.infer.calls.arguments import read_model_arguments
from netspec.infer.frame import Frame, World
from netspec.infer.sections import data_chain, schedules
from netspec.infer.sections.fields import adopt_names, fields_are_there, fit_fields
from netspec.infer.sections.goals import plan_best, plan_stop
from netspec.infer.sections.measurements import build_evaluation, build_objective, open_objective
from netspec.infer.sections.resolved_settings import find_inner_setting, resolve_settings
from netspec.infer.sections.section import Section, find_meant, find_setting, find_updates, keep_silent
from netspec.infer.sections.settings import READERS, read_count, read_duration, read_weights
from netspec.infer.sections.settings_frame import SettingsFrame
from netspec.infer.sections.updates import plan_updates
from netspec.infer.values import UNKNOWN, Unknown
from netspec.ir import OUTPUT, Body, CheckpointPlan, DataPlan, EvalPlan, Goal, Nonfinite, Objective, TrainPlan
from netspec.library.base import Duration
from netspec.proofs.batch_mixing import find_mixing
from netspec.proofs.class_counts import find_unfit_units
from netspec.proofs.split_order import find_split_by_class
from netspec.record import replace
from netspec.shape import Dim, Facts
from netspec.syntax import tree

DEFAULTS: dict[str, Any] = {
    "seed": 0,
    "precision": "f32",
    "lowering": "automatic",
    "ema": None,
    "on_nonfinite": Nonfinite(),
    "workers": None,
}
KEEP = 3
NEEDED = ("data", "loss", "optimizer", "duration")
PLAIN = ("loss", "optimizer")
"""What a section has either itself or in its `update`s."""


def plan_training(world: World, node: tree.Train) -> TrainPlan | None:
    """The plan of a section, or None when it has a problem, which is reported."""
    frame = SettingsFrame(world, "train", Facts())
    meant = find_meant(node.body, "train")
    complete = everything_is_there(world, node, meant)
    model = find_trained_model(frame, node)
    see_params(frame, node, model)
    frame.see_numbers(node.body)
    accumulate = read_accumulate(frame, node)
    source = find_setting(node.body, "data")
    with keep_silent(world, is_said_elsewhere, "data" in meant):
        data = data_chain.plan_training_data(frame, source.value) if source else None
    if model is None or data is None:
        check_side_settings(frame, node, data, accumulate, meant)
        return None
    named = find_inner_setting(node.body, "eval", "data")
    if named is None:
        data = data_chain.keep_for_training(data)
    elif source is not None:
        data_chain.require_no_validation(frame, source.value, data, in_eval=False)
    adopted = weigh_data(frame, find_setting(node.body, "weights"), adopt_names(data, model))
    section = Section(world, node, model, adopted or data, accumulate or 1)
    return assemble_plan(section, frame, meant, complete and accumulate is not None and adopted is not None)


def weigh_data(frame: Frame, item: tree.Setting | None, data: DataPlan) -> DataPlan | None:
    """The data with the field that weighs their examples; None after a problem."""
    weights = data.weights if item is None else read_weights(frame, item, data.fields)
    return None if isinstance(weights, Unknown) else replace(data, weights=weights)


def see_params(frame: Frame, node: tree.Train, model: Body | None) -> None:
    """The settings may use the model's params; of a model with a problem their values are not known."""
    definition = frame.world.graph.definitions.get(node.model)
    if model is not None:
        frame.sees(model)
    elif definition is not None:
        frame.env.update({param.name: UNKNOWN for param in definition.params})


def everything_is_there(world: World, node: tree.Train, meant: Collection[str]) -> bool:
    """No setting is missing that training needs, and none is there that does not go with the others. `meant` are those that stand under
    another name."""
    names = {i.key for i in node.body.items if isinstance(i, tree.Setting)}
    groups = find_updates(node.body)
    needed = tuple(n for n in NEEDED if n not in PLAIN) if groups else NEEDED
    missing = tuple(n for n in needed if n not in names and n not in meant)
    holes = any(isinstance(i, tree.Hole) for i in node.body.items)
    if missing and not holes:
        from netspec.resolve.foreign_settings.missing_lines import propose_lines  # only specs with a problem need it

        ways = tuple(propose_lines(node, world.graph.definitions.get(node.model), missing))
        world.report(MissingSetting(at=node.name_span, section=f"train {node.model}", names=missing, ways=ways))
    beside = [i for i in node.body.items if groups and isinstance(i, tree.Setting) and i.key in PLAIN]
    for item in beside:
        world.report(SettingBesideUpdates(at=item.name_span, name=item.key, updates=tuple(u.label or "" for u in groups)))
    return names.issuperset(needed) and not beside


def read_accumulate(frame: Frame, node: tree.Train) -> int | None:
    """Batches of one step; None after a problem."""
    item = find_setting(node.body, "accumulate")
    found = 1 if item is None else read_count(frame, item)
    return None if isinstance(found, Unknown) else found


def check_side_settings(frame: Frame, node: tree.Train, data: DataPlan | None, accumulate: int | None, meant: Collection[str] = ()) -> None:
    """Problems of the settings that do not need model and data, when one of those has a problem."""
    frame.env["batch_size"] = UNKNOWN if data is None or accumulate is None else (data.batch or 1) * accumulate
    for item in (*node.body.items, *(i for u in find_updates(node.body) for i in u.body.items)):
        if isinstance(item, tree.Setting) and item.key in READERS:
            with keep_silent(frame.world, is_said_elsewhere, item.key in meant):
                READERS[item.key](frame, item)


def find_trained_model(frame: Frame, node: tree.Train) -> Body | None:
    """The model of a section with the arguments that the section gives it; None where it has a problem."""
    definition = frame.world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return None
    given = read_model_arguments(frame, definition, node.args)
    return None if given is None else find_model(frame.world, definition, given, node.name_span)


def assemble_plan(section: Section, frame: SettingsFrame, meant: Collection[str], complete: bool) -> TrainPlan | None:
    """The plan, when every setting of it is known."""
    node, data, model = section.node, section.data, section.model
    sizes = fit_fields(section)
    objective = None if sizes is None else build_objective(section, node.body, data, sizes)
    values: dict[str, Any] = {key: read_setting(frame, section, key, meant) for key in READERS}
    trained = None if sizes is None else plan_updates(section, frame, sizes, objective, values["optimizer"])
    evaluation = plan_evaluation(section, frame, sizes, objective) if objective and sizes is not None else None
    mixed = None if evaluation is None or objective is None else find_mixing(model, evaluation, data, objective)
    if mixed is not None:
        section.world.report(mixed)
    if trained is not None and isinstance(values["duration"], Duration):
        schedules.warn_of_schedules(section, frame, trained, values["duration"])
    if evaluation is not None and objective is not None:
        report_units(section, sizes, find_unfit_units(model, [(data, objective), (evaluation.data or data, evaluation.objective)]))
        warn_unread_weight(section, [objective, evaluation.objective, *(update.objective for update in trained or ())])
    if objective is not None and (unordered := find_split_by_class(data, objective)) is not None:
        section.world.report(unordered)
    checkpoint = plan_checkpoints(section, frame, evaluation)
    best = Goal() if evaluation is None else plan_best(section, frame, evaluation)
    stop = None if evaluation is None else plan_stop(section, frame, evaluation, best)
    known = {key: value for key, value in values.items() if key != "optimizer"}
    if not complete or evaluation is None or checkpoint is None or objective is None or trained is None:
        return None
    if any(isinstance(v, Unknown) for v in known.values()) or isinstance(best, Unknown) or isinstance(stop, Unknown):
        return None
    given = values | {"accumulate": section.accumulate, "best": best}
    texts, origins = resolve_settings(section, given, trained, evaluation, checkpoint, stop)
    return TrainPlan(
        name=node.alias or node.model,
        model=model,
        data=data,
        objective=objective,
        updates=trained,
        duration=values["duration"],
        eval=evaluation,
        checkpoint=checkpoint,
        seed=values["seed"],
        precision=values["precision"],
        settings=texts,
        origins=origins,
        span=node.span,
        accumulate=section.accumulate,
        lowering=values["lowering"],
        workers=values["workers"],
        ema=values["ema"],
        on_nonfinite=values["on_nonfinite"],
        best=best,
        stop=stop,
    )


def report_units(section: Section, sizes: dict[str, Dim] | None, problems: Iterable[Diagnostic]) -> None:
    """Report units that are not as many as the data have classes, with what would be as many."""
    for problem in problems:
        open_objective(section, section.data, sizes or {}).report(problem)


def warn_unread_weight(section: Section, objectives: list[Objective]) -> None:
    """Warn of a field of one's own that is called like a weight of the examples, and that nothing reads."""
    data = section.data
    if "fields" not in data.dataset.arguments():
        return
    read = {*section.model.input_types(), *(name for objective in objectives for name in objective.fields())}
    for name, kind in data.fields.items():
        like = "weight" in name.lower() and kind.rank == 1 and kind.is_float
        if like and name not in read and not any(name in repr(transform) for transform in data.transforms):
            section.world.report(UnreadWeight(at=data.span, field=name))


def is_said_elsewhere(problem: Diagnostic) -> bool:
    """What a setting may lack that a line of another name says: `optimizer = adam` and `learning_rate = 1e-3`."""
    return isinstance(problem, MissingArgument | BadSetting) or (isinstance(problem, NotADataChain) and problem.lacks_batch)


def read_setting(frame: Frame, section: Section, key: str, meant: Collection[str]) -> Any:
    """A setting's value, its default, or UNKNOWN."""
    item = section.setting(key)
    frame.env["batch_size"] = section.batch_size
    if item is None:
        return DEFAULTS.get(key, UNKNOWN)
    with keep_silent(section.world, is_said_elsewhere, key in meant):
        return READERS[key](frame, item)


def plan_evaluation(section: Section, frame: Frame, sizes: dict[str, Dim], objective: Objective) -> EvalPlan | None:
    """The evaluation: as `eval { }` says, else on the validation part with the train chain; and the dataset's test part for the end."""
    group = section.group("eval")
    settings = {i.key: i for i in group.body.items if isinstance(i, tree.Setting)} if group else {}
    every = read_duration(frame, settings["every"]) if "every" in settings else Duration(1, "epoch")
    limit = read_count(frame, settings["limit"]) if "limit" in settings else None
    if "data" in settings:
        data = data_chain.plan_data(frame, settings["data"].value)
        part, test = ("", None) if data is None else data_chain.plan_test(section.data, data)
        if data is not None:
            data_chain.require_no_validation(frame, settings["data"].value, data, in_eval=True)
    else:
        data, test = data_chain.plan_parts(frame, section.data)
        part = "validation" if section.data.dataset.batched else "eval"
    own = group is not None and any(isinstance(i, tree.Metric | tree.Let) for i in group.body.items)
    own = own or reads_training(section, objective)
    if ("data" in settings and data is None) or isinstance(every, Unknown) or isinstance(limit, Unknown):
        return None
    if group is not None and ("data" in settings or "weights" in settings):
        before, named = dict(section.data.fields), adopt_names(data or section.data, section.model)
        measured = weigh_data(frame, settings.get("weights"), replace(named, weights=section.data.weights))
        if measured is None:
            return None
        section, objective = replace(section, data=measured), replace(objective, weights=measured.weights)
        data = data and replace(measured, dataset=data.dataset, part=data.part)
        test = replace(test, weights=measured.weights) if test and dict(measured.fields) == before else None
        found = fit_fields(section)
        if found is None or not fields_are_there(section, objective):
            return None
        sizes, own = found, own or dict(measured.fields) != before
    if own:
        built = build_evaluation(section, group.body if group else section.node.body, section.data, sizes)
        if built is None:
            return None
        objective = built
    automatic = "every" not in settings and section.group("stop") is None
    return EvalPlan(data, every, limit, objective, part, test, automatic)


def reads_training(section: Section, objective: Objective) -> bool:
    """The objective reads an output that exists in training only."""
    partial = {OUTPUT + port.name for port in section.model.outputs if port.phase == "train"}
    return any(port.name in partial for port in objective.body.inputs)


def plan_checkpoints(section: Section, frame: Frame, evaluation: EvalPlan | None) -> CheckpointPlan | None:
    """How often the state is kept, and how many times; unless it is said, as often as the evaluation is."""
    group = section.group("checkpoint")
    settings: Mapping[str, tree.Setting] = {i.key: i for i in group.body.items if isinstance(i, tree.Setting)} if group else {}
    every = evaluation.every if evaluation else Duration(1, "epoch")
    length = read_duration(frame, settings["every"]) if "every" in settings else every
    keep = read_count(frame, settings["keep"]) if "keep" in settings else KEEP
    kept = read_duration(frame, settings["keep_every"]) if "keep_every" in settings else None
    if isinstance(length, Unknown) or isinstance(keep, Unknown) or isinstance(kept, Unknown):
        return None
    return CheckpointPlan(length, keep, kept, "every" not in settings and evaluation is not None and evaluation.automatic)
